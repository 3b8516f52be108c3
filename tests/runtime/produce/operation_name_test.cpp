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

}  // namespace
}  // namespace posthaste
