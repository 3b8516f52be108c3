#include "tests/support/recorder.h"

#include <gtest/gtest.h>

#include <thread>

namespace posthaste {
namespace {

using testing_support::Recorded;
using testing_support::Recorder;

std::string operation_of(const Recorded& record) {
  const bool is_root = (record->head().flags & model::record_flag::local_root) != 0;
  return std::string(
      record->text(is_root ? model::EntryKind::name : model::EntryKind::operation_name));
}

TEST(OperationName, OfTheRootIsCarriedByEverythingBeneathIt) {
  Recorder recorder;
  {
    Span root = recorder.tracer().start_span("GET /pay", {.kind = SpanKind::server});
    const Scope in_root(root);
    Span child = recorder.tracer().start_span("charge");
    const Scope in_child(child);
    Span grandchild = recorder.tracer().start_span("insert");
    recorder.logger().info("paid");
  }
  const std::vector<Recorded> records = recorder.take();
  ASSERT_EQ(records.size(), 4u);
  for (const Recorded& record : records) EXPECT_EQ(operation_of(record), "GET /pay");
}

TEST(OperationName, OfARenamedRootReachesChildrenThatEndLater) {
  Recorder recorder;
  Span root = recorder.tracer().start_span("GET");
  const Context in_root = root.context();
  Span early = recorder.tracer().start_span("early", {.parent = &in_root});
  early.end();
  Span late = recorder.tracer().start_span("late", {.parent = &in_root});
  root.update_name("GET /orders/{id}");
  late.end();
  const std::vector<Recorded> records = recorder.take();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(operation_of(records[0]), "GET");
  EXPECT_EQ(operation_of(records[1]), "GET /orders/{id}");
}

TEST(OperationName, IsKnownAfterTheRootHasEnded) {
  Recorder recorder;
  Context carried;
  {
    Span root = recorder.tracer().start_span("nightly import");
    carried = root.context();
  }
  {
    Span orphan = recorder.tracer().start_span("clean up", {.parent = &carried});
    const Scope scope(orphan);
    Span deeper = recorder.tracer().start_span("delete");
  }
  const std::vector<Recorded> records = recorder.take();
  ASSERT_EQ(records.size(), 3u);
  for (const Recorded& record : records) EXPECT_EQ(operation_of(record), "nightly import");
}

TEST(OperationName, CrossesThreadsWithTheContext) {
  Recorder recorder;
  Span root = recorder.tracer().start_span("POST /upload");
  const Context context = root.context();
  std::thread worker([&] {
    const Scope scope(context);
    Span span = recorder.tracer().start_span("compress");
  });
  worker.join();
  root.end();
  const std::vector<Recorded> records = recorder.take();
  ASSERT_EQ(records.size(), 2u);
  for (const Recorded& record : records) {
    EXPECT_EQ(operation_of(record), "POST /upload");
    EXPECT_EQ(record->head().trace_id, context.trace_id());
  }
}

TEST(OperationName, OfARemoteParentIsTheLocalRootsOwn) {
  Recorder recorder;
  const Context caller = Context::remote(*TraceId::from_hex("0af7651916cd43dd8448eb211c80319c"),
                                         *SpanId::from_hex("b7ad6b7169203331"), true);
  { Span root = recorder.tracer().start_span("GET /here", {.parent = &caller}); }
  EXPECT_EQ(operation_of(recorder.one()), "GET /here");
}

TEST(OperationName, IsCutAtAWholeCharacterWhenItIsVeryLong) {
  Recorder recorder;
  const std::string name = std::string(247, 'x') + "\xc3\xa4\xc3\xa4";
  Span root = recorder.tracer().start_span(name);
  const Context in_root = root.context();
  { Span child = recorder.tracer().start_span("child", {.parent = &in_root}); }
  const Recorded record = recorder.one();
  EXPECT_EQ(operation_of(record), std::string(247, 'x'));
}

Span start_server(const Recorder& recorder, Attributes attributes = {}) {
  const Context none;
  return recorder.tracer().start_span(
      "handle", {.kind = SpanKind::server, .parent = &none, .attributes = attributes});
}

/// What a child that begins and ends now is beneath.
std::string operation_below(Recorder& recorder, const Span& root) {
  const Context in_root = root.context();
  { Span child = recorder.tracer().start_span("child", {.parent = &in_root}); }
  return operation_of(recorder.one());
}

TEST(OperationName, OfARequestIsItsMethodAndRouteWhereverTheyAreSet) {
  Recorder recorder;
  Span at_start =
      start_server(recorder, {{"http.request.method", "GET"}, {"http.route", "/orders/{id}"}});
  EXPECT_EQ(operation_below(recorder, at_start), "GET /orders/{id}");

  Span later = start_server(recorder);
  EXPECT_EQ(operation_below(recorder, later), "handle");
  later.set_attribute("http.route", "/orders/{id}");
  EXPECT_EQ(operation_below(recorder, later), "handle");
  later.set_attribute("http.method", "PUT");
  EXPECT_EQ(operation_below(recorder, later), "PUT /orders/{id}");
  later.set_attribute("http.route", "/orders");
  EXPECT_EQ(operation_below(recorder, later), "PUT /orders");
}

TEST(OperationName, OfARouteThatIsSetLateReachesAChildThatBeganBefore) {
  Recorder recorder;
  Span root = start_server(recorder, {{"http.request.method", "GET"}});
  const Context in_root = root.context();
  Span child = recorder.tracer().start_span("query", {.parent = &in_root});
  const Context in_child = child.context();
  std::thread router([&root] { root.set_attribute("http.route", "/orders/{id}"); });
  router.join();
  recorder.logger().emit(Severity::info, "found", LogOptions{.context = &in_child});
  child.end();
  for (const Recorded& record : recorder.take()) {
    EXPECT_EQ(operation_of(record), "GET /orders/{id}");
  }
}

TEST(OperationName, OfARouteIsNotOverwrittenByTheSpansOwnName) {
  Recorder recorder;
  Span root = start_server(recorder);
  root.set_attribute("http.request.method", "GET").set_attribute("http.route", "/orders/{id}");
  root.update_name("OrdersController.Get");
  EXPECT_EQ(operation_below(recorder, root), "GET /orders/{id}");
}

TEST(OperationName, OfAClientsMethodAndRouteIsStillTheSpansName) {
  Recorder recorder;
  const Context none;
  Span root = recorder.tracer().start_span("poll", {.kind = SpanKind::client, .parent = &none});
  root.set_attribute("http.request.method", "GET").set_attribute("http.route", "/a");
  root.set_attribute("http.route", "/b");
  EXPECT_EQ(operation_below(recorder, root), "poll");
  root.set_attribute("ai.operation.name", "nightly poll");
  EXPECT_EQ(operation_below(recorder, root), "nightly poll");
  root.end();
  EXPECT_EQ(recorder.one()->head().attributes, 3u);
}

TEST(OperationName, IsThatOfTheEndedRootForChildrenThatOutliveIt) {
  Recorder recorder;
  Span child;
  Context in_child;
  {
    Span root = start_server(recorder, {{"http.request.method", "GET"}});
    const Context in_root = root.context();
    child = recorder.tracer().start_span("send mail", {.parent = &in_root});
    in_child = child.context();
    root.set_attribute("http.route", "/orders/{id}");
  }
  { Span other = start_server(recorder, {{"http.request.method", "PUT"}}); }  // in the root's slot
  recorder.take();
  recorder.logger().emit(Severity::info, "queued", LogOptions{.context = &in_child});
  EXPECT_EQ(operation_of(recorder.one()), "GET /orders/{id}");
  child = Span();
  EXPECT_EQ(operation_of(recorder.one()), "GET /orders/{id}");
  { Span late = recorder.tracer().start_span("late", {.parent = &in_child}); }
  EXPECT_EQ(operation_of(recorder.one()), "GET /orders/{id}");
}

TEST(OperationName, OfARenamedRootReachesTheChildOfASpanThatHasEnded) {
  Recorder recorder;
  Span root = start_server(recorder);
  Context in_child;
  {
    const Scope in_root(root);
    Span child = recorder.tracer().start_span("ended");
    in_child = child.context();
  }
  recorder.take();
  root.update_name("renamed");
  { Span late = recorder.tracer().start_span("late", {.parent = &in_child}); }
  EXPECT_EQ(operation_of(recorder.one()), "renamed");
  const Scope in_ended(in_child);
  EXPECT_EQ(Context::current().operation_name(), "renamed");
}

TEST(OperationName, OfALongRouteIsCutLikeAnyOther) {
  Recorder recorder;
  const std::string route = '/' + std::string(1000, 'r');
  Span root = start_server(recorder, {{"http.request.method", "GET"}, {"http.route", route}});
  EXPECT_EQ(operation_below(recorder, root), ("GET " + route).substr(0, 248));
}

TEST(OperationName, IsWhatTheRecordKeptOfTheAttributes) {
  produce::ProducerSetup setup;
  setup.span_limits.attributes = 1;
  Recorder recorder(std::move(setup));
  Span root = start_server(recorder, {{"http.request.method", "GET"}, {"http.route", "/a"}});
  EXPECT_EQ(operation_below(recorder, root), "handle");
}

TEST(OperationName, IsFoundInASpanThatTakesSeveralSlots) {
  Recorder recorder;
  Span root = start_server(recorder);
  root.set_attribute("filler", std::string(500, 'f'));
  root.set_attribute("http.request.method", "GET");
  root.set_attribute("more", std::string(1000, 'f'));
  root.set_attribute("http.route", "/orders/{id}");
  EXPECT_EQ(operation_below(recorder, root), "GET /orders/{id}");
  root.update_name("renamed");
  EXPECT_EQ(operation_below(recorder, root), "GET /orders/{id}");
  root.set_attribute("http.route", "");
  EXPECT_EQ(operation_below(recorder, root), "renamed");
}

TEST(OperationName, IsNotDisturbedByWhatLayInTheSlotsBefore) {
  Recorder recorder;
  {
    Span large = start_server(recorder);
    large.set_attribute("odd", std::string(20'000, 'g'));  // g is odd, as a sequence being written
  }
  recorder.take();
  std::vector<Span> roots;
  for (int i = 0; i < 30; ++i) {
    roots.push_back(start_server(recorder));
    EXPECT_EQ(operation_below(recorder, roots.back()), "handle");
  }
}

}  // namespace
}  // namespace posthaste
