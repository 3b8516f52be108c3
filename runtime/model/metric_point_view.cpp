#include "runtime/model/metric_point_view.h"

namespace posthaste::model {
namespace {

bool is_width(std::uint8_t width) noexcept {
  return width == 1 || width == 2 || width == 4 || width == 8;
}

bool is_kind(MetricKind kind) noexcept {
  return kind >= MetricKind::gauge && kind <= MetricKind::summary;
}

}  // namespace

std::optional<ExplicitBucketsView> ExplicitBucketsView::from(std::string_view payload) noexcept {
  ExplicitBucketsHead head;
  if (payload.size() < sizeof head) return std::nullopt;
  std::memcpy(&head, payload.data(), sizeof head);
  if (!is_width(head.count_width) || head.bounds >= record_size_limit) return std::nullopt;
  const std::size_t bounds_size = std::size_t{head.bounds} * sizeof(double);
  const std::uint32_t counts = head.bounds + 1;
  if (payload.size() < sizeof head + bounds_size + std::size_t{counts} * head.count_width)
    return {};
  const char* const bounds = payload.data() + sizeof head;
  return ExplicitBucketsView{{bounds, head.bounds},
                             {bounds + bounds_size, counts, head.count_width}};
}

std::optional<ExponentialBucketsView> ExponentialBucketsView::from(
    std::string_view payload) noexcept {
  ExponentialBucketsView view;
  if (payload.size() < sizeof view.head) return std::nullopt;
  std::memcpy(&view.head, payload.data(), sizeof view.head);
  const ExponentialBucketsHead& head = view.head;
  if (!is_width(head.count_width)) return std::nullopt;
  const std::uint64_t buckets = std::uint64_t{head.positive_buckets} + head.negative_buckets;
  if (payload.size() - sizeof head < buckets * head.count_width) return std::nullopt;
  const char* const counts = payload.data() + sizeof head;
  view.positive = {counts, head.positive_buckets, head.count_width};
  view.negative = {counts + std::size_t{head.positive_buckets} * head.count_width,
                   head.negative_buckets, head.count_width};
  return view;
}

std::optional<ExemplarView> ExemplarView::from(const EntryView& entry) noexcept {
  ExemplarView view;
  if (entry.head.kind != EntryKind::exemplar || entry.payload.size() < sizeof view.head) return {};
  std::memcpy(&view.head, entry.payload.data(), sizeof view.head);
  view.attributes = entry.payload.substr(sizeof view.head);
  return view;
}

bool MetricPointView::take(const EntryView& entry) noexcept {
  switch (entry.head.kind) {
    case EntryKind::name: name = entry.text(); return true;
    case EntryKind::unit: unit = entry.text(); return true;
    case EntryKind::description: description = entry.text(); return true;
    case EntryKind::metadata: metadata = entry.payload; return true;
    case EntryKind::scope_attributes: scope_attributes = entry.payload; return true;
    case EntryKind::explicit_buckets:
      explicit_buckets = ExplicitBucketsView::from(entry.payload);
      return explicit_buckets.has_value();
    case EntryKind::exponential_buckets:
      exponential_buckets = ExponentialBucketsView::from(entry.payload);
      return exponential_buckets.has_value();
    case EntryKind::quantiles: {
      const auto size = static_cast<std::uint32_t>(entry.payload.size() / sizeof(double));
      quantiles = {{entry.payload.data(), size}};
      return entry.payload.size() % (2 * sizeof(double)) == 0;
    }
    case EntryKind::exemplar: return ExemplarView::from(entry).has_value();
    case EntryKind::attribute: return true;
    default: return false;
  }
}

std::optional<MetricPointView> MetricPointView::from(const RecordView& record) noexcept {
  MetricPointView view;
  if (record.head().type != RecordType::metric_point) return std::nullopt;
  const std::span<const std::byte> bytes = record.bytes();
  std::memcpy(&view.head, bytes.data(), sizeof view.head);
  if (!is_kind(view.head.kind) || view.head.temporality > Temporality::cumulative) return {};
  const std::span<const std::byte> entries = bytes.subspan(sizeof view.head);
  view.entries_ = {reinterpret_cast<const char*>(entries.data()), entries.size()};
  EntryRange range = view.entries();
  while (const auto entry = range.next()) {
    if (!view.take(*entry)) return std::nullopt;
  }
  if (range.damaged()) return std::nullopt;
  return view;
}

}  // namespace posthaste::model
