#include "tests/support/recorder.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace posthaste {
namespace {

using model::EntryKind;
using testing_support::Recorded;
using testing_support::Recorder;

TEST(SpanProcessors, MayReadChangeRenameAndDropASpan) {
  produce::ProducerSetup setup;
  setup.span_processors.push_back(
      {.on_start = [](Span& span) { span.set_attribute("tenant", "blue"); },
       .on_end =
           [](EndingSpan& span) {
             if (span.name() == "GET /healthz") span.drop();
             if (const auto route = span.attribute("route")) {
               span.set_name(route->string()).set_attribute("seen", true);
             }
           }});
  Recorder recorder(std::move(setup));
  { Span span = recorder.tracer().start_span("GET /healthz"); }
  EXPECT_TRUE(recorder.take().empty());
  EXPECT_EQ(recorder.producer().refused()[RefusalReason::filtered], 1u);
  { Span span = recorder.tracer().start_span("GET", {.attributes = {{"route", "GET /pay"}}}); }
  const Recorded record = recorder.one();
  EXPECT_EQ(record->text(EntryKind::name), "GET /pay");
  EXPECT_EQ(record->attribute("tenant")->string(), "blue");
  EXPECT_TRUE(record->attribute("seen")->boolean());
}

TEST(SpanProcessors, AreCalledInOrderAndSeeWhatWasChanged) {
  std::string order;
  const auto step = [&order](char letter) {
    return SpanProcessor{.on_start = [&order, letter](Span&) { order += letter; },
                         .on_end =
                             [&order, letter](EndingSpan& span) {
                               order += letter;
                               span.set_name(std::string(span.name()) + letter);
                               if (letter == 'c') span.drop();
                             }};
  };
  Recorder recorder({.span_processors = {step('a'), {}, step('b')}});
  recorder.tracer().start_span("x").end();
  EXPECT_EQ(order, "abab");
  EXPECT_EQ(recorder.one()->text(EntryKind::name), "xab");

  order.clear();
  Recorder dropping({.span_processors = {step('a'), step('c'), step('b')}});
  dropping.tracer().start_span("x").end();
  EXPECT_EQ(order, "acbac") << "none behind the one that dropped it";
}

TEST(SpanProcessors, ThatThrowAreCountedSaidOnceAndTheNextIsCalled) {
  Recorder recorder(
      {.span_processors = {{.on_start = [](Span&) { throw 1; },
                            .on_end =
                                [](EndingSpan& span) {
                                  span.set_attribute("before", true);
                                  throw std::runtime_error(std::string(500, 'x'));
                                }},
                           {.on_end = [](EndingSpan& span) { span.set_attribute("next", 1); }}}});
  for (int i = 0; i < 2; ++i) recorder.tracer().start_span("span").end();
  const std::vector<Recorded> records = recorder.take();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_TRUE(records[0]->attribute("before")->boolean());
  EXPECT_EQ(records[0]->attribute("next")->int64(), 1);
  CallbackFailures& failures = recorder.producer().callback_failures();
  EXPECT_EQ(failures.total(), 4u);
  EXPECT_EQ(failures.untold(),
            "on_start of a span processor threw an exception: something that is no "
            "std::exception; it was caught, further ones are counted");
  const auto second = failures.untold();
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->starts_with("on_end of a span processor threw an exception: xxx"));
  EXPECT_LT(second->size(), 300u);
  EXPECT_FALSE(failures.untold());
}

TEST(SpanProcessors, AreNotCalledForSpansThatTheyStart) {
  const Recorder* inside = nullptr;
  int calls = 0;
  Recorder recorder({.span_processors = {{.on_start =
                                              [&](Span&) {
                                                ++calls;
                                                inside->tracer().start_span("inner").end();
                                                inside->logger().info("inner log");
                                              }}},
                     .log_processors = {{.on_emit = [&](EmittedLog&) { ++calls; }}}});
  inside = &recorder;
  recorder.tracer().start_span("outer").end();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(recorder.take().size(), 3u);
}

TEST(LogProcessors, MayReadChangeAndDropARecord) {
  Recorder recorder(
      {.log_processors = {
           {.on_emit =
                [](EmittedLog& log) {
                  EXPECT_EQ(log.event_name(), "sign-in");
                  EXPECT_EQ(log.severity(), Severity::info);
                  EXPECT_EQ(log.attributes().size(), 2u);
                  EXPECT_EQ(log.attribute("absent"), nullptr);
                  const std::string masked = "user " + std::string(40, '*');
                  log.set_body(masked).set_severity(Severity::warn);
                  const std::string_view texts[] = {"one", "two"};
                  log.set_attribute("texts", std::span<const std::string_view>(texts));
                  log.set_attribute("password", std::string(3000, 'x'));
                }},
           {.on_emit =
                [](EmittedLog& log) {
                  EXPECT_EQ(log.body().string().size(), 45u);
                  EXPECT_EQ(log.attribute("password")->string().size(), 3000u);
                  log.set_attribute("password", "hidden").set_attribute("copied", 7);
                  if (log.attribute("drop") != nullptr) log.drop();
                }},
           {.on_emit = [](EmittedLog& log) { EXPECT_EQ(log.attribute("drop"), nullptr); }}}});
  const Logger logger = recorder.logger();
  for (int i = 0; i < 3; ++i) {
    logger.emit(
        Severity::info, "user ann",
        LogOptions{.attributes = {{"password", "secret"}, {"kept", 1}}, .event_name = "sign-in"});
  }
  std::vector<Recorded> records = recorder.take();
  ASSERT_EQ(records.size(), 3u);
  for (const Recorded& record : records) {
    EXPECT_EQ(record->head().kind, static_cast<std::uint8_t>(Severity::warn));
    EXPECT_EQ(record->attribute("password")->string(), "hidden");
    EXPECT_EQ(record->attribute("kept")->int64(), 1);
    EXPECT_EQ(record->attribute("copied")->int64(), 7);
    std::vector<std::string> texts;
    record->attribute("texts")->for_each_element([&](auto value) {
      if constexpr (std::is_same_v<decltype(value), std::string_view>) texts.emplace_back(value);
    });
    EXPECT_EQ(texts, (std::vector<std::string>{"one", "two"}));
  }
  logger.emit(Severity::info, "x",
              LogOptions{.attributes = {{"drop", true}, {"y", 1}}, .event_name = "sign-in"});
  EXPECT_TRUE(recorder.take().empty());
  EXPECT_EQ(recorder.producer().refused()[RefusalReason::filtered], 1u);
}

TEST(LogProcessors, AreNotCalledForWhatIsRefusedBefore) {
  int calls = 0;
  Recorder recorder({.sample_rate = 0,
                     .logs_with_trace = true,
                     .log_processors = {{.on_emit = [&](EmittedLog&) { ++calls; }}}});
  Span root = recorder.tracer().start_span("not kept");
  const Scope scope(root);
  recorder.logger().info("not kept either");
  recorder.logger(Severity::error).info("below the minimum");
  EXPECT_EQ(calls, 0);
}

TEST(LogProcessors, ThatThrowAreCountedAndTheRecordIsKept) {
  Recorder recorder({.log_processors = {{.on_emit = [](EmittedLog& log) {
                       log.set_attribute("seen", true);
                       throw std::runtime_error("no");
                     }}}});
  recorder.logger().info("body");
  EXPECT_TRUE(recorder.one()->attribute("seen")->boolean());
  EXPECT_EQ(recorder.producer().callback_failures().total(), 1u);
}

}  // namespace
}  // namespace posthaste
