#include "runtime/metrics/instrument.h"

namespace posthaste::metrics {
namespace {

/// Whether series of this stream take the instrument's values without a look at their kind.
bool takes_as_they_are(const InstrumentInfo& info, const StreamSpec& spec) noexcept {
  if (spec.filters() || info.observable()) return false;
  switch (info.kind) {
    case InstrumentKind::counter:
    case InstrumentKind::up_down_counter:
      return spec.cell == (info.integer ? CellKind::sum_int64 : CellKind::sum_float64);
    case InstrumentKind::histogram:
      return spec.cell == CellKind::explicit_histogram ||
             spec.cell == CellKind::exponential_histogram;
    case InstrumentKind::gauge: return spec.cell == CellKind::last_value;
    default: return false;
  }
}

std::uint64_t bits_of(std::int64_t value) noexcept {
  return static_cast<std::uint64_t>(value);
}
std::uint64_t bits_of(double value) noexcept {
  return std::bit_cast<std::uint64_t>(value);
}

}  // namespace

void Instrument::add_stream(std::unique_ptr<Stream> stream) {
  const bool first = streams_.empty();
  direct_ = first && takes_as_they_are(info_, stream->spec()) ? stream.get() : nullptr;
  streams_.push_back(std::move(stream));
}

template <class T>
void Instrument::measure_all(T value, Attributes attributes) noexcept {
  if (!context_.open()) {
    context_.refuse(MeasurementRefusal::late);
    return;
  }
  if (!takes(value)) return;
  for (const std::unique_ptr<Stream>& stream : streams_) {
    measure(stream->find_or_make(attributes), value, attributes);
  }
}

template <class T>
void Instrument::observe(T value, Attributes attributes, std::uint64_t collection) noexcept {
  if (!takes(value)) return;
  for (const std::unique_ptr<Stream>& stream : streams_) {
    Series& series = stream->find_or_make(attributes);
    set_last(series, bits_of(value));
    series.observed_in = collection;
  }
}

template <class T>
void Instrument::observe_from_source(T value, Attributes attributes,
                                     std::uint64_t collection) noexcept {
  const std::unique_lock observing(observing_, std::try_to_lock);
  if (observing) observe(value, attributes, collection);
}

template void Instrument::measure_all(std::int64_t, Attributes) noexcept;
template void Instrument::measure_all(double, Attributes) noexcept;
template void Instrument::observe(std::int64_t, Attributes, std::uint64_t) noexcept;
template void Instrument::observe(double, Attributes, std::uint64_t) noexcept;
template void Instrument::observe_from_source(std::int64_t, Attributes, std::uint64_t) noexcept;
template void Instrument::observe_from_source(double, Attributes, std::uint64_t) noexcept;

}  // namespace posthaste::metrics
