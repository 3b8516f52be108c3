#include "runtime/arena/open_spans.h"
#include "runtime/model/head_sampling.h"
#include "tests/support/recorder.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>

namespace posthaste {
namespace {

using testing_support::Recorded;
using testing_support::Recorder;
using Then = ParentRule::Then;

const TraceId out_at_half = *TraceId::from_hex("4bf92f3577b31ce8e000c0ffee002594");  // score 100
const TraceId in_at_half = *TraceId::from_hex("4bf92f3577b30430b000c0ffee00471e");   // score 0
const SpanId some_span = *SpanId::from_hex("b7ad6b7169203331");

bool keeps_child_of(Recorder& recorder, const TraceId& trace, bool sampled) {
  const Context parent = Context::remote(trace, some_span, sampled);
  recorder.tracer().start_span("child", {.parent = &parent}).end();
  return !recorder.take().empty();
}

TEST(ParentRules, FollowDoesAsAnyParentDid) {
  Recorder recorder({.sample_rate = 50, .parents = ParentRule::follow});
  EXPECT_TRUE(keeps_child_of(recorder, out_at_half, true));
  EXPECT_FALSE(keeps_child_of(recorder, in_at_half, false));
}

TEST(ParentRules, FollowLocalLetsTheRateDecideBeneathARemoteParent) {
  Recorder recorder({.sample_rate = 50, .parents = ParentRule::follow_local});
  EXPECT_FALSE(keeps_child_of(recorder, out_at_half, true));
  EXPECT_TRUE(keeps_child_of(recorder, in_at_half, false));
}

TEST(ParentRules, EachKindOfParentHasAChoiceOfItsOwn) {
  // Every rule, against a model, for remote parents and for children of theirs in this process.
  for (int rules = 0; rules < 81; ++rules) {
    const Then all[] = {Then::keep, Then::drop, Then::decide};
    const ParentRule rule{all[rules % 3], all[rules / 3 % 3], all[rules / 9 % 3], all[rules / 27]};
    Recorder recorder({.sample_rate = 50, .parents = rule}, {2 << 20}, 1);
    for (const bool sampled : {false, true}) {
      for (const TraceId& trace : {in_at_half, out_at_half}) {
        const bool by_rate = trace == in_at_half;
        const auto model = [&](Then then) {
          return then == Then::keep || (then == Then::decide && by_rate);
        };
        const bool server_kept = model(sampled ? rule.remote_sampled : rule.remote_not_sampled);
        const bool child_kept = model(server_kept ? rule.local_sampled : rule.local_not_sampled);
        const Context parent = Context::remote(trace, some_span, sampled);
        Span server = recorder.tracer().start_span("server", {.parent = &parent});
        EXPECT_EQ(server.is_recording(), server_kept);
        const Scope scope(server);
        Span child = recorder.tracer().start_span("child");
        EXPECT_EQ(child.is_recording(), child_kept);
        EXPECT_EQ(child.context().is_sampled(), child_kept);
        EXPECT_EQ(child.context().trace_id(), trace);
      }
    }
  }
}

TEST(Sampling, AChildStandsForAsManyAsItsParent) {
  Recorder recorder({.sample_rate = 50, .parents = ParentRule::follow});
  for (int kept = 0; kept < 10;) {
    {
      Span root = recorder.tracer().start_span("root");
      const Scope scope(root);
      Span child = recorder.tracer().start_span("child");
      const Context carried = child.context();
      Span grandchild = recorder.tracer().start_span("grandchild", {.parent = &carried});
    }
    const std::vector<Recorded> records = recorder.take();
    ASSERT_TRUE(records.empty() || records.size() == 3);
    for (const Recorded& record : records) EXPECT_EQ(record->head().sample_rate, 50);
    kept += records.empty() ? 0 : 1;
  }
}

TEST(Sampling, AChildTakesOverTheRateThatItsParentsAttributeSays) {
  Recorder recorder;
  {
    Span root = recorder.tracer().start_span("root");
    root.set_attribute("microsoft.sample_rate", 12.5);
    const Scope scope(root);
    Span child = recorder.tracer().start_span("child");
    const Context carried = child.context();
    recorder.tracer().start_span("grandchild", {.parent = &carried}).end();
  }
  const std::vector<Recorded> records = recorder.take();
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0]->head().sample_rate, 12.5);
  EXPECT_EQ(records[1]->head().sample_rate, 12.5);
}

TEST(Sampling, AChildOfARemoteSpanTakesOverTheRateOfItsTraceState) {
  Recorder recorder;
  for (const auto& [sampled, state, rate] :
       {std::tuple{true, "ot=th:c", 25.0}, {true, "x=y", 100.0}, {true, "", 100.0}}) {
    const Context parent = Context::remote(in_at_half, some_span, sampled, state);
    recorder.tracer().start_span("child", {.parent = &parent}).end();
    EXPECT_EQ(recorder.one()->head().sample_rate, rate) << state;
  }
}

TEST(Sampling, FleetsOfDotNetMayHashUpperCaseDigits) {
  // 37.5 % in upper case, 51.0 % in lower case.
  const TraceId trace = *TraceId::from_hex("cafebabecafebabecafebabecafebabe");
  Recorder lower({.sample_rate = 50, .parents = ParentRule::ignore});
  EXPECT_FALSE(keeps_child_of(lower, trace, true));
  Recorder upper({.sample_rate = 50,
                  .sampling_hash = SamplingHash::application_insights_upper_case,
                  .parents = ParentRule::ignore});
  EXPECT_TRUE(keeps_child_of(upper, trace, true));
}

TEST(Sampling, ARootThatIsLeftOutHasItsIdsAndNameAndNothingOfWhoeverHadItsSlot) {
  Recorder recorder({.sample_rate = 50}, {2 << 20}, 1);
  const Logger logger = recorder.logger();
  const Context caller = Context::remote(in_at_half, some_span, true, "vendor=1");
  const std::uint64_t refused_before = recorder.producer().refused().total();
  std::uint64_t left_out = 0;
  std::set<std::array<std::uint8_t, 16>> ids;
  for (int i = 0; i < 200; ++i) {
    {
      Span before = recorder.tracer().start_span("before", {.parent = &caller});
      before.set_attribute("microsoft.sample_rate", 12.5)
          .set_attribute("long", std::string(900, 'x'));
      before.set_status(StatusCode::error, "why").update_name("renamed");
    }
    recorder.take();
    Span root = recorder.tracer().start_span("root");
    const Context context = root.context();
    EXPECT_TRUE(ids.insert(context.trace_id().bytes).second);
    EXPECT_TRUE(context.span_id().is_valid());
    EXPECT_EQ(context.trace_state(), "");
    EXPECT_EQ(context.operation_name(), "root");
    EXPECT_EQ(context.is_sampled(), model::keeps(50, context.trace_id()));
    EXPECT_EQ(root.is_recording(), context.is_sampled());
    if (context.is_sampled()) continue;
    ++left_out;
    EXPECT_EQ(context.trace_flags(), 2);
    root.set_attribute("key", "value").set_status(StatusCode::error).add_event("event");
    const Scope scope(root);
    logger.info("beneath");
    const Recorded log = recorder.one();
    EXPECT_EQ(log->head().trace_id, context.trace_id());
    EXPECT_EQ(log->head().span_id, context.span_id());
    EXPECT_EQ(log->text(model::EntryKind::operation_name), "root");
    root.end();
    EXPECT_TRUE(recorder.take().empty());
  }
  EXPECT_GT(left_out, 50u);
  EXPECT_EQ(recorder.producer().refused().total() - refused_before, left_out);
  EXPECT_EQ(arena::count_open_spans(recorder.arena()), 0u);
}

TEST(CustomSampler, SeesWhatIsKnownOfTheSpan) {
  int asked = 0;
  produce::ProducerSetup setup;
  setup.parents = ParentRule::ignore;
  setup.sampler = [&](const SamplingRequest& request) {
    ++asked;
    EXPECT_EQ(request.name, "charge");
    EXPECT_EQ(request.kind, SpanKind::client);
    EXPECT_EQ(request.trace_id, in_at_half);
    EXPECT_TRUE(request.has_parent && request.parent_is_remote && request.parent_is_sampled);
    EXPECT_EQ(request.trace_state, "vendor=1");
    EXPECT_EQ(request.attributes.size(), 1u);
    EXPECT_EQ(request.links.size(), 1u);
    return SamplingDecision::keep();
  };
  Recorder recorder(std::move(setup));
  const Context parent = Context::remote(in_at_half, some_span, true, "vendor=1");
  const Link link{Context::remote(out_at_half, some_span, true)};
  recorder.tracer()
      .start_span("charge", {.kind = SpanKind::client,
                             .parent = &parent,
                             .attributes = {{"a", 1}},
                             .links = std::span(&link, 1)})
      .end();
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(recorder.one()->text(model::EntryKind::trace_state), "vendor=1");
}

TEST(CustomSampler, ItsRateAndAttributesAreHonoured) {
  produce::ProducerSetup setup;
  setup.sampler = [](const SamplingRequest& request) {
    if (request.name == "drop") return SamplingDecision::drop();
    SamplingDecision decision = SamplingDecision::keep(SampleRate::percent(20));
    decision.attributes = {{"why", "rule 7"}, {"number", std::int64_t{7}}, {"half", 0.5}};
    if (request.name == "by attribute") {
      decision.attributes.push_back({"microsoft.sample_rate", 12.5});
    }
    if (request.name == "nonsense") decision.rate = SampleRate::percent(0);
    return decision;
  };
  Recorder recorder(std::move(setup));
  recorder.tracer().start_span("drop").end();
  EXPECT_EQ(recorder.producer().refused()[RefusalReason::sampled], 1u);
  {
    Span root = recorder.tracer().start_span("keep", {.attributes = {{"why", "mine"}}});
    const Scope scope(root);
    recorder.tracer().start_span("drop").end();  // its parent decides
  }
  std::vector<Recorded> records = recorder.take();
  ASSERT_EQ(records.size(), 2u);
  for (const Recorded& record : records) EXPECT_EQ(record->head().sample_rate, 20);
  EXPECT_EQ(records[1]->attribute("why")->string(), "rule 7");
  EXPECT_EQ(records[1]->attribute("number")->int64(), 7);
  EXPECT_EQ(records[1]->attribute("half")->float64(), 0.5);
  EXPECT_EQ(records[0]->head().attributes, 0);

  recorder.tracer().start_span("by attribute").end();
  EXPECT_EQ(recorder.one()->head().sample_rate, 12.5);
  recorder.tracer().start_span("nonsense").end();
  EXPECT_EQ(recorder.one()->head().sample_rate, 100);
}

TEST(CustomSampler, WhatItThrowsIsCountedSaidOnceAndTheTraceIsKept) {
  produce::ProducerSetup setup;
  setup.sampler = [](const SamplingRequest&) -> SamplingDecision {
    throw std::runtime_error("no rules");
  };
  Recorder recorder(std::move(setup));
  for (int i = 0; i < 3; ++i) recorder.tracer().start_span("span").end();
  const std::vector<Recorded> records = recorder.take();
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0]->head().sample_rate, 100);
  CallbackFailures& failures = recorder.producer().callback_failures();
  EXPECT_EQ(failures.total(), 3u);
  EXPECT_EQ(failures.untold(),
            "sampler threw an exception: no rules; it was caught, further ones "
            "are counted");
  EXPECT_FALSE(failures.untold());
}

TEST(CustomSampler, IsNotAskedForWhatItStartsItself) {
  produce::ProducerSetup setup;
  const Recorder* inside = nullptr;
  setup.sampler = [&](const SamplingRequest&) {
    Span span = inside->tracer().start_span("in the sampler");
    EXPECT_FALSE(span.is_recording());
    return SamplingDecision::keep();
  };
  Recorder recorder(std::move(setup));
  inside = &recorder;
  recorder.tracer().start_span("root").end();
  EXPECT_EQ(recorder.take().size(), 1u);
  EXPECT_EQ(recorder.producer().refused()[RefusalReason::sampled], 1u);
}

TEST(RateLimited, ABurstThatTheActorHasNotSeenIsThinnedByEveryFurtherShare) {
  Recorder recorder({.traces_per_second = 5}, {8 << 20}, 1);
  std::map<double, int> kept;
  double originals = 0;
  constexpr int burst = 10'000;
  for (int i = 0; i < burst; ++i) recorder.tracer().start_span("burst").end();
  for (const Recorded& record : recorder.take()) {
    ++kept[record->head().sample_rate];
    originals += 100 / record->head().sample_rate;
  }
  EXPECT_EQ(kept[100], 5) << "the first five of the only lane";
  std::size_t all = 0;
  for (const auto& [rate, count] : kept) all += static_cast<std::size_t>(count);
  EXPECT_LT(all, 200u);
  EXPECT_NEAR(originals, burst, burst * 0.9) << "they stand for all of them, on average";
  EXPECT_EQ(all + recorder.producer().refused()[RefusalReason::sampled], std::size_t{burst});
}

TEST(LogsWithTrace, OfATraceThatIsNotKeptAreRefusedAsSampled) {
  Recorder recorder({.sample_rate = 0, .logs_with_trace = true});
  const Logger logger = recorder.logger();
  Span root = recorder.tracer().start_span("root");
  {
    const Scope scope(root);
    logger.error("inside");
  }
  logger.info("outside");
  const Context remote = Context::remote(in_at_half, some_span, false);
  logger.emit(Severity::info, "of another process", LogOptions{.context = &remote});
  EXPECT_EQ(recorder.take().size(), 1u);
  EXPECT_EQ(recorder.producer().refused()[RefusalReason::sampled], 3u);  // root and two logs
}

TEST(LogsWithTrace, StandForAsManyAsTheirTrace) {
  for (const bool with_trace : {true, false}) {
    produce::ProducerSetup setup;
    setup.sampler = [](const SamplingRequest&) {
      return SamplingDecision::keep(SampleRate::percent(25));
    };
    setup.logs_with_trace = with_trace;
    Recorder recorder(std::move(setup));
    const Logger logger = recorder.logger();
    Span root = recorder.tracer().start_span("root");
    {
      const Scope scope(root);
      logger.info("inside");
    }
    EXPECT_EQ(recorder.one()->head().sample_rate, with_trace ? 25 : 100);
    logger.info("outside");
    EXPECT_EQ(recorder.one()->head().sample_rate, 100);
  }
}

TEST(LogsWithTrace, AreKeptWithoutTheSettingThoughTheTraceIsNot) {
  Recorder recorder({.sample_rate = 0});
  Span root = recorder.tracer().start_span("root");
  const Scope scope(root);
  recorder.logger().info("inside");
  EXPECT_EQ(recorder.one()->head().sample_rate, 100);
}

}  // namespace
}  // namespace posthaste
