#include "tests/runtime/wire/encoded.h"

namespace posthaste::wire {
namespace {

Item request(std::string_view name, const Attributes& attributes,
             StatusCode status = StatusCode::unset) {
  return encode_span(SpanKind::server, name, attributes, status)[0];
}

Item dependency(std::string_view name, const Attributes& attributes) {
  return encode_span(SpanKind::client, name, attributes)[0];
}

TEST(HttpRequest, IsNamedByMethodAndRoute) {
  const Item item = request("GET /items/{id}", {{"http.request.method", "GET"},
                                                {"url.scheme", "https"},
                                                {"url.path", "/items/42"},
                                                {"server.address", "shop.example.com"},
                                                {"server.port", 443},
                                                {"http.route", "/items/{id}"},
                                                {"http.response.status_code", 200},
                                                {"network.protocol.version", "1.1"}});
  EXPECT_EQ(item.base_type(), "RequestData");
  EXPECT_EQ(item.field("name"), "GET /items/{id}");
  EXPECT_EQ(item.tag("ai.operation.name"), "GET /items/{id}");
  EXPECT_EQ(item.field("url"), "https://shop.example.com/items/42");
  EXPECT_EQ(item.field("responseCode"), "200");
  EXPECT_EQ(item.field("success"), "true");
  EXPECT_EQ(item.field("duration"), "00:00:00.045");
  EXPECT_EQ(item.property_keys(),
            (std::vector<std::string>{"network.protocol.version", "server.port"}))
      << "what no field carries";
}

TEST(HttpRequest, IsNamedByMethodAndPathOfAWholeUrl) {
  const Item item = request("n", {{"http.method", "GET"}, {"http.url", "http://h:8080/a/b?q=1"}});
  EXPECT_EQ(item.field("name"), "GET /a/b");
  EXPECT_EQ(item.field("url"), "http://h:8080/a/b?q=1");
  EXPECT_EQ(item.field("responseCode"), "0");
}

TEST(HttpRequest, KeepsTheSpansNameWhereTheUrlIsOnlyKnownInParts) {
  const Item item = request("n", {{"http.request.method", "PUT"}, {"url.path", "/p"}});
  EXPECT_EQ(item.field("name"), "n");
  EXPECT_EQ(item.field("url"), "");
  EXPECT_EQ(item.property("http.request.method"), "PUT") << "the name does not carry it";
  EXPECT_EQ(item.property("url.path"), "/p");
}

TEST(HttpRequest, HasPortAndQueryInAUrlMadeOfParts) {
  const AttributeList stable{
      {"http.request.method", "PUT"}, {"url.scheme", "https"}, {"url.path", "/p"},
      {"url.query", "q=2"},           {"server.address", "h"}, {"server.port", 8443}};
  const Item item = request("n", all_of(stable));
  EXPECT_EQ(item.field("url"), "https://h:8443/p?q=2");
  EXPECT_EQ(item.property_keys(), std::vector<std::string>{"http.request.method"});
}

TEST(HttpRequest, PutsAQueryWithoutPathBehindASlash) {
  const Item item = request("n", {{"http.request.method", "GET"},
                                  {"url.scheme", "https"},
                                  {"server.address", "h"},
                                  {"url.query", "q=1"}});
  EXPECT_EQ(item.field("url"), "https://h/?q=1");
}

TEST(HttpRequest, MakesItsUrlOfItsOwnAddressNeverOfTheCallers) {
  const Item own = request("n", {{"http.method", "GET"},
                                 {"http.scheme", "http"},
                                 {"http.target", "/t?x=1"},
                                 {"net.host.name", "me"},
                                 {"net.host.port", 8080},
                                 {"net.peer.name", "caller"},
                                 {"net.peer.port", 51000},
                                 {"http.flavor", "1.1"}});
  EXPECT_EQ(own.field("url"), "http://me:8080/t?x=1");
  EXPECT_EQ(own.property("net.peer.name"), "caller");
  EXPECT_EQ(own.property("http.flavor"), "1.1");
  const Item unknown = request("n", {{"http.method", "GET"},
                                     {"http.scheme", "http"},
                                     {"http.target", "/t"},
                                     {"net.peer.name", "caller"},
                                     {"net.peer.port", 51000}});
  EXPECT_EQ(unknown.field("url"), "");
}

TEST(HttpRequest, KeepsThePortThatTheHostHeaderNames) {
  const Item item = request("n", {{"http.method", "GET"},
                                  {"http.scheme", "https"},
                                  {"http.host", "h.example:444"},
                                  {"http.target", "/t"}});
  EXPECT_EQ(item.field("url"), "https://h.example:444/t");
}

TEST(HttpRequest, SucceedsByStatusThenByCode) {
  const auto success = [](std::int64_t code, StatusCode status) {
    return request("n", {{"http.request.method", "GET"}, {"http.response.status_code", code}},
                   status)
        .field("success");
  };
  EXPECT_EQ(success(399, StatusCode::unset), "true");
  EXPECT_EQ(success(400, StatusCode::unset), "false");
  EXPECT_EQ(success(500, StatusCode::ok), "true");
  EXPECT_EQ(success(200, StatusCode::error), "false");
  EXPECT_EQ(success(0, StatusCode::unset), "true");
}

TEST(HttpRequest, TakesTheStatusInAnyType) {
  const auto code = [](const AttributeValue& value) {
    const Item item = request("n", {{"http.method", "GET"}, {"http.status_code", value}});
    return item.field("responseCode") + " " + item.field("success");
  };
  EXPECT_EQ(code("404"), "404 false");
  EXPECT_EQ(code(404.0), "404 false");
  EXPECT_EQ(code("teapot"), "teapot true");
}

TEST(HttpRequest, IsNoneWithoutAMethodYetACodeStillFailsIt) {
  const Item item = request("n", {{"url.full", "https://h/x"}, {"http.response.status_code", 503}});
  EXPECT_EQ(item.field("url"), "-");
  EXPECT_EQ(item.field("responseCode"), "0");
  EXPECT_EQ(item.field("success"), "false");
  EXPECT_EQ(item.property("url.full"), "https://h/x");
  EXPECT_EQ(item.property("http.response.status_code"), "503");
}

TEST(HttpRequest, OfAConsumerIsNamedInTheSameWay) {
  const Item item = encode_span(SpanKind::consumer, "receive",
                                {{"http.request.method", "POST"}, {"http.route", "/hook"}})[0];
  EXPECT_EQ(item.field("name"), "POST /hook");
  EXPECT_EQ(item.tag("ai.operation.name"), "POST /hook");
}

TEST(HttpDependency, TakesNameTargetAndDataFromAWholeUrl) {
  const Item item = dependency("GET", {{"http.request.method", "GET"},
                                       {"url.full", "https://api.example.com/v1/x?y"},
                                       {"server.address", "api.example.com"},
                                       {"server.port", 443},
                                       {"http.response.status_code", 404}});
  EXPECT_EQ(item.base_type(), "RemoteDependencyData");
  EXPECT_EQ(item.field("type"), "Http");
  EXPECT_EQ(item.field("name"), "GET /v1/x");
  EXPECT_EQ(item.field("data"), "https://api.example.com/v1/x?y");
  EXPECT_EQ(item.field("target"), "api.example.com");
  EXPECT_EQ(item.field("resultCode"), "404");
  EXPECT_EQ(item.field("success"), "true") << "a client's 404 alone is no failure";
  EXPECT_EQ(item.property_keys(), std::vector<std::string>{"server.port"});
}

TEST(HttpDependency, HasAPortInItsTargetOnlyWhereTheSchemeDoesNotImplyIt) {
  const auto target = [](std::string_view url) {
    return dependency("n", {{"http.method", "GET"}, {"http.url", url}}).field("target");
  };
  EXPECT_EQ(target("http://a:80/x"), "a");
  EXPECT_EQ(target("http://a:8080/x"), "a:8080");
  EXPECT_EQ(target("https://a:80/x"), "a:80");
  EXPECT_EQ(target("HTTPS://a:443/x"), "a");
  EXPECT_EQ(target("http://a/x?p=:80"), "a") << "the query is no port";
  EXPECT_EQ(target("https://[2001:db8::2]:444/"), "[2001:db8::2]:444");
}

TEST(HttpDependency, LooksForItsTargetInOrder) {
  const AttributeList all{{"http.method", "GET"},      {"http.url", "http://in-url/x"},
                          {"peer.service", "billing"}, {"server.address", "addr"},
                          {"net.peer.name", "peer"},   {"client.address", "10.0.0.9"}};
  EXPECT_EQ(dependency("n", all_of(all)).field("target"), "billing");
  const AttributeList no_service{{"http.method", "GET"},
                                 {"server.address", "addr"},
                                 {"http.host", "host:81"},
                                 {"net.peer.name", "peer"}};
  EXPECT_EQ(dependency("n", all_of(no_service)).field("target"), "addr");
  const AttributeList peer{
      {"http.method", "GET"}, {"net.peer.name", "peer"}, {"net.peer.port", 81}};
  EXPECT_EQ(dependency("n", all_of(peer)).field("target"), "peer:81");
  const AttributeList address{{"http.method", "GET"}, {"network.peer.address", "10.1.1.1"}};
  EXPECT_EQ(dependency("n", all_of(address)).field("target"), "10.1.1.1");
}

TEST(HttpDependency, NeverTakesTheCallerForItsTarget) {
  const Item item = dependency("n", {{"http.method", "GET"}, {"client.address", "10.0.0.9"}});
  EXPECT_EQ(item.field("target"), "-");
  EXPECT_EQ(item.property("client.address"), "10.0.0.9");
}

TEST(HttpDependency, HidesSecretsInItsUrl) {
  const Encoded encoded = encode_span(
      SpanKind::client, "GET",
      {{"http.request.method", "GET"}, {"url.full", "https://me:pw@api/v1?sig=topsecret"}});
  EXPECT_EQ(encoded[0].field("data"), "https://REDACTED@api/v1?sig=REDACTED");
  EXPECT_EQ(encoded.text.find("topsecret"), std::string::npos);
  EXPECT_EQ(encoded.text.find("pw"), std::string::npos);
}

TEST(HttpDependency, HidesSecretsInAUrlThatStaysAProperty) {
  const Encoded encoded = encode_span(
      SpanKind::internal, "n",
      {{"url.full", "https://me:pw@api/v1?sig=topsecret"}, {"url.query", "Signature=alsosecret"}});
  EXPECT_EQ(encoded[0].property("url.full"), "https://REDACTED@api/v1?sig=REDACTED");
  EXPECT_EQ(encoded[0].property("url.query"), "Signature=REDACTED");
}

TEST(HttpDependency, TellsByErrorTypeWhereThereWasNoAnswer) {
  const Item item = dependency("n", {{"http.request.method", "GET"}, {"error.type", "timeout"}});
  EXPECT_EQ(item.field("resultCode"), "timeout");
  EXPECT_EQ(item.property("error.type"), "timeout");
}

TEST(HttpStatus, OfZeroIsCarriedByTheCodeThatSaysNothing) {
  const Item known = encode_span(SpanKind::server, "s",
                                 {{"http.request.method", "GET"}, {"http.status_code", 0}})[0];
  EXPECT_EQ(known.field("responseCode"), "0");
  EXPECT_EQ(known.property("http.status_code"), "-");
  const Item failed = encode_span(SpanKind::client, "s",
                                  {{"http.request.method", "GET"},
                                   {"http.response.status_code", 0},
                                   {"error.type", "timeout"}})[0];
  EXPECT_EQ(failed.field("resultCode"), "timeout");
  EXPECT_EQ(failed.property("http.response.status_code"), "0");
}

}  // namespace
}  // namespace posthaste::wire
