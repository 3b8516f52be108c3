#include "tests/runtime/wire/encoded.h"

namespace posthaste::wire {
namespace {

TEST(SpanRules, KindDecidesTheItem) {
  EXPECT_EQ(encode_span(SpanKind::server, "s")[0].base_type(), "RequestData");
  EXPECT_EQ(encode_span(SpanKind::consumer, "s")[0].base_type(), "RequestData");
  for (const SpanKind kind : {SpanKind::client, SpanKind::producer, SpanKind::internal}) {
    EXPECT_EQ(encode_span(kind, "s")[0].base_type(), "RemoteDependencyData");
  }
}

TEST(SpanRules, PlainSpansAreTypedByKind) {
  EXPECT_EQ(encode_span(SpanKind::client, "s")[0].field("type"), "Dependency");
  EXPECT_EQ(encode_span(SpanKind::producer, "s")[0].field("type"), "Queue Message");
  EXPECT_EQ(encode_span(SpanKind::internal, "s")[0].field("type"), "InProc");
  model::RecordBuilder root = make_span(SpanKind::internal, "s");
  root.head().parent_span_id = {};
  EXPECT_EQ(encode(root)[0].field("type"), "Dependency");
}

TEST(SpanRules, ConventionsAreTriedInOrder) {
  const AttributeList all{{"messaging.system", "kafka"},
                          {"rpc.system", "grpc"},
                          {"db.system", "mysql"},
                          {"http.request.method", "GET"}};
  EXPECT_EQ(encode_span(SpanKind::client, "s", all_of(all))[0].field("type"), "Http");
  const AttributeList no_http{
      {"messaging.system", "kafka"}, {"rpc.system", "grpc"}, {"db.system", "mysql"}};
  EXPECT_EQ(encode_span(SpanKind::client, "s", all_of(no_http))[0].field("type"), "mysql");
  const AttributeList empty_first{{"http.request.method", ""}, {"rpc.system", "grpc"}};
  EXPECT_EQ(encode_span(SpanKind::client, "s", all_of(empty_first))[0].field("type"), "GRPC");
}

TEST(SpanRules, DependenciesCarryTheOperationNameOfTheirLocalRoot) {
  model::RecordBuilder span = make_span(SpanKind::client, "query");
  span.text(model::EntryKind::operation_name, "POST /checkout");
  EXPECT_EQ(encode(span)[0].tag("ai.operation.name"), "POST /checkout");
  EXPECT_EQ(encode_span(SpanKind::client, "query")[0].tag("ai.operation.name"), "-");
}

TEST(SpanRules, AnApplicationOverridesWhatConventionsSay) {
  const Item request = encode_span(SpanKind::server, "n",
                                   {{"http.request.method", "GET"},
                                    {"http.route", "/r"},
                                    {"microsoft.request.name", "my name"},
                                    {"microsoft.request.url", "my url"},
                                    {"microsoft.request.source", "my source"},
                                    {"microsoft.request.resultCode", "77"},
                                    {"microsoft.operation_name", "my operation"}})[0];
  EXPECT_EQ(request.field("name"), "my name");
  EXPECT_EQ(request.field("url"), "my url");
  EXPECT_EQ(request.field("source"), "my source");
  EXPECT_EQ(request.field("responseCode"), "77");
  EXPECT_EQ(request.tag("ai.operation.name"), "my operation");
  EXPECT_TRUE(request.property_keys().empty());
  const Item dependency = encode_span(SpanKind::client, "n",
                                      {{"microsoft.dependency.type", "Mainframe"},
                                       {"microsoft.dependency.name", "my name"},
                                       {"microsoft.dependency.data", "my data"},
                                       {"microsoft.dependency.target", "my target"},
                                       {"microsoft.dependency.resultCode", "8"}})[0];
  EXPECT_EQ(dependency.field("type"), "Mainframe");
  EXPECT_EQ(dependency.field("name"), "my name");
  EXPECT_EQ(dependency.field("data"), "my data");
  EXPECT_EQ(dependency.field("target"), "my target");
  EXPECT_EQ(dependency.field("resultCode"), "8");
}

TEST(SpanRules, WhatAnApplicationSaysItselfCarriesNoSecretEither) {
  EXPECT_EQ(
      encode_span(SpanKind::server, "n", {{"microsoft.request.url", "https://u:p@h/x?sig=s"}})[0]
          .field("url"),
      "https://REDACTED@h/x?sig=REDACTED");
  EXPECT_EQ(encode_span(SpanKind::client, "n",
                        {{"microsoft.dependency.data", "https://h/x?Signature=s"}})[0]
                .field("data"),
            "https://h/x?Signature=REDACTED");
  EXPECT_EQ(encode_span(SpanKind::client, "n",
                        {{"microsoft.dependency.data", "SELECT a FROM t WHERE b = ? AND c@d"}})[0]
                .field("data"),
            "SELECT a FROM t WHERE b = ? AND c@d");
}

TEST(SpanRules, AnOverrideWithoutAValueIsNone) {
  EXPECT_EQ(encode_span(SpanKind::server, "n", {{"microsoft.request.name", {}}})[0].field("name"),
            "n");
}

TEST(SpanRules, TheOperationNameAttributeIsForDependenciesOnly) {
  const AttributeList named{{"ai.operation.name", "GET /other"}};
  EXPECT_EQ(encode_span(SpanKind::server, "real", all_of(named))[0].tag("ai.operation.name"),
            "real");
  EXPECT_EQ(encode_span(SpanKind::client, "c", all_of(named))[0].tag("ai.operation.name"),
            "GET /other");
}

TEST(SpanRules, AFailedSpanSaysWhy) {
  model::RecordBuilder span = make_span(SpanKind::client, "s", {}, StatusCode::error);
  span.text(model::EntryKind::status_description, "connection reset");
  const Encoded encoded = encode(span);
  EXPECT_EQ(encoded[0].field("success"), "false");
  EXPECT_EQ(encoded[0].property("otel.status_description"), "connection reset");
}

TEST(SpanRules, ASpanWhoseEndNobodySawIsNoSuccess) {
  for (const SpanKind kind : {SpanKind::server, SpanKind::client}) {
    model::RecordBuilder span = make_span(kind, "s", {}, StatusCode::ok);
    span.head().flags |= model::record_flag::interrupted;
    const Encoded encoded = encode(span);
    EXPECT_EQ(encoded[0].field("success"), "false");
    EXPECT_EQ(encoded[0].property("posthaste.interrupted"), "true");
  }
}

TEST(SpanRules, TheSampleRateIsTheRecordsOrTheAttributes) {
  const auto rate = [](double recorded, const Attributes& attributes) {
    model::RecordBuilder span = make_span(SpanKind::server, "s", attributes);
    span.head().sample_rate = recorded;
    return encode(span)[0].top("sampleRate");
  };
  EXPECT_EQ(rate(100, {}), "100");
  EXPECT_EQ(rate(25, {}), "25");
  EXPECT_EQ(rate(100, {{"microsoft.sample_rate", 12.5}}), "12.500000");
  EXPECT_EQ(rate(100, {{"_MS.sampleRate", "25"}}), "25");
  EXPECT_EQ(rate(100, {{"microsoft.sample_rate", 250}}), "100");
  EXPECT_EQ(rate(100, {{"microsoft.sample_rate", " 5 "}}), "5");
  EXPECT_EQ(rate(100, {{"microsoft.sample_rate", "1e1"}}), "10");
  EXPECT_EQ(rate(50, {{"microsoft.sample_rate", "many"}}), "50");
  EXPECT_EQ(rate(50, {{"microsoft.sample_rate", "inf"}}), "50");
  EXPECT_EQ(rate(0, {}), "100");
}

TEST(SpanRules, ARequestFailsByAnyNumberFrom400) {
  const auto success = [](const AttributeValue& status) {
    return encode_span(SpanKind::server, "s", {{"http.status_code", status}})[0].field("success");
  };
  for (const char* const failed : {"400", "4e2", " 404 ", "500.0", "0x1F4", "+404"}) {
    EXPECT_EQ(success(failed), "false") << failed;
  }
  for (const char* const fine : {"399", "0x1F", "0x", "40 4", "+-404", "inf", "nan", "404x", " "}) {
    EXPECT_EQ(success(fine), "true") << fine;
  }
  EXPECT_EQ(success(404.5), "false");
  EXPECT_EQ(success(1e21), "false");
  EXPECT_EQ(success(399.5), "true");
  EXPECT_EQ(success(true), "true");
}

}  // namespace
}  // namespace posthaste::wire
