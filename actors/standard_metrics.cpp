#include "actors/standard_metrics.h"

#include "runtime/model/record_times.h"

#include <posthaste/span_kind.h>

#include <array>
#include <chrono>
#include <new>

namespace posthaste::actors {
namespace {

using wire::Measure;

double milliseconds_of(std::chrono::nanoseconds duration) noexcept {
  return std::chrono::duration<double, std::milli>(duration).count();
}

metrics::InstrumentInfo duration(std::string_view name) {
  // The service takes count, sum and extremes; buckets would only cost memory.
  return {.name = std::string(name),
          .unit = "ms",
          .kind = InstrumentKind::histogram,
          .integer = false,
          .boundaries = {0}};
}

metrics::InstrumentInfo count(std::string_view name) {
  return {.name = std::string(name), .kind = InstrumentKind::counter};
}

metrics::Instrument* made(metrics::MeterState& meter, metrics::InstrumentInfo info) {
  metrics::Instrument* const instrument = meter.make(std::move(info));
  if (instrument == nullptr) throw std::bad_alloc();
  return instrument;
}

std::string_view text_of(bool value) noexcept {
  return value ? "True" : "False";
}

/// The dimensions of one operation; `synthetic` only where it is so.
class Dimensions {
public:
  void add(std::string_view key, std::string_view value) noexcept { all_[count_++] = {key, value}; }
  Attributes all() const noexcept { return std::span<const Attribute>(all_.data(), count_); }

private:
  std::array<Attribute, 5> all_;
  std::size_t count_ = 0;
};

Dimensions dimensions_of(const Measure& measure) noexcept {
  Dimensions found;
  if (measure.operation == Measure::Operation::request) {
    found.add(wire::dimension::request_code, measure.result_code);
    found.add(wire::dimension::request_success, text_of(measure.success));
  } else {
    found.add(wire::dimension::dependency_code, measure.result_code);
    found.add(wire::dimension::dependency_success, text_of(measure.success));
    found.add(wire::dimension::dependency_type, measure.type);
    if (!measure.target.empty()) found.add(wire::dimension::dependency_target, measure.target);
  }
  if (measure.synthetic) found.add(wire::dimension::synthetic, text_of(true));
  return found;
}

}  // namespace

StandardMetrics::StandardMetrics(metrics::MetricStore& store, std::uint16_t scope,
                                 std::uint16_t outputs) {
  metrics::MeterState& meter =
      store.own_meter(wire::standard_meter, scope, {.memory = memory, .outputs = outputs});
  requests_ = made(meter, duration(wire::requests_duration));
  dependencies_ = made(meter, duration(wire::dependencies_duration));
  exceptions_ = made(meter, count(wire::exceptions_count));
  traces_ = made(meter, count(wire::traces_count));
}

void StandardMetrics::add(const Measure& measure) noexcept {
  if (measure.exceptions > 0) exceptions_->measure_all(std::int64_t{measure.exceptions}, {});
  if (measure.traces > 0) traces_->measure_all(std::int64_t{measure.traces}, {});
  if (measure.operation == Measure::Operation::none) return;
  const bool request = measure.operation == Measure::Operation::request;
  (request ? requests_ : dependencies_)
      ->measure_all(milliseconds_of(measure.duration), dimensions_of(measure).all());
}

void StandardMetrics::add_unknown(const model::RecordHead& record,
                                  const TickScale& scale) noexcept {
  const auto kind = static_cast<SpanKind>(record.kind);
  if (record.type == model::RecordType::log) {
    traces_->measure_all(std::int64_t{1}, {});
  } else if (record.type == model::RecordType::span && kind != SpanKind::internal) {
    const bool request = kind == SpanKind::server || kind == SpanKind::consumer;
    (request ? requests_ : dependencies_)
        ->measure_all(milliseconds_of(model::duration_of(record, scale)), {});
  }
}

}  // namespace posthaste::actors
