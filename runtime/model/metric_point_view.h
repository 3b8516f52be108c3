#pragma once

/// Reads a metric point; see metric_point.h. For encoders and tests. Every length is checked, so
/// damaged bytes give no view. Borrows; the record must outlive it.

#include "runtime/model/metric_point.h"
#include "runtime/model/record_view.h"

#include <optional>
#include <string_view>

namespace posthaste::model {

/// Numbers that lie unaligned in a record: bucket counts (1, 2, 4 or 8 bytes each) or doubles.
class PackedCounts {
public:
  PackedCounts() = default;
  PackedCounts(const char* at, std::uint32_t size, std::uint8_t width) noexcept
      : at_(at), size_(size), width_(width) {}

  std::uint32_t size() const noexcept { return size_; }
  std::uint64_t operator[](std::uint32_t index) const noexcept {
    std::uint64_t count = 0;
    std::memcpy(&count, at_ + std::size_t{index} * width_, width_);
    return count;
  }

private:
  const char* at_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint8_t width_ = 1;
};

class PackedDoubles {
public:
  PackedDoubles() = default;
  PackedDoubles(const char* at, std::uint32_t size) noexcept : at_(at), size_(size) {}

  std::uint32_t size() const noexcept { return size_; }
  double operator[](std::uint32_t index) const noexcept {
    double value = 0;
    std::memcpy(&value, at_ + std::size_t{index} * sizeof value, sizeof value);
    return value;
  }

private:
  const char* at_ = nullptr;
  std::uint32_t size_ = 0;
};

struct ExplicitBucketsView {
  PackedDoubles bounds;  // counts.size() - 1 of them
  PackedCounts counts;

  static std::optional<ExplicitBucketsView> from(std::string_view payload) noexcept;
};

struct ExponentialBucketsView {
  ExponentialBucketsHead head{};
  PackedCounts positive;
  PackedCounts negative;

  static std::optional<ExponentialBucketsView> from(std::string_view payload) noexcept;
};

struct QuantilesView {
  PackedDoubles pairs;  // quantile, value, quantile, value, ...

  std::uint32_t size() const noexcept { return pairs.size() / 2; }
  double quantile(std::uint32_t index) const noexcept { return pairs[2 * index]; }
  double value(std::uint32_t index) const noexcept { return pairs[2 * index + 1]; }
};

struct ExemplarView {
  ExemplarHead head{};
  std::string_view attributes;  // for an EntryRange

  double float64() const noexcept {
    return head.integer != 0 ? static_cast<double>(static_cast<std::int64_t>(head.value))
                             : std::bit_cast<double>(head.value);
  }
  static std::optional<ExemplarView> from(const EntryView& entry) noexcept;
};

struct MetricPointView {
  MetricHead head{};
  std::string_view name;
  std::string_view unit;
  std::string_view description;
  std::optional<ExplicitBucketsView> explicit_buckets;
  std::optional<ExponentialBucketsView> exponential_buckets;
  QuantilesView quantiles;
  std::string_view metadata;          // for an EntryRange
  std::string_view scope_attributes;  // likewise

  /// Walks the record once. Empty if it is no metric point or damaged.
  static std::optional<MetricPointView> from(const RecordView& record) noexcept;
  /// Attributes and exemplars (and whatever else the record has): walk these.
  EntryRange entries() const noexcept { return EntryRange(entries_); }

private:
  bool take(const EntryView& entry) noexcept;

  std::string_view entries_;
};

}  // namespace posthaste::model
