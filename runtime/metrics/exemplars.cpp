#include "runtime/metrics/exemplars.h"

#include "runtime/metrics/stream.h"
#include "runtime/model/record_builder.h"
#include "runtime/produce/thread_state.h"

#include <cstring>
#include <new>

namespace posthaste::metrics {
namespace {

/// Appends an entry if it fits; arrays, lists and maps do not.
void keep_attribute(KeptExemplar& exemplar, const Attribute& attribute) noexcept {
  const AttributeType type = attribute.value.type();
  const bool text = type == AttributeType::string;
  if (!text && !model::is_word(type)) return;
  const std::size_t size = attribute.key.size() + model::encoded_size(attribute.value);
  if (size > KeptExemplar::attribute_room) return;
  const model::EntryHead head{model::EntryKind::attribute, static_cast<std::uint8_t>(type),
                              static_cast<std::uint16_t>(attribute.key.size()),
                              static_cast<std::uint32_t>(size)};
  const std::size_t whole = sizeof head + model::padded(head.size);
  if (exemplar.attribute_bytes + whole > KeptExemplar::attribute_room) return;
  std::byte* at = exemplar.entries.data() + exemplar.attribute_bytes;
  std::memset(at, 0, whole);
  const auto put = [&at](const void* from, std::size_t bytes) {
    if (bytes > 0) std::memcpy(at, from, bytes);
    at += bytes;
  };
  put(&head, sizeof head);
  const std::uint64_t word = text ? 0 : attribute.value.word();
  if (!text) put(&word, sizeof word);
  put(attribute.key.data(), attribute.key.size());
  if (text) put(attribute.value.string().data(), attribute.value.string().size());
  exemplar.attribute_bytes = static_cast<std::uint16_t>(exemplar.attribute_bytes + whole);
  ++exemplar.attributes;
}

/// The series' reservoir, made by the first who needs it.
ExemplarReservoir* reservoir_of(Series& series) noexcept {
  if (ExemplarReservoir* const known = series.exemplars.load(std::memory_order_acquire)) {
    return known;
  }
  return series.stream.make_exemplars(series);
}

}  // namespace

std::uint64_t ExemplarReservoir::charge_of(std::uint32_t slots) noexcept {
  return sizeof(ExemplarReservoir) + std::uint64_t{slots} * sizeof(Slot);
}

ExemplarReservoir* ExemplarReservoir::make(std::uint32_t slots, CellMemory& memory) noexcept {
  if (!memory.charge(charge_of(slots), CellMemory::Purpose::cell_of_thread)) return nullptr;
  std::unique_ptr<Slot[]> made(new (std::nothrow) Slot[slots]);
  auto* const reservoir =
      made == nullptr ? nullptr : new (std::nothrow) ExemplarReservoir(std::move(made), slots);
  if (reservoir == nullptr) memory.release(charge_of(slots));
  return reservoir;
}

bool ExemplarReservoir::put(std::uint32_t slot, const KeptExemplar& exemplar) noexcept {
  Slot& to = slots_[slot];
  if (to.busy.exchange(true, std::memory_order_acquire)) return false;
  const bool empty = !to.filled.load(std::memory_order_relaxed);
  if (empty) {
    to.exemplar = exemplar;
    to.filled.store(true, std::memory_order_relaxed);
  }
  to.busy.store(false, std::memory_order_release);
  return empty;
}

bool ExemplarReservoir::take(std::uint32_t slot, std::uint64_t until, KeptExemplar& into) noexcept {
  Slot& from = slots_[slot];
  if (!filled(slot) || from.busy.exchange(true, std::memory_order_acquire)) return false;
  const bool due = from.filled.load(std::memory_order_relaxed) && from.exemplar.time <= until;
  if (due) {
    into = from.exemplar;
    from.filled.store(false, std::memory_order_relaxed);
  }
  from.busy.store(false, std::memory_order_release);
  return due;
}

bool offer_exemplar(Series& series, std::uint32_t slot, std::uint64_t bits,
                    Attributes given) noexcept {
  const MetricContext& context = series.stream.context();
  if (context.exemplars == ExemplarFilter::always_off) return true;
  const produce::ThreadState* const thread = produce::ThreadState::current();
  const produce::ParentFrame* const span = thread == nullptr ? nullptr : thread->top();
  const bool sampled = span != nullptr && span->sampled();
  if (!sampled && context.exemplars == ExemplarFilter::trace_based) return false;
  ExemplarReservoir* const reservoir = reservoir_of(series);
  if (reservoir == nullptr || reservoir->filled(slot)) return true;
  KeptExemplar exemplar;
  exemplar.value = bits;
  exemplar.time = read_ticks(context.ticks);
  if (span != nullptr) {
    exemplar.trace_id = span->trace_id;
    exemplar.span_id = span->span_id;
  }
  const StreamSpec& spec = series.stream.spec();
  if (spec.filters()) {
    for (const Attribute& each : given) {
      if (!spec.keeps(each.key)) keep_attribute(exemplar, each);
    }
  }
  return reservoir->put(slot, exemplar);
}

}  // namespace posthaste::metrics
