#include <posthaste/propagators.h>

#include <posthaste/posthaste.h>
#include <posthaste/testing.h>

#include <gtest/gtest.h>

#include <boost/beast/http/fields.hpp>

#include <map>
#include <random>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace posthaste {
namespace {

using Headers = std::multimap<std::string, std::string>;

constexpr const char* trace = "0af7651916cd43dd8448eb211c80319c";
constexpr const char* span = "b7ad6b7169203331";
const std::string parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const Propagators only_w3c{Propagation::trace_context};
const Propagators only_b3{Propagation::b3};
const Propagators only_multi{Propagation::b3_multi};
const Propagators all{Propagation::b3_multi, Propagation::b3, Propagation::baggage,
                      Propagation::trace_context};

Context extract(Propagators propagators, const Headers& headers) {
  return propagators.extract(MapGetter(headers));
}

Headers injected(Propagators propagators, const Context& context) {
  Headers headers;
  MapSetter setter(headers);
  propagators.inject(context, setter);
  return headers;
}

Context a_span(bool sampled, std::string_view state = {}) {
  return Context::remote(*TraceId::from_hex(trace), *SpanId::from_hex(span), sampled, state);
}

TEST(Propagators, AreTraceContextAndBaggageUnlessChosen) {
  EXPECT_EQ(Propagators(), (Propagators{Propagation::baggage, Propagation::trace_context}));
  EXPECT_EQ(Propagators(),
            (Propagators{Propagation::baggage, Propagation::trace_context, Propagation::baggage}));
  EXPECT_TRUE(injected(Propagators::none(), a_span(true)).empty());
}

TEST(Propagators, ReadAgainWhateverTheyWrote) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 500; ++i) {
    TraceId trace_id;
    SpanId span_id;
    for (auto& byte : trace_id.bytes) byte = static_cast<std::uint8_t>(random());
    for (auto& byte : span_id.bytes) byte = static_cast<std::uint8_t>(random());
    const bool sampled = random() % 2 == 0;
    const Context context = Context::remote(trace_id, span_id, sampled, "a=1,b=2")
                                .with_baggage(*Baggage().with("k", std::to_string(i), "p=1"));
    for (const Propagators each : {only_w3c, only_b3, only_multi, all}) {
      const Context back = extract(each, injected(each, context));
      EXPECT_EQ(back.trace_id(), trace_id);
      EXPECT_EQ(back.span_id(), span_id);
      EXPECT_EQ(back.is_sampled(), sampled);
      EXPECT_TRUE(back.is_remote());
      EXPECT_EQ(back.trace_state(), each.has(Propagation::trace_context) ? "a=1,b=2" : "");
      EXPECT_EQ(back.baggage().header(),
                each.has(Propagation::baggage) ? context.baggage().header() : "");
    }
  }
}

TEST(Propagators, WriteTheHeadersOfTheSpecifications) {
  const Headers headers =
      injected(all, a_span(true, "x=y").with_baggage(*Baggage().with("k", "v")));
  EXPECT_EQ(headers, (Headers{{"traceparent", parent},
                              {"tracestate", "x=y"},
                              {"baggage", "k=v"},
                              {"b3", std::string(trace) + "-" + span + "-1"},
                              {"x-b3-traceid", trace},
                              {"x-b3-spanid", span},
                              {"x-b3-sampled", "1"}}));
  EXPECT_EQ(injected(only_b3, a_span(false)).begin()->second,
            std::string(trace) + "-" + span + "-0");
}

TEST(Propagators, TakeTheFirstWellFormedSpanInAFixedOrder) {
  const std::string other = "4bf92f3577b34da6a3ce929d0e0e4736";
  Headers headers{{"b3", other + "-" + span + "-1"}, {"traceparent", parent}};
  EXPECT_EQ(extract(all, headers).trace_id(), *TraceId::from_hex(trace));
  headers.find("traceparent")->second = "00-bad";
  EXPECT_EQ(extract(all, headers).trace_id(), *TraceId::from_hex(other));
  EXPECT_FALSE(extract(only_w3c, headers).is_valid());
}

TEST(Propagators, CarryBaggageWithoutASpan) {
  const Context context = extract(Propagators(), {{"Baggage", "a=1"}, {"baggage", "b=2"}});
  EXPECT_FALSE(context.is_valid());
  EXPECT_EQ(context.baggage().header(), "a=1,b=2");
  EXPECT_EQ(injected(Propagators(), context), (Headers{{"baggage", "a=1,b=2"}}));
}

TEST(Propagators, LimitBaggageOverAllHeaderLinesTogether) {
  Headers headers;
  for (int i = 0; i < 10'000; ++i) headers.emplace("baggage", "k" + std::to_string(i) + "=v");
  EXPECT_EQ(extract(Propagators(), headers).baggage().size(), Baggage::member_limit);
  headers.clear();
  for (int i = 0; i < 64; ++i) {
    headers.emplace("baggage", "k" + std::to_string(i) + "=" + std::string(1000, 'x'));
  }
  EXPECT_EQ(extract(Propagators(), headers).baggage().size(), 8u);
}

TEST(Propagators, JoinTraceStateHeadersAndTrustNoSecondTraceParent) {
  Headers headers{{"traceparent", parent}, {"tracestate", "a=1"}, {"tracestate", "b=2"}};
  EXPECT_EQ(extract(only_w3c, headers).trace_state(), "a=1,b=2");
  headers.emplace("tracestate", "a=3");
  EXPECT_EQ(extract(only_w3c, headers).trace_state(), "") << "a key twice";
  headers.emplace("tracestate", "c=" + std::string(600, 'x'));
  EXPECT_EQ(extract(only_w3c, headers).trace_state(), "") << "too long";
  EXPECT_TRUE(extract(only_w3c, headers).is_valid());
  headers.emplace("traceparent", parent);
  EXPECT_FALSE(extract(only_w3c, headers).is_valid());
}

TEST(Propagators, NeverWriteATraceStateThatIsNotOne) {
  for (const std::string& bad : {std::string("a=1\r\nX: y"), std::string("a=\xC3\xA9"),
                                 std::string("a=1,a=2"), "a=" + std::string(600, 'x')}) {
    EXPECT_EQ(injected(only_w3c, a_span(true, bad)), (Headers{{"traceparent", parent}})) << bad;
  }
}

TEST(B3, IsReadInAllItsForms) {
  const std::string ids = std::string(trace) + "-" + span;
  for (const std::string& header :
       {ids + "-1", ids + "-d", ids + "-1-00f067aa0ba902b7", " " + ids + "-1 "}) {
    const Context context = extract(only_b3, {{"B3", header}});
    EXPECT_TRUE(context.is_valid() && context.is_sampled() && context.is_remote()) << header;
    EXPECT_EQ(context.trace_id(), *TraceId::from_hex(trace));
  }
  EXPECT_FALSE(extract(only_b3, {{"b3", ids + "-0"}}).is_sampled());
  const Context small = extract(only_b3, {{"b3", "8448EB211C80319C-" + std::string(span) + "-1"}});
  EXPECT_EQ(small.trace_id(), *TraceId::from_hex("00000000000000008448eb211c80319c"));
}

TEST(B3, ThatIsMalformedNamesNoSpan) {
  const std::string ids = std::string(trace) + "-" + span;
  for (const std::string& header :
       {std::string(), std::string("0"), std::string("1"), std::string("-"), std::string(trace),
        ids + "-", ids + "-2", ids + "-11", ids + "-1-", ids + "-1-xx", ids + "-true",
        ids + "-1-" + span + "-1", "0" + ids, ids.substr(1), std::string(32, '0') + "-" + span,
        ids + "\r\n-1", std::string(trace) + "-" + std::string(16, '0') + "-1",
        std::string(100'000, '-'), std::string("\xC3\xA9") + ids.substr(2)}) {
    EXPECT_FALSE(extract(only_b3, {{"b3", header}}).is_valid()) << header.substr(0, 99);
  }
}

TEST(B3, OfFourHeadersKnowsTheDebugFlagAndOldWords) {
  Headers headers{{"X-B3-TraceId", trace}, {"X-B3-SpanId", span}};
  const auto sampled_with = [&](const std::string& name, const std::string& value) {
    Headers more = headers;
    more.emplace(name, value);
    const Context context = extract(only_multi, more);
    return context.is_valid() ? context.is_sampled() ? "yes" : "no" : "invalid";
  };
  EXPECT_STREQ(sampled_with("X-B3-Sampled", "1"), "yes");
  EXPECT_STREQ(sampled_with("X-B3-Sampled", "true"), "yes");
  EXPECT_STREQ(sampled_with("X-B3-Sampled", "0"), "no");
  EXPECT_STREQ(sampled_with("X-B3-Sampled", "maybe"), "invalid");
  EXPECT_STREQ(sampled_with("X-B3-Flags", "1"), "yes");
  headers.erase("X-B3-SpanId");
  EXPECT_STREQ(sampled_with("X-B3-Sampled", "1"), "invalid");
}

TEST(B3, WithoutADecisionLeavesItToThisProcess) {
  const std::string ids = std::string(trace) + "-" + span;
  const Context undecided = extract(only_b3, {{"b3", ids}});
  EXPECT_EQ(injected(only_b3, undecided), (Headers{{"b3", ids}}));
  for (const bool keep : {true, false}) {
    testing::InMemoryOutput memory;
    Telemetry telemetry = start({.service_name = "b3",
                                 .outputs = {memory.output()},
                                 .sampling = keep ? SampleRate::always() : SampleRate::never(),
                                 .diagnostics = [](const Diagnostic&) {}});
    const Tracer tracer = telemetry.tracer("t");
    EXPECT_EQ(tracer.start_span("undecided", {.parent = &undecided}).is_recording(), keep);
    const Context decided = extract(only_b3, {{"b3", ids + "-1"}});
    EXPECT_TRUE(tracer.start_span("decided", {.parent = &decided}).is_recording());
  }
}

TEST(Carriers, OfMapsFindNamesInAnyCaseAndReplaceThem) {
  std::unordered_map<std::string, std::string> map{{"TraceParent", "old"}};
  MapSetter in_map(map);
  only_w3c.inject(a_span(true), in_map);
  EXPECT_EQ(map.size(), 1u);
  EXPECT_EQ(map["TraceParent"], parent);
  EXPECT_TRUE(only_w3c.extract(MapGetter(map)).is_valid());

  std::vector<std::pair<std::string, std::string>> list{
      {"B3", "old"}, {"other", "x"}, {"b3", "older"}};
  MapSetter in_list(list);
  only_b3.inject(a_span(true), in_list);
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(only_b3.extract(MapGetter(list)).span_id(), *SpanId::from_hex(span));
}

TEST(Carriers, OfBeastFieldsSetAndFindThem) {
  boost::beast::http::fields fields;
  fields.insert("Tracestate", "a=1");
  fields.insert("tracestate", "b=2");
  BeastSetter setter(fields);
  only_w3c.inject(a_span(true), setter);
  EXPECT_EQ(fields["TRACEPARENT"], parent);
  EXPECT_EQ(only_w3c.extract(BeastGetter(fields)).trace_state(), "a=1,b=2");
}

TEST(Carriers, OfEnvironmentsUseTheNamesOfTheSpecification) {
  std::vector<std::string> variables{"PATH=/bin", "TRACEPARENT=old", "TRACEPARENT_X=y"};
  EnvironmentSetter setter(variables);
  all.inject(a_span(true, "a=1").with_baggage(*Baggage().with("k", "v")), setter);
  EXPECT_EQ(variables, (std::vector<std::string>{
                           "PATH=/bin", "TRACEPARENT=" + parent, "TRACEPARENT_X=y", "BAGGAGE=k=v",
                           "TRACESTATE=a=1", "B3=" + std::string(trace) + "-" + span + "-1",
                           "X_B3_TRACEID=" + std::string(trace), "X_B3_SPANID=" + std::string(span),
                           "X_B3_SAMPLED=1"}));
  std::vector<const char*> block;
  for (const std::string& each : variables) block.push_back(each.c_str());
  block.push_back(nullptr);
  for (const Propagators each : {only_w3c, only_b3, only_multi}) {
    EXPECT_EQ(each.extract(EnvironmentGetter(block.data())).span_id(), *SpanId::from_hex(span));
  }
  EXPECT_EQ(all.extract(EnvironmentGetter(block.data())).baggage().value("k"), "v");
  EXPECT_FALSE(all.extract(EnvironmentGetter(nullptr)).is_valid());
}

TEST(BaggageOfAThread, IsThatOfTheInnermostContextAndStaysInScopesOverSpans) {
  testing::InMemoryOutput memory;
  Telemetry telemetry = start({.service_name = "baggage",
                               .outputs = {memory.output()},
                               .diagnostics = [](const Diagnostic&) {}});
  const Tracer tracer = telemetry.tracer("t");
  const Context caller = a_span(true).with_baggage(*Baggage().with("k", "v"));
  {
    const Scope from_caller(caller);
    Span request = tracer.start_span("request");
    const Scope in_request(request);
    EXPECT_EQ(request.context().trace_id(), caller.trace_id());
    EXPECT_EQ(request.context().baggage().value("k"), "v");
    EXPECT_EQ(Context::current().baggage().value("k"), "v");
    Span call = tracer.start_span("call");
    const Context more = call.context().with_baggage(*call.context().baggage().with("user", "x"));
    {
      const Scope in_more(more);
      EXPECT_EQ(Context::current().span_id(), call.context().span_id());
      EXPECT_EQ(Context::current().baggage().header(), "k=v,user=x");
      EXPECT_EQ(injected(Propagators(), Context::current()).find("baggage")->second, "k=v,user=x");
    }
    EXPECT_EQ(Context::current().baggage().header(), "k=v");
    {
      const Scope without(a_span(true));
      EXPECT_TRUE(Context::current().baggage().empty());
    }
  }
  EXPECT_TRUE(Context::current().baggage().empty());
}

TEST(Propagators, LimitBaggageToItsBytesOverAllHeaderLines) {
  Headers headers;
  const std::string line = "a=" + std::string(4093, 'x');  // 4095 bytes
  headers.emplace("baggage", line);
  headers.emplace("baggage", "b" + line.substr(1));
  EXPECT_EQ(extract(Propagators(), headers).baggage().size(), 2u);  // 8191, and a comma
  headers.emplace("baggage", "c=x");
  EXPECT_EQ(extract(Propagators(), headers).baggage().size(), 2u);
  EXPECT_EQ(Baggage::byte_limit, 8192u);
  EXPECT_EQ(Baggage::member_limit, 64u);
}

/// Two services, of which the first keeps a part of all traces.
struct Services {
  explicit Services(double percent, SamplingHash hash = SamplingHash::trace_id,
                    ParentRule parents = ParentRule::follow)
      : first(start({.service_name = "first",
                     .outputs = {memory.output()},
                     .sampling = SampleRate::percent(percent),
                     .sampling_parents = parents,
                     .sampling_hash = hash,
                     .diagnostics = [](const Diagnostic&) {}})) {}

  /// Of the first span that is kept, or is not.
  Headers headers_of(bool kept, const Context& from = Context()) {
    for (int i = 0; i < 1000; ++i) {
      const Span each = first.tracer("t").start_span("span", {.parent = &from});
      if (each.context().is_sampled() == kept) return injected(only_w3c, each.context());
    }
    return {};
  }
  std::string state_of(bool kept, const Context& from = Context()) {
    const Headers headers = headers_of(kept, from);
    EXPECT_EQ(headers.count("traceparent"), 1u);
    const auto state = headers.find("tracestate");
    return state == headers.end() ? std::string() : state->second;
  }
  testing::InMemoryOutput memory;
  Telemetry first;
};

TEST(TheRateOfATrace, GoesOutAsTheThresholdOfOpenTelemetry) {
  EXPECT_EQ(Services(25).state_of(true), "ot=th:c");
  EXPECT_EQ(Services(25).state_of(false), "");
  EXPECT_EQ(Services(100).state_of(true), "");
  const std::string by_hash = Services(25, SamplingHash::application_insights).state_of(true);
  ASSERT_TRUE(by_hash.starts_with("ot=th:c;rv:")) << by_hash;
  EXPECT_GE(by_hash.substr(11), "c0000000000000");  // at or above the threshold
  std::string by_template;
  Services services(50);
  Span kept;
  while (!kept.context().is_sampled()) kept = services.first.tracer("t").start_span("span");
  posthaste::inject(kept.context(), [&](std::string_view name, std::string_view value) {
    if (name == "tracestate") by_template = value;
  });
  EXPECT_EQ(by_template, "ot=th:8");
}

TEST(TheRateOfATrace, IsThatOfWhoDecidedIt) {
  const Context kept_by_caller = a_span(true, "a=1,ot=th:8");
  EXPECT_EQ(Services(25).state_of(true, kept_by_caller), "a=1,ot=th:8");
  EXPECT_EQ(
      Services(100, SamplingHash::trace_id, ParentRule::ignore).state_of(true, kept_by_caller),
      "ot=th:0,a=1");
  // The trace id of a_span() ends in ...319c behind 448eb211c80: below the threshold of 25 %.
  EXPECT_EQ(
      Services(25, SamplingHash::trace_id, ParentRule::ignore).state_of(false, kept_by_caller),
      "a=1");
}

TEST(TheRateOfATrace, IsReadByTheNextServiceAndItsSpansStandForAsMany) {
  for (const auto hash : {SamplingHash::trace_id, SamplingHash::application_insights}) {
    Services services(20, hash);
    const Context received = extract(only_w3c, services.headers_of(true));
    testing::InMemoryOutput memory;
    Telemetry second = start({.service_name = "second",
                              .outputs = {memory.output()},
                              .diagnostics = [](const Diagnostic&) {}});
    second.tracer("t").start_span("span", {.parent = &received}).end();
    second.flush(std::chrono::seconds(5));
    EXPECT_NEAR(memory.span("span").sample_rate, 20, 1e-6);
  }
}

Headers received_headers() {
  return {{"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03"},
          {"tracestate", "vendor=x,ot=th:8"}};
}

/// A span beneath what was received, once by hand and once by the thread.
void expect_the_trace_goes_on(Telemetry& telemetry) {
  const Tracer tracer = telemetry.tracer("t");
  const Context received = extract(only_w3c, received_headers());
  const Span by_hand = tracer.start_span("span", {.parent = &received});
  EXPECT_FALSE(by_hand.is_recording());
  EXPECT_EQ(injected(only_w3c, by_hand.context()), received_headers());
  {
    const Scope scope(by_hand);
    EXPECT_EQ(injected(only_w3c, Context::current()), received_headers());
    Span inner = tracer.start_span("inner");
    inner.set_attribute("k", 1).add_event("e").set_status(StatusCode::error);
    inner.end();
    const Span moved = std::move(inner);
    EXPECT_EQ(injected(only_w3c, moved.context()), received_headers());
  }
  EXPECT_FALSE(Context::current().is_valid());
  EXPECT_FALSE(tracer.start_span("root").context().is_valid());
  const Context none;
  EXPECT_FALSE(tracer.start_span("root", {.parent = &none}).context().is_valid());
}

TEST(WhereNothingRecords, TheCallersTraceGoesOn) {
  const auto quiet = [](const Diagnostic&) {};
  Telemetry never_started;
  expect_the_trace_goes_on(never_started);
  Telemetry disabled = start({.diagnostics = quiet, .disabled = true});
  expect_the_trace_goes_on(disabled);
  Telemetry wrong = start({.connection_string = "nonsense", .diagnostics = quiet});
  expect_the_trace_goes_on(wrong);
  testing::InMemoryOutput memory;
  Telemetry stopped = start({.outputs = {memory.output()}, .diagnostics = quiet});
  stopped.shutdown(std::chrono::seconds(5));
  expect_the_trace_goes_on(stopped);
}

TEST(PropagatorsOfTelemetry, AreThoseOfTheSettingsAlsoWhereItIsDisabled) {
  EXPECT_EQ(Telemetry().propagators(), Propagators());
  for (const bool disabled : {false, true}) {
    testing::InMemoryOutput memory;
    Telemetry telemetry = start({.service_name = "p",
                                 .outputs = {memory.output()},
                                 .propagators = Propagators{Propagation::b3},
                                 .diagnostics = [](const Diagnostic&) {},
                                 .disabled = disabled});
    EXPECT_EQ(telemetry.is_running(), !disabled);
    EXPECT_EQ(telemetry.propagators(), only_b3);
  }
}

}  // namespace
}  // namespace posthaste
