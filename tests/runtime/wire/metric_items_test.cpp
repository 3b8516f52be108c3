#include "runtime/model/metric_point_builder.h"
#include "runtime/wire/metric_data.h"
#include "tests/runtime/wire/encoded.h"

#include <array>
#include <cmath>
#include <limits>

namespace posthaste::wire {
namespace {

using model::MetricKind;
using model::MetricPointBuilder;

constexpr double infinity = std::numeric_limits<double>::infinity();

EncoderContext with_meter(std::string_view meter) {
  EncoderContext context = plain_context();
  context.scope_of = [meter](std::uint16_t) { return Scope{meter, "1.0"}; };
  return context;
}

Encoded encode_point(MetricPointBuilder& point, EncoderContext context = plain_context()) {
  point.head().start = new_year;
  point.head().end = new_year + 60'000'000'000;
  return encode_bytes(point.bytes(), std::move(context));
}

const boost::json::object& point_of(const Item& item) {
  return item.base().at("metrics").as_array().at(0).as_object();
}

TEST(MetricItems, AMetricsTimeIsThatOfItsPoint) {
  MetricPointBuilder point(MetricKind::gauge, "queue.length");
  point.value(std::int64_t{7}).record().attribute("queue", "orders");
  const Encoded encoded = encode_point(point);
  EXPECT_EQ(encoded[0].top("name"), "Microsoft.ApplicationInsights.Metric");
  EXPECT_EQ(encoded[0].base_type(), "MetricData");
  EXPECT_EQ(encoded[0].top("time"), "2026-01-01T00:01:00.0000000Z");
  EXPECT_EQ(encoded[0].top("sampleRate"), "100");
  EXPECT_EQ(boost::json::serialize(point_of(encoded[0])),
            R"({"kind":"Aggregation","name":"queue.length","value":7,"count":1})");
  EXPECT_EQ(encoded[0].property("queue"), "orders");
  EXPECT_EQ(encoded[0].tag("ai.cloud.role"), "shop");
}

TEST(MetricItems, TheMeterIsTheNamespace) {
  MetricPointBuilder point(MetricKind::sum, "orders");
  point.value(std::int64_t{7});
  const Encoded encoded = encode_point(point, with_meter("checkout"));
  EXPECT_EQ(point_of(encoded[0]).at("ns").as_string(), "checkout");
  EXPECT_EQ(encoded[0].property("otel.scope.name"), "-");
  const std::string meter(300, 'm');
  EXPECT_EQ(point_of(encode_point(point, with_meter(meter))[0]).at("ns").as_string().size(), 256u);
}

TEST(MetricItems, AHistogramIsItsSumCountAndExtremes) {
  MetricPointBuilder point(MetricKind::histogram, "latency");
  const std::array<double, 1> bounds{10};
  const std::array<std::uint64_t, 2> counts{1, 3};
  point.value(110.5).count(4).min(5).max(60).buckets(bounds, counts);
  EXPECT_EQ(
      boost::json::serialize(point_of(encode_point(point)[0])),
      R"({"kind":"Aggregation","name":"latency","value":1.105E2,"count":4,"min":5,"max":60})");
}

TEST(MetricItems, AHistogramWithoutASumHasNone) {
  MetricPointBuilder point(MetricKind::exponential_histogram, "latency");
  point.count(4).min(-5);
  EXPECT_EQ(boost::json::serialize(point_of(encode_point(point)[0])),
            R"({"kind":"Aggregation","name":"latency","value":0,"count":4,"min":-5})");
}

TEST(MetricItems, ASummarysExtremesAreItsOutermostQuantiles) {
  MetricPointBuilder point(MetricKind::summary, "latency");
  const std::array<model::Quantile, 3> quantiles{{{0, 1}, {0.5, 20}, {1, 99}}};
  point.value(120.0).count(3).quantiles(quantiles);
  EXPECT_EQ(boost::json::serialize(point_of(encode_point(point)[0])),
            R"({"kind":"Aggregation","name":"latency","value":120,"count":3,"min":1,"max":99})");
}

TEST(MetricItems, APointThatIsNotFiniteIsLeftOutByName) {
  for (const double value : {std::nan(""), infinity, -infinity}) {
    for (const MetricKind kind : {MetricKind::gauge, MetricKind::histogram}) {
      MetricPointBuilder point(kind, "broken");
      point.value(value);
      const Encoded encoded = encode_point(point);
      EXPECT_EQ(encoded.result.refused, EncodeRefusal::not_finite);
      EXPECT_EQ(encoded.text, "");
    }
  }
  MetricPointBuilder missing(MetricKind::gauge, "stale");
  missing.value(1.0).head().point_flags = model::no_recorded_value;
  EXPECT_EQ(encode_point(missing).result.refused, EncodeRefusal::not_finite);
}

TEST(MetricItems, ExtremesThatAreNotFiniteAreLeftOut) {
  MetricPointBuilder point(MetricKind::histogram, "latency");
  point.value(10.0).count(2).min(-infinity).max(infinity);
  EXPECT_EQ(boost::json::serialize(point_of(encode_point(point)[0])),
            R"({"kind":"Aggregation","name":"latency","value":10,"count":2})");
}

TEST(MetricItems, AttributesAreNotFilteredButCut) {
  MetricPointBuilder point(MetricKind::gauge, "g");
  const std::string key(200, 'k');
  point.value(1.0).record().attribute("_MS.MetricId", "requests/duration");
  point.record().attribute("microsoft.custom", true).attribute("http.method", "GET");
  point.record().attribute(key, std::string(9'000, 'v')).attribute("none", {});
  const Item item = encode_point(point)[0];
  EXPECT_EQ(item.property("_MS.MetricId"), "requests/duration");
  EXPECT_EQ(item.property("microsoft.custom"), "true");
  EXPECT_EQ(item.property("http.method"), "GET");
  EXPECT_EQ(item.property(std::string(150, 'k').c_str()).size(), 8'192u);
  EXPECT_EQ(item.property_keys().size(), 4u);
}

TEST(MetricItems, ConversationsMayBeLongAsOnSpans) {
  MetricPointBuilder point(MetricKind::gauge, "g");
  point.value(1.0).record().attribute("gen_ai.output.messages", std::string(9'000, 'v'));
  EXPECT_EQ(encode_point(point)[0].property("gen_ai.output.messages").size(), 9'000u);
}

TEST(MetricItems, PlainNamesOfPerformanceCountersBecomeTheirs) {
  EXPECT_EQ(metric_name("Private_Bytes"), R"(\Process(??APP_WIN32_PROC??)\Private Bytes)");
  EXPECT_EQ(metric_name("Exception_Rate"),
            R"(\.NET CLR Exceptions(??APP_CLR_PROC??)\# of Exceps Thrown / sec)");
  EXPECT_EQ(metric_name("private_bytes"), "private_bytes");
}

TEST(MetricItems, NamesAreCut) {
  const std::string name(1'025, 'n');
  MetricPointBuilder point(MetricKind::gauge, name);
  point.value(1.0);
  EXPECT_EQ(point_of(encode_point(point)[0]).at("name").as_string().size(), 1'024u);
}

TEST(MetricItems, ADamagedPointIsRefused) {
  model::RecordBuilder point(model::RecordType::metric_point);
  point.text(model::EntryKind::explicit_buckets, "x");
  EXPECT_EQ(encode(point).result.refused, EncodeRefusal::damaged);
}

}  // namespace
}  // namespace posthaste::wire
