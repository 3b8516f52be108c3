#pragma once

/// Metric points read back as plain values, and a store of metrics on its own: for tests of
/// runtime/metrics and of what is built on it.

#include "runtime/metrics/collector.h"
#include "runtime/metrics/metric_store.h"
#include "runtime/model/metric_point_view.h"
#include "tests/support/manual_clock.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace posthaste::testing_support {

struct Point {
  std::string name = {};
  std::string unit = {};
  std::string description = {};
  model::MetricKind kind{};
  model::Temporality temporality{};
  bool monotonic = false;
  bool integer = false;
  std::int64_t int64 = 0;
  double value = 0;
  std::uint64_t count = 0;
  double min = 0;
  double max = 0;
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint16_t outputs = 0;
  std::string attributes = {};  // "key=value,..." in the order of keys
  std::vector<double> bounds = {};
  std::vector<std::uint64_t> counts = {};
  std::optional<std::int32_t> scale = {};
  std::int32_t offset = 0;
  std::uint64_t zeros = 0;
  std::uint16_t exemplars = 0;
};

inline std::string text_of(const model::ValueView& value) {
  switch (value.type()) {
    case AttributeType::string: return std::string(value.string());
    case AttributeType::boolean: return value.boolean() ? "true" : "false";
    case AttributeType::int64: return std::to_string(value.int64());
    case AttributeType::float64: return std::to_string(value.float64());
    default: return "array";
  }
}

inline Point point_of(std::span<const std::byte> bytes) {
  const auto record = model::RecordView::from(bytes);
  const auto view = record ? model::MetricPointView::from(*record) : std::nullopt;
  if (!view) return {.name = "damaged"};
  Point point{.name = std::string(view->name),
              .unit = std::string(view->unit),
              .description = std::string(view->description),
              .kind = view->head.kind,
              .temporality = view->head.temporality,
              .monotonic = view->head.has(model::metric_trait::monotonic),
              .integer = view->head.has(model::metric_trait::integer),
              .int64 = view->head.int64(),
              .value = view->head.float64(),
              .count = view->head.count,
              .min = view->head.min,
              .max = view->head.max,
              .start = view->head.start,
              .end = view->head.end,
              .outputs = view->head.outputs,
              .exemplars = view->head.exemplars};
  std::map<std::string, std::string> attributes;
  model::EntryRange entries = view->entries();
  while (const auto entry = entries.next()) {
    if (entry->head.kind != model::EntryKind::attribute) continue;
    attributes[std::string(entry->key())] = text_of(entry->value());
  }
  for (const auto& [key, value] : attributes) {
    point.attributes += (point.attributes.empty() ? "" : ",") + key + "=" + value;
  }
  if (view->explicit_buckets) {
    for (std::uint32_t i = 0; i < view->explicit_buckets->bounds.size(); ++i) {
      point.bounds.push_back(view->explicit_buckets->bounds[i]);
    }
    for (std::uint32_t i = 0; i < view->explicit_buckets->counts.size(); ++i) {
      point.counts.push_back(view->explicit_buckets->counts[i]);
    }
  }
  if (view->exponential_buckets) {
    point.scale = view->exponential_buckets->head.scale;
    point.offset = view->exponential_buckets->head.positive_offset;
    point.zeros = view->exponential_buckets->head.zero_count;
    for (std::uint32_t i = 0; i < view->exponential_buckets->positive.size(); ++i) {
      point.counts.push_back(view->exponential_buckets->positive[i]);
    }
  }
  return point;
}

/// Keeps what is put, up to `room` points.
class PointList final : public metrics::PointSink {
public:
  bool put(std::span<const std::byte> record) noexcept override {
    if (points.size() >= room) return false;
    points.push_back(point_of(record));
    return true;
  }
  std::vector<Point> points;
  std::size_t room = SIZE_MAX;
};

/// A store of metrics with one meter, collected by hand.
class TestMeter {
public:
  explicit TestMeter(metrics::MetricStoreSetup setup = {})
      : store(
            std::make_unique<metrics::MetricStore>(std::move(setup), open_ingress(), clock, sink)),
        meter(&store->meter("shop", 3, made)),
        collector(std::make_unique<metrics::Collector>(*meter)) {}

  metrics::Instrument& make(const std::string& name, InstrumentKind kind = InstrumentKind::counter,
                            bool integer = true, std::vector<double> boundaries = {}) {
    return *meter->make({.name = name,
                         .unit = "u",
                         .description = "d",
                         .kind = kind,
                         .integer = integer,
                         .boundaries = std::move(boundaries)});
  }
  /// Ten seconds later.
  std::vector<Point> collect() {
    clock.advance(std::chrono::seconds(10));
    PointList list;
    collector->gather(++collections, clock.wall());
    EXPECT_TRUE(collector->emit(list));
    return list.points;
  }
  /// The point of these attributes; a nameless one if there is none.
  static Point find(const std::vector<Point>& points, const std::string& name,
                    const std::string& attributes = "") {
    for (const Point& point : points) {
      if (point.name == name && point.attributes == attributes) return point;
    }
    return {};
  }

  ManualClock clock;
  std::vector<Diagnostic> said;
  DiagnosticsSink sink{[this](const Diagnostic& diagnostic) { said.push_back(diagnostic); }, clock};
  std::unique_ptr<metrics::MetricStore> store;
  bool made = false;
  metrics::MeterState* meter;
  std::unique_ptr<metrics::Collector> collector;
  std::uint64_t collections = 0;

private:
  static const Ingress& open_ingress() {
    static Ingress& ingress = *new Ingress;
    ingress.set(Ingress::open);
    return ingress;
  }
};

}  // namespace posthaste::testing_support
