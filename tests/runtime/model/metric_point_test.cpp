#include "runtime/model/metric_point_builder.h"
#include "runtime/model/metric_point_view.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace posthaste::model {
namespace {

std::vector<std::byte> copy_of(std::span<const std::byte> bytes) {
  return {bytes.begin(), bytes.end()};
}

TEST(MetricPoint, GivesBackASum) {
  MetricPointBuilder point(MetricKind::sum, "orders");
  point.unit("{order}").description("Orders taken").value(std::int64_t{-3});
  point.head().temporality = Temporality::delta;
  point.head().traits |= metric_trait::monotonic;
  point.head().start = 1'000;
  point.head().end = 2'000;
  point.head().scope = 7;
  point.record().attribute("route", "/pay").attribute("retries", 2);
  const auto record = RecordView::from(point.bytes());
  ASSERT_TRUE(record);
  const auto view = MetricPointView::from(*record);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->head.kind, MetricKind::sum);
  EXPECT_EQ(view->head.temporality, Temporality::delta);
  EXPECT_TRUE(view->head.has(metric_trait::monotonic));
  EXPECT_TRUE(view->head.has(metric_trait::integer));
  EXPECT_EQ(view->head.int64(), -3);
  EXPECT_EQ(view->head.float64(), -3.0);
  EXPECT_EQ(view->name, "orders");
  EXPECT_EQ(view->unit, "{order}");
  EXPECT_EQ(view->description, "Orders taken");
  EXPECT_EQ(view->head.attributes, 2);
  EXPECT_EQ(record->attribute("route")->string(), "/pay");
  // What readers of any record ask for.
  EXPECT_EQ(record->head().scope, 7);
  EXPECT_EQ(record->head().start, 1'000u);
  EXPECT_EQ(record->head().end, 2'000u);
  EXPECT_EQ(record->head().events, 0);
  EXPECT_EQ(record->head().sample_rate, 100);
  EXPECT_TRUE(record->head().flags & record_flag::end_is_wall);
}

TEST(MetricPoint, SaysThatAValueIsMissing) {
  MetricPointBuilder point(MetricKind::gauge, "temperature");
  point.head().point_flags = no_recorded_value;
  const auto view = MetricPointView::from(*RecordView::from(point.bytes()));
  ASSERT_TRUE(view);
  EXPECT_FALSE(view->head.has(metric_trait::has_value));
  EXPECT_EQ(view->head.point_flags, no_recorded_value);
  EXPECT_EQ(view->unit, "");
}

TEST(MetricPoint, PacksCountsInTheLeastWidth) {
  const std::array<double, 2> bounds{0.5, 10};
  std::size_t last = 0;
  for (const std::uint64_t greatest :
       {std::uint64_t{255}, std::uint64_t{65'535}, std::uint64_t{1} << 20,
        std::numeric_limits<std::uint64_t>::max()}) {
    const std::array<std::uint64_t, 3> counts{1, greatest, 0};
    MetricPointBuilder point(MetricKind::histogram, "h");
    point.value(12.5).count(3).min(0.25).max(11).buckets(bounds, counts);
    const std::size_t size = point.bytes().size();
    EXPECT_GE(size, last);
    last = size;
    const auto view = MetricPointView::from(*RecordView::from(point.bytes()));
    ASSERT_TRUE(view && view->explicit_buckets);
    EXPECT_EQ(view->explicit_buckets->bounds.size(), 2u);
    EXPECT_EQ(view->explicit_buckets->bounds[1], 10);
    ASSERT_EQ(view->explicit_buckets->counts.size(), 3u);
    EXPECT_EQ(view->explicit_buckets->counts[0], 1u);
    EXPECT_EQ(view->explicit_buckets->counts[1], greatest);
    EXPECT_EQ(view->explicit_buckets->counts[2], 0u);
    EXPECT_EQ(view->head.count, 3u);
    EXPECT_EQ(view->head.min, 0.25);
    EXPECT_EQ(view->head.max, 11);
    EXPECT_TRUE(view->head.has(metric_trait::has_min) && view->head.has(metric_trait::has_max));
  }
  EXPECT_EQ(last, sizeof(MetricHead) + 16 + 8 + 8 + 2 * 8 + 3 * 8);
}

TEST(MetricPoint, TakesNoBucketsWhoseNumbersDisagree) {
  const std::array<double, 2> bounds{1, 2};
  const std::array<std::uint64_t, 2> counts{1, 2};
  MetricPointBuilder point(MetricKind::histogram, "h");
  point.buckets(bounds, counts);
  EXPECT_FALSE(MetricPointView::from(*RecordView::from(point.bytes()))->explicit_buckets);
}

TEST(MetricPoint, GivesBackAnExponentialHistogram) {
  const std::array<std::uint64_t, 3> positive{1, 0, 300};
  const std::array<std::uint64_t, 1> negative{9};
  MetricPointBuilder point(MetricKind::exponential_histogram, "latency");
  point.buckets({.scale = -2,
                 .zero_count = 4,
                 .zero_threshold = 0.001,
                 .positive_offset = -7,
                 .positive = positive,
                 .negative_offset = 12,
                 .negative = negative});
  const auto view = MetricPointView::from(*RecordView::from(point.bytes()));
  ASSERT_TRUE(view && view->exponential_buckets);
  const ExponentialBucketsView& buckets = *view->exponential_buckets;
  EXPECT_EQ(buckets.head.scale, -2);
  EXPECT_EQ(buckets.head.zero_count, 4u);
  EXPECT_EQ(buckets.head.zero_threshold, 0.001);
  EXPECT_EQ(buckets.head.positive_offset, -7);
  EXPECT_EQ(buckets.head.negative_offset, 12);
  ASSERT_EQ(buckets.positive.size(), 3u);
  EXPECT_EQ(buckets.positive[2], 300u);
  ASSERT_EQ(buckets.negative.size(), 1u);
  EXPECT_EQ(buckets.negative[0], 9u);
}

TEST(MetricPoint, GivesBackASummaryAndItsQuantiles) {
  const std::array<Quantile, 2> quantiles{{{0.5, 3}, {0.99, 17.5}}};
  MetricPointBuilder point(MetricKind::summary, "old");
  point.value(100.0).count(20).quantiles(quantiles);
  const auto view = MetricPointView::from(*RecordView::from(point.bytes()));
  ASSERT_TRUE(view);
  ASSERT_EQ(view->quantiles.size(), 2u);
  EXPECT_EQ(view->quantiles.quantile(1), 0.99);
  EXPECT_EQ(view->quantiles.value(1), 17.5);
}

TEST(MetricPoint, CarriesExemplarsMetadataAndScopeAttributes) {
  TraceId trace;
  trace.bytes[3] = 8;
  SpanId span;
  span.bytes[7] = 5;
  MetricPointBuilder point(MetricKind::sum, "n");
  point.exemplar({.time = 77, .value = 5, .integer = true, .trace_id = trace, .span_id = span},
                 {{"user", "u1"}});
  point.exemplar({.time = 78, .value = std::bit_cast<std::uint64_t>(0.5)});
  point.metadata({{"prometheus.type", "counter"}}).scope_attributes({{"shard", 3}});
  const auto view = MetricPointView::from(*RecordView::from(point.bytes()));
  ASSERT_TRUE(view);
  EXPECT_EQ(view->head.exemplars, 2);
  std::vector<ExemplarView> exemplars;
  EntryRange range = view->entries();
  while (const auto entry = range.next()) {
    if (const auto exemplar = ExemplarView::from(*entry)) exemplars.push_back(*exemplar);
  }
  ASSERT_EQ(exemplars.size(), 2u);
  EXPECT_EQ(exemplars[0].head.trace_id, trace);
  EXPECT_EQ(exemplars[0].head.span_id, span);
  EXPECT_EQ(exemplars[0].float64(), 5);
  EXPECT_EQ(exemplars[0].head.attributes, 1);
  EXPECT_EQ(EntryRange(exemplars[0].attributes).next()->value().string(), "u1");
  EXPECT_EQ(exemplars[1].float64(), 0.5);
  EXPECT_EQ(EntryRange(view->metadata).next()->key(), "prometheus.type");
  EXPECT_EQ(EntryRange(view->scope_attributes).next()->value().int64(), 3);
}

TEST(MetricPoint, IsForTheOutputsThatItNames) {
  MetricHead head{};
  EXPECT_TRUE(head.is_for(0) && head.is_for(7));
  head.outputs = 0b10;
  EXPECT_FALSE(head.is_for(0));
  EXPECT_TRUE(head.is_for(1));
}

TEST(MetricPoint, TakesAttributesThatAreEntriesAlready) {
  std::vector<std::byte> entries;
  append_attribute_entry(entries, EntryKind::attribute, "a", 1);
  append_attribute_entry(entries, EntryKind::attribute, "b", "two");
  MetricPointBuilder point(MetricKind::sum, "n");
  EXPECT_TRUE(point.record().attribute_entries(entries, 2));
  const auto record = RecordView::from(point.bytes());
  EXPECT_EQ(record->head().attributes, 2);
  EXPECT_EQ(record->attribute("b")->string(), "two");
}

TEST(MetricPoint, CountsAttributesThatDoNotFit) {
  MetricPointBuilder point(MetricKind::sum, "n");
  point.record().attribute("a", std::string(60'000, 'x')).attribute("b", std::string(60'000, 'x'));
  const auto view = MetricPointView::from(*RecordView::from(point.bytes()));
  ASSERT_TRUE(view);
  EXPECT_EQ(view->head.attributes, 1);
  EXPECT_EQ(view->head.dropped_attributes, 1u);
  EXPECT_TRUE(view->head.flags & record_flag::truncated);
}

TEST(MetricPoint, StartsAnewWithoutTraces) {
  MetricPointBuilder point(MetricKind::histogram, "first");
  point.value(1.0).count(3).exemplar({}).record().attribute("a", 1);
  static_cast<void>(point.bytes());
  point.start(MetricKind::gauge, "second");
  const auto view = MetricPointView::from(*RecordView::from(point.bytes()));
  EXPECT_EQ(view->name, "second");
  EXPECT_EQ(view->head.attributes, 0);
  EXPECT_EQ(view->head.exemplars, 0);
  EXPECT_EQ(view->head.count, 0u);
  EXPECT_FALSE(view->head.has(metric_trait::has_value));
}

TEST(MetricPoint, IsNoOtherRecord) {
  RecordBuilder span(RecordType::span);
  EXPECT_FALSE(MetricPointView::from(*RecordView::from(span.bytes())));
  MetricPointBuilder point(MetricKind::sum, "n");
  std::vector<std::byte> bytes = copy_of(point.bytes());
  bytes[offsetof(MetricHead, kind)] = std::byte{9};
  EXPECT_FALSE(MetricPointView::from(*RecordView::from(bytes)));
}

std::size_t read_all(const MetricPointView& view) {
  std::size_t seen = view.name.size() + view.unit.size() + view.description.size();
  const auto read_counts = [&seen](const PackedCounts& counts) {
    for (std::uint32_t i = 0; i < counts.size(); ++i) seen += counts[i] & 1;
  };
  if (view.explicit_buckets) {
    for (std::uint32_t i = 0; i < view.explicit_buckets->bounds.size(); ++i) {
      seen += view.explicit_buckets->bounds[i] > 0;
    }
    read_counts(view.explicit_buckets->counts);
  }
  if (view.exponential_buckets) {
    read_counts(view.exponential_buckets->positive);
    read_counts(view.exponential_buckets->negative);
  }
  for (std::uint32_t i = 0; i < view.quantiles.size(); ++i) seen += view.quantiles.value(i) > 0;
  EntryRange range = view.entries();
  while (const auto entry = range.next()) {
    const auto exemplar = ExemplarView::from(*entry);
    EntryRange nested(exemplar ? exemplar->attributes : std::string_view());
    while (const auto each = nested.next()) seen += each->payload.size();
  }
  return seen;
}

TEST(MetricPoint, NeverReadsOutsideWhateverByteIsDamaged) {
  const std::array<double, 2> bounds{1, 2};
  const std::array<std::uint64_t, 3> counts{1, 2, 3};
  const std::array<Quantile, 1> quantiles{{{0.5, 3}}};
  MetricPointBuilder point(MetricKind::histogram, "name");
  point.unit("s").buckets(bounds, counts).buckets({.positive = counts, .negative = counts});
  point.quantiles(quantiles).exemplar({}, {{"a", 1}}).metadata({{"b", "c"}});
  point.record().attribute("k", "v");
  const std::vector<std::byte> whole = copy_of(point.bytes());
  std::mt19937 random(5);
  std::size_t seen = 0;
  for (int round = 0; round < 20'000; ++round) {
    // An exact copy on the heap, so that a read behind its end is an error under AddressSanitizer.
    std::vector<std::byte> bytes(whole.begin(), whole.end());
    for (int i = 0; i < 3; ++i) bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    const auto record = RecordView::from(bytes);
    const auto view = record ? MetricPointView::from(*record) : std::nullopt;
    if (view) seen += read_all(*view);
  }
  EXPECT_GT(seen, 0u);
}

}  // namespace
}  // namespace posthaste::model
