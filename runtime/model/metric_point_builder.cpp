#include "runtime/model/metric_point_builder.h"

#include <algorithm>
#include <limits>

namespace posthaste::model {
namespace {

std::uint8_t width_of(std::span<const std::uint64_t> counts) noexcept {
  std::uint64_t all = 0;
  for (const std::uint64_t count : counts) all |= count;
  if (all <= UINT8_MAX) return 1;
  if (all <= UINT16_MAX) return 2;
  return all <= UINT32_MAX ? 4 : 8;
}

template <class T>
void pack_as(std::span<const std::uint64_t> counts, std::byte* to) noexcept {
  const std::size_t size = counts.size();
  for (std::size_t i = 0; i < size; ++i) {
    const auto narrow = static_cast<T>(counts[i]);
    std::memcpy(to + i * sizeof narrow, &narrow, sizeof narrow);
  }
}

void pack(std::span<const std::uint64_t> counts, std::uint8_t width, std::byte* to) noexcept {
  switch (width) {
    case 1: return pack_as<std::uint8_t>(counts, to);
    case 2: return pack_as<std::uint16_t>(counts, to);
    case 4: return pack_as<std::uint32_t>(counts, to);
    default: return pack_as<std::uint64_t>(counts, to);
  }
}

}  // namespace

void MetricPointBuilder::start(MetricKind kind, std::string_view name) {
  record_.start(RecordType::metric_point);
  head_ = {};
  head_.type = RecordType::metric_point;
  head_.kind = kind;
  head_.flags = record_flag::start_is_wall | record_flag::end_is_wall;
  head_.sample_rate = 100;
  if (!name.empty()) record_.text(EntryKind::name, name);
}

MetricPointBuilder& MetricPointBuilder::value(std::int64_t value) noexcept {
  head_.value = static_cast<std::uint64_t>(value);
  head_.traits |= metric_trait::has_value | metric_trait::integer;
  return *this;
}

MetricPointBuilder& MetricPointBuilder::value(double value) noexcept {
  head_.value = std::bit_cast<std::uint64_t>(value);
  head_.traits =
      static_cast<std::uint8_t>((head_.traits & ~metric_trait::integer) | metric_trait::has_value);
  return *this;
}

MetricPointBuilder& MetricPointBuilder::count(std::uint64_t count) noexcept {
  head_.count = count;
  return *this;
}

MetricPointBuilder& MetricPointBuilder::min(double min) noexcept {
  head_.min = min;
  head_.traits |= metric_trait::has_min;
  return *this;
}

MetricPointBuilder& MetricPointBuilder::max(double max) noexcept {
  head_.max = max;
  head_.traits |= metric_trait::has_max;
  return *this;
}

MetricPointBuilder& MetricPointBuilder::unit(std::string_view unit) {
  if (!unit.empty()) record_.text(EntryKind::unit, unit);
  return *this;
}

MetricPointBuilder& MetricPointBuilder::description(std::string_view description) {
  if (!description.empty()) record_.text(EntryKind::description, description);
  return *this;
}

MetricPointBuilder& MetricPointBuilder::buckets(std::span<const double> bounds,
                                                std::span<const std::uint64_t> counts) {
  if (counts.size() != bounds.size() + 1 || counts.size() > record_size_limit) return *this;
  const std::uint8_t width = width_of(counts);
  const ExplicitBucketsHead head{static_cast<std::uint32_t>(bounds.size()), width, {}};
  std::byte* to = record_.entry(EntryKind::explicit_buckets,
                                sizeof head + bounds.size_bytes() + counts.size() * width);
  if (to == nullptr) return *this;
  std::memcpy(to, &head, sizeof head);
  to += sizeof head;
  if (!bounds.empty()) std::memcpy(to, bounds.data(), bounds.size_bytes());
  pack(counts, width, to + bounds.size_bytes());
  return *this;
}

MetricPointBuilder& MetricPointBuilder::buckets(const ExponentialBuckets& buckets) {
  if (buckets.positive.size() + buckets.negative.size() > record_size_limit) return *this;
  payload_.clear();
  const std::uint8_t width = std::max(width_of(buckets.positive), width_of(buckets.negative));
  put(ExponentialBucketsHead{
      .zero_count = buckets.zero_count,
      .zero_threshold = buckets.zero_threshold,
      .scale = buckets.scale,
      .positive_offset = buckets.positive_offset,
      .negative_offset = buckets.negative_offset,
      .positive_buckets = static_cast<std::uint32_t>(buckets.positive.size()),
      .negative_buckets = static_cast<std::uint32_t>(buckets.negative.size()),
      .count_width = width,
      .padding = {}});
  put_counts(buckets.positive, width);
  put_counts(buckets.negative, width);
  record_.entry(EntryKind::exponential_buckets, payload_);
  return *this;
}

MetricPointBuilder& MetricPointBuilder::quantiles(std::span<const Quantile> quantiles) {
  if (!quantiles.empty()) record_.entry(EntryKind::quantiles, std::as_bytes(quantiles));
  return *this;
}

void MetricPointBuilder::put_exemplar(const Exemplar& exemplar) {
  payload_.clear();
  put(ExemplarHead{.time = exemplar.time,
                   .value = exemplar.value,
                   .trace_id = exemplar.trace_id,
                   .span_id = exemplar.span_id,
                   .attributes = 0,
                   .integer = exemplar.integer,
                   .time_is_wall = exemplar.time_is_wall,
                   .padding = {}});
}

MetricPointBuilder& MetricPointBuilder::end_exemplar(std::uint16_t attributes) {
  std::memcpy(payload_.data() + offsetof(ExemplarHead, attributes), &attributes, sizeof attributes);
  if (record_.entry(EntryKind::exemplar, payload_)) ++head_.exemplars;
  return *this;
}

MetricPointBuilder& MetricPointBuilder::exemplar(const Exemplar& exemplar,
                                                 const Attributes& filtered) {
  put_exemplar(exemplar);
  return end_exemplar(put_nested(filtered));
}

MetricPointBuilder& MetricPointBuilder::exemplar(const Exemplar& exemplar,
                                                 std::span<const std::byte> filtered,
                                                 std::uint16_t attributes) {
  put_exemplar(exemplar);
  put_bytes(filtered);
  return end_exemplar(attributes);
}

MetricPointBuilder& MetricPointBuilder::metadata(const Attributes& attributes) {
  payload_.clear();
  if (put_nested(attributes) > 0) record_.entry(EntryKind::metadata, payload_);
  return *this;
}

MetricPointBuilder& MetricPointBuilder::scope_attributes(const Attributes& attributes) {
  payload_.clear();
  if (put_nested(attributes) > 0) record_.entry(EntryKind::scope_attributes, payload_);
  return *this;
}

std::span<const std::byte> MetricPointBuilder::bytes() noexcept {
  const RecordHead& kept = record_.head();
  head_.attributes = kept.attributes;
  head_.dropped_attributes = kept.dropped_attributes;
  head_.flags |= kept.flags;
  MetricHead whole = head_;
  const std::span<const std::byte> bytes = record_.bytes();
  whole.commit = bytes.size();
  std::memcpy(reinterpret_cast<std::byte*>(&record_.head()), &whole, sizeof whole);
  return bytes;
}

template <class T>
void MetricPointBuilder::put(const T& value) {
  put_bytes(std::as_bytes(std::span(&value, 1)));
}

std::uint16_t MetricPointBuilder::put_nested(const Attributes& attributes) {
  std::uint16_t kept = 0;
  for (const Attribute& each : attributes) {
    if (kept == std::numeric_limits<std::uint16_t>::max()) break;
    if (append_attribute_entry(payload_, EntryKind::attribute, each.key, each.value)) ++kept;
  }
  return kept;
}

void MetricPointBuilder::put_bytes(std::span<const std::byte> bytes) {
  payload_.insert(payload_.end(), bytes.begin(), bytes.end());
}

void MetricPointBuilder::put_counts(std::span<const std::uint64_t> counts, std::uint8_t width) {
  const std::size_t at = payload_.size();
  payload_.resize(at + counts.size() * width);
  pack(counts, width, payload_.data() + at);
}

}  // namespace posthaste::model
