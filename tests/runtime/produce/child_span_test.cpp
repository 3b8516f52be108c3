// A child of the thread's current span starts by a way of its own: it is to be what one is whose
// parent was given by hand.

#include "tests/support/dice.h"
#include "tests/support/recorder.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

namespace posthaste {
namespace {

using testing_support::Dice;
using testing_support::Recorded;
using testing_support::Recorder;
using Then = ParentRule::Then;

/// Sizes on both sides of whatever is copied at once.
std::string some_text(Dice& dice, std::size_t most) {
  const std::size_t size = dice() % 2 == 0 ? dice() % 40 : dice() % most;
  return std::string(size, static_cast<char>('a' + dice() % 26));
}

/// What a child has from where it started, as text.
std::string lineage_of(const Recorded& record) {
  const model::RecordHead& head = record->head();
  const auto trace = head.trace_id.hex();
  const auto parent = head.parent_span_id.hex();
  std::string said = std::string(trace.begin(), trace.end()) + " beneath " +
                     std::string(parent.begin(), parent.end());
  said += " flags " + std::to_string(head.flags) + '/' + std::to_string(head.trace_flags);
  said += " rate " + std::to_string(head.sample_rate);
  for (const auto kind :
       {model::EntryKind::name, model::EntryKind::operation_name, model::EntryKind::trace_state}) {
    said += " '" + std::string(record->text(kind)) + '\'';
  }
  return said;
}

void change(Span& root, Dice& dice) {
  switch (dice() % 5) {
    case 0: root.update_name(some_text(dice, 300)); break;
    case 1: root.set_attribute("http.request.method", "GET"); break;
    case 2: root.set_attribute("http.route", some_text(dice, 300)); break;
    case 3: root.set_attribute("microsoft.sample_rate", 25.0); break;
    default: break;
  }
}

/// A child as the thread's current span has it, and one whose parent came by hand.
void expect_the_same(Recorder& recorder, Span& root, Dice& dice) {
  const std::string name = some_text(dice, 900);
  recorder.take();
  const Context parent = Context::current();
  const bool ends_after_a_change = dice() % 4 == 0;
  {
    Span current = recorder.tracer().start_span(name);
    Span given = recorder.tracer().start_span(name, {.parent = &parent});
    EXPECT_EQ(current.is_recording(), given.is_recording());
    if (ends_after_a_change) change(root, dice);
  }
  std::vector<std::string> lineages;
  for (const Recorded& record : recorder.take()) lineages.push_back(lineage_of(record));
  if (lineages.empty()) return;
  ASSERT_EQ(lineages.size(), 2u);
  EXPECT_EQ(lineages[0], lineages[1]);
}

void try_a_trace(Recorder& recorder, Dice& dice) {
  const Context none;
  const Context remote = Context::remote(*TraceId::from_hex("0af7651916cd43dd8448eb211c80319c"),
                                         *SpanId::from_hex("b7ad6b7169203331"), dice() % 4 != 0,
                                         dice() % 2 == 0 ? "vendor=1" : "");
  Span root = recorder.tracer().start_span(
      some_text(dice, 300),
      {.kind = SpanKind::server, .parent = dice() % 2 == 0 ? &none : &remote});
  change(root, dice);
  const Scope in_root(root);
  expect_the_same(recorder, root, dice);
  Span middle = recorder.tracer().start_span("middle");
  const Scope in_middle(middle);
  change(root, dice);
  expect_the_same(recorder, root, dice);
  if (dice() % 4 == 0) middle = Span();
  if (dice() % 4 == 0) root = Span();
  Span other = recorder.tracer().start_span("in the slot of one that went", {.parent = &none});
  expect_the_same(recorder, root, dice);
}

TEST(ChildOfTheCurrentSpan, IsWhatOneBeneathTheSameParentByHandIs) {
  const ParentRule rules[] = {ParentRule::follow,
                              ParentRule::follow,
                              {Then::decide, Then::drop, Then::keep, Then::keep},
                              {Then::keep, Then::decide, Then::keep, Then::keep}};
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    Dice dice(seed);
    const double rate = dice() % 2 == 0 ? 100 : 50;
    Recorder recorder({.sample_rate = rate, .parents = rules[seed % std::size(rules)]}, {4 << 20},
                      1);
    for (int i = 0; i < 20 && !::testing::Test::HasFailure(); ++i) try_a_trace(recorder, dice);
  }
}

TEST(ChildOfTheCurrentSpan, NeverTakesHalfOfANameThatAnotherThreadChanges) {
  const auto root = std::make_unique<arena::Slot>();
  const auto child = std::make_unique<arena::Slot>();
  produce::write_operation(root->operation, "a");
  std::atomic<bool> done{false};
  std::thread writer([&] {
    const std::size_t sizes[] = {11, 16, 24, 32, 33, 3};
    for (std::uint32_t i = 0; i < 100'000; ++i) {
      const std::size_t size = sizes[i % std::size(sizes)];
      produce::write_operation(root->operation, std::string(size, static_cast<char>('a' + i % 26)));
    }
    done.store(true);
  });
  bool whole = true;
  while (whole && !done.load()) {
    if (!produce::inherit_operation(*root, 0, *child)) continue;
    produce::OperationName name;
    whole = produce::read_operation(*child, 0, name) && name.size != 0 &&
            name.view().find_first_not_of(name.text[0]) == std::string_view::npos;
    EXPECT_TRUE(whole) << name.view();
  }
  writer.join();
}

TEST(ChildOfTheCurrentSpan, TakesNoNameThatIsBeingWrittenOrOfAnotherSpan) {
  const auto root = std::make_unique<arena::Slot>();
  const auto child = std::make_unique<arena::Slot>();
  root->head.generation.store(7);
  for (const std::size_t size : {0, 1, 8, 16, 17, 32, 33, 248}) {
    produce::write_operation(root->operation, std::string(size, 'n'));
    const bool is_short = size <= 32;
    EXPECT_EQ(produce::inherit_operation(*root, 7, *child), is_short);
    EXPECT_FALSE(produce::inherit_operation(*root, 5, *child));
    produce::OperationName name;
    if (is_short) {
      ASSERT_TRUE(produce::read_operation(*child, 0, name));
      EXPECT_EQ(name.view(), std::string(size, 'n'));
      EXPECT_EQ(child->head.operation_sequence, root->operation.sequence.load());
    }
    root->operation.sequence.fetch_add(1);
    EXPECT_FALSE(produce::inherit_operation(*root, 7, *child));
  }
}

TEST(ChildOfTheCurrentSpan, IsOfferedToProcessorsAndTheSampler) {
  int started = 0;
  int asked = 0;
  Recorder with_processor(
      {.span_processors = {{.on_start = [&started](Span&) { ++started; }, .on_end = {}}}});
  Recorder with_sampler({.sampler =
                             [&asked](const SamplingRequest& request) {
                               asked += request.has_parent ? 1 : 0;
                               return SamplingDecision::keep();
                             },
                         .parents = {Then::decide, Then::decide, Then::decide, Then::decide}});
  for (Recorder* const recorder : {&with_processor, &with_sampler}) {
    Span root = recorder->tracer().start_span("root");
    const Scope scope(root);
    Span child = recorder->tracer().start_span("child");
  }
  EXPECT_EQ(started, 2);
  EXPECT_EQ(asked, 1);
}

TEST(ChildOfTheCurrentSpan, BelongsToTheTelemetryThatStartsIt) {
  Recorder host;
  Recorder plugin;
  Span root = host.tracer().start_span("of the host");
  const Scope scope(root);
  { Span child = plugin.tracer().start_span("of the plugin"); }
  const Recorded record = plugin.one();
  EXPECT_EQ(record->head().trace_id, root.context().trace_id());
  EXPECT_EQ(record->head().parent_span_id, root.context().span_id());
  EXPECT_TRUE(host.take().empty());
}

}  // namespace
}  // namespace posthaste
