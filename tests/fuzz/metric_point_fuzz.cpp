// A metric point's bytes, as a crash or a foreign file may leave them, through its reader.

#include "runtime/model/metric_point_view.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace model = posthaste::model;

namespace {

/// With length and type that fit, so that the fuzzer need not guess them.
std::vector<std::byte> as_point(const std::uint8_t* data, std::size_t size) {
  std::vector<std::byte> bytes(std::max(size & ~std::size_t{7}, sizeof(model::MetricHead)));
  std::memcpy(bytes.data(), data, std::min(size, bytes.size()));
  const auto length = static_cast<std::uint32_t>(bytes.size());
  std::memcpy(bytes.data(), &length, sizeof length);
  bytes[offsetof(model::MetricHead, type)] =
      static_cast<std::byte>(model::RecordType::metric_point);
  return bytes;
}

std::uint64_t sum(const model::PackedCounts& counts) {
  std::uint64_t all = 0;
  for (std::uint32_t i = 0; i < counts.size(); ++i) all += counts[i];
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<std::byte> bytes = as_point(data, size);
  const auto record = model::RecordView::from(bytes);
  if (!record) return 0;
  const auto view = model::MetricPointView::from(*record);
  if (!view) return 0;
  volatile std::uint64_t seen = view->name.size() + view->unit.size();
  if (view->explicit_buckets) {
    if (view->explicit_buckets->counts.size() != view->explicit_buckets->bounds.size() + 1) {
      std::abort();
    }
    seen = seen + sum(view->explicit_buckets->counts);
  }
  if (view->exponential_buckets) {
    seen = seen + sum(view->exponential_buckets->positive);
    seen = seen + sum(view->exponential_buckets->negative);
  }
  model::EntryRange entries = view->entries();
  while (const auto entry = entries.next()) {
    const auto exemplar = model::ExemplarView::from(*entry);
    if (!exemplar) continue;
    model::EntryRange nested(exemplar->attributes);
    while (const auto each = nested.next()) seen = seen + each->payload.size();
  }
  return 0;
}
