#include "tests/runtime/wire/encoded.h"

namespace posthaste::wire {
namespace {

Item rpc(SpanKind kind, const Attributes& attributes, StatusCode status = StatusCode::unset) {
  return encode_span(kind, "svc/M", attributes, status)[0];
}

TEST(RpcDependency, KeepsThePortOfItsTarget) {
  const Item item = rpc(SpanKind::client, {{"rpc.system", "grpc"},
                                           {"rpc.grpc.status_code", 4},
                                           {"server.address", "g"},
                                           {"server.port", 50051},
                                           {"rpc.method", "M"}});
  EXPECT_EQ(item.field("type"), "GRPC");
  EXPECT_EQ(item.field("target"), "g:50051");
  EXPECT_EQ(item.field("resultCode"), "4");
  EXPECT_EQ(item.field("success"), "false");
  EXPECT_EQ(item.property_keys(), std::vector<std::string>{"rpc.method"});
}

TEST(RpcDependency, IsTypedByItsSystem) {
  EXPECT_EQ(rpc(SpanKind::client, {{"rpc.system.name", "dotnet_wcf"}}).field("type"),
            "WCF Service");
  EXPECT_EQ(rpc(SpanKind::client, {{"rpc.system", "java_rmi"}}).field("type"), "java_rmi");
  EXPECT_EQ(rpc(SpanKind::client, {{"rpc.system", "java_rmi"}}).field("target"), "java_rmi");
}

TEST(RpcDependency, SucceedsWithCodeZeroOnlyWhereTheStatusIsUnset) {
  EXPECT_EQ(
      rpc(SpanKind::client, {{"rpc.system", "grpc"}, {"rpc.grpc.status_code", 0}}).field("success"),
      "true");
  EXPECT_EQ(
      rpc(SpanKind::client, {{"rpc.system", "grpc"}, {"rpc.grpc.status_code", 5}}).field("success"),
      "false");
  EXPECT_EQ(
      rpc(SpanKind::client, {{"rpc.system", "grpc"}, {"rpc.grpc.status_code", 5}}, StatusCode::ok)
          .field("success"),
      "true");
}

TEST(RpcRequest, FailsOnlyByCodesThatAreItsOwnFault) {
  for (const int code : {2, 4, 12, 13, 14, 15}) {
    EXPECT_EQ(rpc(SpanKind::server, {{"rpc.grpc.status_code", code}}).field("success"), "false")
        << code;
  }
  for (const int code : {0, 1, 3, 5, 6, 7, 8, 9, 10, 11, 16}) {
    EXPECT_EQ(rpc(SpanKind::server, {{"rpc.grpc.status_code", code}}).field("success"), "true")
        << code;
  }
  const Item item = rpc(SpanKind::server, {{"rpc.response.status_code", "13"}});
  EXPECT_EQ(item.field("responseCode"), "13");
  EXPECT_EQ(item.field("success"), "false");
  EXPECT_EQ(rpc(SpanKind::server, {{"rpc.response.status_code", "INTERNAL"}}).field("success"),
            "true");
}

TEST(RpcRequest, KeepsItsCodeBesideADatabase) {
  const Item item = rpc(SpanKind::server, {{"db.system", "spanner"}, {"rpc.grpc.status_code", 13}});
  EXPECT_EQ(item.field("responseCode"), "13");
  EXPECT_EQ(item.property("db.system"), "spanner");
}

TEST(RpcDependency, IsNoneWithoutASystem) {
  const Item item = rpc(SpanKind::client, {{"rpc.grpc.status_code", 14}});
  EXPECT_EQ(item.field("type"), "Dependency");
  EXPECT_EQ(item.field("target"), "-");
  EXPECT_EQ(item.field("resultCode"), "0");
  EXPECT_EQ(item.property("rpc.grpc.status_code"), "14");
  EXPECT_EQ(rpc(SpanKind::client, {{"rpc.response.status_code", 14}, {"messaging.system", "kafka"}})
                .field("type"),
            "kafka");
}

}  // namespace
}  // namespace posthaste::wire
