// Spans that were sent through Microsoft's own exporter, and what it made of them, where we want
// the same.

#include "tests/runtime/wire/encoded.h"

#include <array>

namespace posthaste::wire {
namespace {

struct Vector {
  const char* what;
  SpanKind kind;
  const char* span_name;
  StatusCode status;
  std::initializer_list<Attribute> attributes;
  const char* name;
  const char* type;   // dependency
  const char* place;  // target, or url of a request
  const char* data;   // dependency
  const char* code;
  const char* success;
};

constexpr const char* absent = "-";

void expect(const Vector& vector) {
  SCOPED_TRACE(vector.what);
  const Item item = encode_span(vector.kind, vector.span_name, vector.attributes, vector.status)[0];
  const bool request = item.base_type() == "RequestData";
  EXPECT_EQ(item.field("name"), vector.name);
  EXPECT_EQ(item.field("type"), vector.type);
  EXPECT_EQ(item.field(request ? "url" : "target"), vector.place);
  EXPECT_EQ(item.field("data"), vector.data);
  EXPECT_EQ(item.field(request ? "responseCode" : "resultCode"), vector.code);
  EXPECT_EQ(item.field("success"), vector.success);
}

constexpr auto unset = StatusCode::unset;
constexpr auto server = SpanKind::server;
constexpr auto client = SpanKind::client;

TEST(MeasuredVectors, Requests) {
  expect(
      {"old conventions",
       server,
       "n",
       unset,
       {{"http.method", "GET"}, {"http.url", "http://h:8080/a/b?q=1"}, {"http.status_code", 404}},
       "GET /a/b",
       absent,
       "http://h:8080/a/b?q=1",
       absent,
       "404",
       "false"});
  expect({"old conventions in parts",
          server,
          "n",
          StatusCode::error,
          {{"http.method", "GET"},
           {"http.scheme", "https"},
           {"http.host", "h.example:444"},
           {"http.target", "/t?x=1"},
           {"http.status_code", 500}},
          "n",
          absent,
          "https://h.example:444/t?x=1",
          absent,
          "500",
          "false"});
  expect({"stable conventions with a route",
          server,
          "n",
          unset,
          {{"http.request.method", "PUT"},
           {"url.full", "https://h/p/1?z"},
           {"http.route", "/p/{id}"},
           {"http.response.status_code", 399}},
          "PUT /p/{id}",
          absent,
          "https://h/p/1?z",
          absent,
          "399",
          "true"});
  expect({"no convention", server, "job", unset, {}, "job", absent, absent, absent, "0", "true"});
  expect({"500 with status OK",
          server,
          "n",
          StatusCode::ok,
          {{"http.request.method", "GET"}, {"http.response.status_code", 500}},
          "n",
          absent,
          "",
          absent,
          "500",
          "true"});
}

TEST(MeasuredVectors, HttpDependencies) {
  expect({"stable conventions in parts",
          client,
          "n",
          unset,
          {{"http.request.method", "GET"},
           {"server.address", "api"},
           {"server.port", 443},
           {"url.scheme", "https"},
           {"url.path", "/x"},
           {"http.response.status_code", 200}},
          "n",
          "Http",
          "api",
          "https://api/x",
          "200",
          "true"});
  expect({"404 is no failure",
          client,
          "n",
          unset,
          {{"http.request.method", "GET"},
           {"url.full", "https://api/x?y"},
           {"server.address", "api"},
           {"http.response.status_code", 404}},
          "GET /x",
          "Http",
          "api",
          "https://api/x?y",
          "404",
          "true"});
  expect({"peer.service",
          client,
          "n",
          unset,
          {{"http.method", "GET"}, {"http.url", "http://a:80/x"}, {"peer.service", "billing"}},
          "GET /x",
          "Http",
          "billing",
          "http://a:80/x",
          "0",
          "true"});
}

TEST(MeasuredVectors, DatabaseDependencies) {
  expect({"mssql",
          client,
          "n",
          unset,
          {{"db.system", "mssql"},
           {"db.name", "D"},
           {"db.statement", "S"},
           {"net.peer.name", "srv"},
           {"net.peer.port", 1433}},
          "n",
          "SQL",
          "srv|D",
          "S",
          "0",
          "true"});
  expect({"postgresql by peer.service",
          client,
          "n",
          unset,
          {{"db.system.name", "postgresql"},
           {"peer.service", "maindb"},
           {"db.namespace", "D"},
           {"db.operation.name", "SELECT"}},
          "n",
          "postgresql",
          "maindb|D",
          "SELECT",
          "0",
          "true"});
  expect({"redis without a peer",
          client,
          "GET",
          unset,
          {{"db.system", "redis"}, {"db.statement", "GET k"}},
          "GET",
          "redis",
          "redis",
          "GET k",
          "0",
          "true"});
  expect({"cassandra by address",
          client,
          "n",
          unset,
          {{"db.system", "cassandra"}, {"db.operation", "SEL"}, {"net.peer.ip", "10.1.1.1"}},
          "n",
          "cassandra",
          "10.1.1.1",
          "SEL",
          "0",
          "true"});
}

TEST(MeasuredVectors, OtherDependencies) {
  expect({"generative AI",
          client,
          "chat",
          unset,
          {{"gen_ai.system", "openai"}},
          "chat",
          "Dependency",
          absent,
          absent,
          "0",
          "true"});
  expect({"plain", client, "s", unset, {}, "s", "Dependency", absent, absent, "0", "true"});
  expect({"plain producer",
          SpanKind::producer,
          "send",
          unset,
          {},
          "send",
          "Queue Message",
          absent,
          absent,
          "0",
          "true"});
  expect({"internal child",
          SpanKind::internal,
          "w",
          unset,
          {},
          "w",
          "InProc",
          absent,
          absent,
          "0",
          "true"});
  expect({"Azure client library",
          SpanKind::internal,
          "w",
          unset,
          {{"az.namespace", "Microsoft.X"}},
          "w",
          "InProc | Microsoft.X",
          absent,
          absent,
          "0",
          "true"});
}

}  // namespace
}  // namespace posthaste::wire
