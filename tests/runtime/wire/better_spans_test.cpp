// Where we do better than Microsoft's exporter on spans: one test for each oddity of its that
// tests/corpus/README.md names, by that name, with neighbours that the corpus does not have.

#include "tests/runtime/wire/encoded.h"

namespace posthaste::wire {
namespace {

Item server(const Attributes& attributes, std::string_view name = "n") {
  return encode_span(SpanKind::server, name, attributes)[0];
}
Item client(const Attributes& attributes, std::string_view name = "n") {
  return encode_span(SpanKind::client, name, attributes)[0];
}
Item consumer(const Attributes& attributes, std::string_view name = "n") {
  return encode_span(SpanKind::consumer, name, attributes)[0];
}

TEST(Better, ConsumerNoName) {
  EXPECT_EQ(consumer({}, "orders process").field("name"), "orders process");
  EXPECT_EQ(consumer({}, "orders process").tag("ai.operation.name"), "orders process");
  const Item hook = consumer({{"http.request.method", "POST"}, {"http.route", "/hook/{id}"}});
  EXPECT_EQ(hook.field("name"), "POST /hook/{id}");
  EXPECT_EQ(hook.tag("ai.operation.name"), "POST /hook/{id}");
  const Item given = consumer({{"ai.operation.name", "job"}}, "orders process");
  EXPECT_EQ(given.field("name"), "orders process");
  EXPECT_EQ(given.tag("ai.operation.name"), "job");
}

TEST(Better, OpNameMissingOnChildren) {
  for (const SpanKind kind : {SpanKind::client, SpanKind::producer, SpanKind::internal}) {
    model::RecordBuilder child = make_span(kind, "step");
    child.text(model::EntryKind::operation_name, "GET /shop");
    child.event("paid", new_year, true);
    const Encoded encoded = encode(child);
    EXPECT_EQ(encoded[0].tag("ai.operation.name"), "GET /shop");
    EXPECT_EQ(encoded[1].tag("ai.operation.name"), "GET /shop");
  }
  model::RecordBuilder log = make_log(9, "x");
  log.text(model::EntryKind::operation_name, "GET /shop");
  EXPECT_EQ(encode(log)[0].tag("ai.operation.name"), "GET /shop");
  EXPECT_EQ(client({}).tag("ai.operation.name"), "-") << "none is known";
}

TEST(Better, EventTagsLost) {
  model::RecordBuilder span = make_span(SpanKind::server, "n",
                                        {{"client.address", "203.0.113.9"},
                                         {"enduser.id", "u1"},
                                         {"enduser.pseudo.id", "p1"},
                                         {"session.id", "s1"},
                                         {"user_agent.synthetic.type", "bot"}});
  span.event("exception", new_year, true, {{"exception.type", "E"}});
  span.event("note", new_year, true, {{"session.id", "own"}});
  const Encoded encoded = encode(span);
  for (const std::size_t i : {1u, 2u}) {
    EXPECT_EQ(encoded[i].tag("ai.location.ip"), "203.0.113.9");
    EXPECT_EQ(encoded[i].tag("ai.user.authUserId"), "u1");
    EXPECT_EQ(encoded[i].tag("ai.user.id"), "p1");
    EXPECT_EQ(encoded[i].tag("ai.operation.syntheticSource"), "True");
    EXPECT_EQ(encoded[i].tag("ai.operation.name"), "n");
  }
  EXPECT_EQ(encoded[1].tag("ai.session.id"), "s1");
  EXPECT_EQ(encoded[2].tag("ai.session.id"), "own");
}

TEST(Better, MappedDropped) {
  const AttributeList unmapped{{"server.address", "a.example"},
                               {"server.port", 77},
                               {"error.type", "X"},
                               {"network.transport", "tcp"},
                               {"network.protocol.name", "h2"},
                               {"client.port", 5},
                               {"net.host.ip", "10.0.0.1"},
                               {"http.flavor", "2"},
                               {"url.query", "q=1"},
                               {"url.full", "https://u/"},
                               {"db.name", "shop"},
                               {"exception.message", "m"}};
  const Item item = encode_span(SpanKind::internal, "n", all_of(unmapped))[0];
  for (const Attribute& each : unmapped) {
    EXPECT_NE(item.property(std::string(each.key).c_str()), "-") << each.key;
  }
  const Item log = [&] {
    model::RecordBuilder builder = make_log(9, "x",
                                            all_of({{"server.address", "a"},
                                                    {"http.request.method", "GET"},
                                                    {"db.system", "mysql"},
                                                    {"rpc.system", "grpc"}}));
    return encode(builder)[0];
  }();
  EXPECT_EQ(log.property_keys().size(), 4u);
  EXPECT_EQ(client({{"http.request.method", "PATCH"}}).property("http.request.method"), "PATCH");
  EXPECT_EQ(client({{"url.full", "https://h/x"}, {"http.request.method", "PATCH"}})
                .property("http.request.method"),
            "-")
      << "the name carries it";
  EXPECT_EQ(client({{"client.address", "203.0.113.1"}}).property("client.address"), "203.0.113.1");
}

TEST(Better, StatusDescription) {
  model::RecordBuilder span = make_span(SpanKind::server, "n", {}, StatusCode::error);
  span.text(model::EntryKind::status_description, "card declined");
  EXPECT_EQ(encode(span)[0].property("otel.status_description"), "card declined");
}

TEST(Better, GrpcErrorSuccess) {
  for (int code = 0; code <= 16; ++code) {
    const AttributeList old{{"rpc.system", "grpc"}, {"rpc.grpc.status_code", code}};
    const AttributeList stable{{"rpc.system.name", "grpc"}, {"rpc.response.status_code", code}};
    const bool at_fault = code == 2 || code == 4 || (code >= 12 && code <= 15);
    for (const AttributeList& attributes : {old, stable}) {
      EXPECT_EQ(server(all_of(attributes)).field("success"), at_fault ? "false" : "true") << code;
      EXPECT_EQ(client(all_of(attributes)).field("success"), code == 0 ? "true" : "false") << code;
      EXPECT_EQ(encode_span(SpanKind::client, "n", all_of(attributes), StatusCode::ok)[0].field(
                    "success"),
                "true");
    }
  }
  EXPECT_EQ(server({{"rpc.system", "grpc"}, {"rpc.grpc.status_code", "13"}}).field("success"),
            "false");
}

TEST(Better, PortDropped) {
  EXPECT_EQ(server({{"http.request.method", "GET"},
                    {"url.scheme", "https"},
                    {"url.path", "/p"},
                    {"server.address", "h"},
                    {"server.port", 8443}})
                .field("url"),
            "https://h:8443/p");
  const Item parts = client({{"http.request.method", "GET"},
                             {"url.scheme", "http"},
                             {"url.path", "/p"},
                             {"server.address", "h"},
                             {"server.port", 81}});
  EXPECT_EQ(parts.field("data"), "http://h:81/p");
  EXPECT_EQ(parts.field("target"), "h:81");
  EXPECT_EQ(parts.property("server.port"), "-");
  EXPECT_EQ(client({{"rpc.system", "grpc"}, {"net.peer.name", "g"}, {"net.peer.port", 50051}})
                .field("target"),
            "g:50051");
  const Item implied = client({{"http.request.method", "GET"},
                               {"url.scheme", "http"},
                               {"url.path", "/p"},
                               {"server.address", "h"},
                               {"server.port", 80}});
  EXPECT_EQ(implied.field("target"), "h");
  EXPECT_EQ(implied.property("server.port"), "80") << "in no field";
}

TEST(Better, DbPortDropped) {
  EXPECT_EQ(client({{"db.system.name", "postgresql"},
                    {"db.namespace", "shop"},
                    {"server.address", "pg"},
                    {"server.port", 5433}})
                .field("target"),
            "pg:5433|shop");
  EXPECT_EQ(client({{"db.system", "mysql"}, {"net.peer.name", "my"}, {"net.peer.port", 3306}})
                .field("target"),
            "my");
  EXPECT_EQ(client({{"db.system", "redis"}, {"net.peer.ip", "::1"}, {"net.peer.port", 6380}})
                .field("target"),
            "[::1]:6380");
}

TEST(Better, QueryDropped) {
  EXPECT_EQ(server({{"http.request.method", "GET"},
                    {"url.scheme", "https"},
                    {"url.path", "/s"},
                    {"url.query", "q=1&n=2"},
                    {"server.address", "h"}})
                .field("url"),
            "https://h/s?q=1&n=2");
}

TEST(Better, QueryAsPath) {
  EXPECT_EQ(server({{"http.request.method", "GET"},
                    {"url.scheme", "https"},
                    {"url.query", "?q=1"},
                    {"server.address", "h"}})
                .field("url"),
            "https://h/?q=1");
}

TEST(Better, UrlMissingParts) {
  EXPECT_EQ(server({{"http.method", "GET"},
                    {"http.scheme", "http"},
                    {"http.target", "/t?x"},
                    {"net.host.name", "own"},
                    {"net.host.port", 8080}})
                .field("url"),
            "http://own:8080/t?x");
}

TEST(Better, UrlFromPeer) {
  const Item item = server({{"http.method", "GET"},
                            {"http.scheme", "http"},
                            {"http.target", "/t"},
                            {"net.peer.name", "caller"},
                            {"net.peer.port", 9}});
  EXPECT_EQ(item.field("url"), "");
  EXPECT_EQ(item.property("net.peer.name"), "caller");
  EXPECT_EQ(server({{"http.method", "GET"},
                    {"http.scheme", "http"},
                    {"http.target", "/t"},
                    {"net.peer.ip", "10.0.0.9"},
                    {"net.peer.port", 9}})
                .field("url"),
            "");
}

TEST(Better, ClientAddressAsTarget) {
  for (const char* method : {"http.method", "http.request.method"}) {
    const Item item = client({{method, "GET"}, {"client.address", "10.0.0.5"}});
    EXPECT_EQ(item.field("target"), "-");
    EXPECT_EQ(item.property("client.address"), "10.0.0.5");
  }
}

TEST(Better, TargetIsUrl) {
  const auto target = [](std::string_view url) {
    return client({{"http.method", "GET"}, {"http.url", url}}).field("target");
  };
  EXPECT_EQ(target("https://api.example:443/v1?to=:443"), "api.example");
  EXPECT_EQ(target("HTTP://API.Example:80/x"), "API.Example");
  EXPECT_EQ(target("http://api.example:8080"), "api.example:8080");
  EXPECT_EQ(target("https://u:p@api.example/x"), "api.example");
  EXPECT_EQ(target("https://[2001:db8::1]:8443/x"), "[2001:db8::1]:8443");
  EXPECT_EQ(target("no url"), "-");
}

TEST(Better, UserinfoKept) {
  const auto data = [](std::string_view url) {
    return client({{"http.request.method", "GET"}, {"url.full", url}}).field("data");
  };
  EXPECT_EQ(data("https://me:pw@h/v1"), "https://REDACTED@h/v1");
  EXPECT_EQ(data("https://me@h/v1?a=b@c"), "https://REDACTED@h/v1?a=b@c");
  EXPECT_EQ(data("https://h/?a=1&sig=secret&b=2"), "https://h/?a=1&sig=REDACTED&b=2");
  for (const char* key : {"AWSAccessKeyId", "Signature", "sig", "X-Goog-Signature",
                          "X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token"}) {
    EXPECT_EQ(data(std::string("https://h/?") + key + "=s%3D#f"),
              std::string("https://h/?") + key + "=REDACTED#f");
  }
  EXPECT_EQ(data("https://h/?signature_kind=x&asig=y"), "https://h/?signature_kind=x&asig=y");
  EXPECT_EQ(server({{"http.method", "GET"}, {"http.url", "https://me:pw@h/"}}).field("url"),
            "https://REDACTED@h/");
}

TEST(Better, ErrorTypeDropped) {
  const Item refused = client({{"http.request.method", "GET"}, {"error.type", "ECONNREFUSED"}});
  EXPECT_EQ(refused.field("resultCode"), "ECONNREFUSED");
  EXPECT_EQ(refused.property("error.type"), "ECONNREFUSED");
  const Item answered = client(
      {{"http.request.method", "GET"}, {"http.response.status_code", 500}, {"error.type", "500"}});
  EXPECT_EQ(answered.field("resultCode"), "500");
  EXPECT_EQ(answered.property("error.type"), "500");
  EXPECT_EQ(server({{"error.type", "timeout"}}).field("responseCode"), "timeout");
}

TEST(Better, DbNewNames) {
  for (const char* system : {"microsoft.sql_server", "oracle.db", "ibm.db2", "h2database", "mssql",
                             "oracle", "db2", "h2"}) {
    EXPECT_EQ(client({{"db.system.name", system}}).field("type"), "SQL") << system;
    EXPECT_EQ(client({{"db.system", system}}).field("type"), "SQL") << system;
  }
  EXPECT_EQ(client({{"db.system.name", "clickhouse"}}).field("type"), "clickhouse");
}

TEST(Better, DbStatusNotResultcode) {
  const Item item =
      client({{"db.system.name", "postgresql"}, {"db.response.status_code", "42601"}});
  EXPECT_EQ(item.field("resultCode"), "42601");
  EXPECT_EQ(item.property("db.response.status_code"), "42601");
}

TEST(Better, RpcAllGrpc) {
  const auto type = [](const char* key, std::string_view system) {
    return client({{key, system}}).field("type");
  };
  for (const char* key : {"rpc.system", "rpc.system.name"}) {
    EXPECT_EQ(type(key, "grpc"), "GRPC");
    EXPECT_EQ(type(key, "dotnet_wcf"), "WCF Service");
    EXPECT_EQ(type(key, "WCF Service"), "WCF Service");
    EXPECT_EQ(type(key, "aws-api"), "aws-api");
    EXPECT_EQ(type(key, "java_rmi"), "java_rmi");
  }
}

TEST(Better, RpcNewNames) {
  const Item item = client({{"rpc.system.name", "grpc"},
                            {"rpc.response.status_code", "UNAVAILABLE"},
                            {"server.address", "cat"},
                            {"server.port", 50051}});
  EXPECT_EQ(item.field("type"), "GRPC");
  EXPECT_EQ(item.field("target"), "cat:50051");
  EXPECT_EQ(item.field("resultCode"), "UNAVAILABLE");
  EXPECT_TRUE(item.property_keys().empty());
  EXPECT_EQ(
      server({{"rpc.system.name", "grpc"}, {"rpc.response.status_code", 5}}).field("responseCode"),
      "5");
}

TEST(Better, MessagingNotMapped) {
  const AttributeList kafka{{"messaging.system", "kafka"},
                            {"messaging.destination.name", "orders"},
                            {"server.address", "k1"},
                            {"server.port", 9093}};
  for (const SpanKind kind : {SpanKind::producer, SpanKind::client}) {
    const Item item = encode_span(kind, "n", all_of(kafka))[0];
    EXPECT_EQ(item.field("type"), "kafka");
    EXPECT_EQ(item.field("target"), "k1:9093/orders");
    EXPECT_EQ(item.field("data"), "k1:9093/orders");
  }
  EXPECT_EQ(consumer(all_of(kafka)).field("source"), "k1:9093/orders");
  EXPECT_EQ(consumer({{"messaging.system", "kafka"}, {"server.address", "k1"}}).field("source"),
            "k1");
  const Item unnamed =
      encode_span(SpanKind::producer, "n", {{"messaging.destination.name", "q"}})[0];
  EXPECT_EQ(unnamed.field("type"), "Queue Message");
  EXPECT_EQ(unnamed.field("target"), "q");
}

TEST(Better, EventhubUnknown) {
  const AttributeList hub{{"az.namespace", "Microsoft.EventHub"},
                          {"server.address", "ns.servicebus.windows.net"},
                          {"messaging.destination.name", "hub"}};
  EXPECT_EQ(client(all_of(hub)).field("target"), "ns.servicebus.windows.net/hub");
  EXPECT_EQ(client(all_of(hub)).field("type"), "Microsoft.EventHub");
  EXPECT_EQ(consumer(all_of(hub)).field("source"), "ns.servicebus.windows.net/hub");
  EXPECT_EQ(client({{"az.namespace", "Microsoft.EventHub"}}).field("target"), "-");
}

}  // namespace
}  // namespace posthaste::wire
