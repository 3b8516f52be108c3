// What is left out, by sampling or by a processor, and measured all the same: it leaves a record with
// the flag `measured`, which the sampler folds into the standard metrics and copies nowhere.

#include "runtime/produce/entry_writer.h"
#include "runtime/produce/lane_hint.h"
#include "runtime/produce/measured_kind.h"
#include "runtime/produce/producer.h"

#include <algorithm>
#include <array>

namespace posthaste::produce {
namespace {

/// What tells whether a log is an exception, an event or a message.
constexpr std::string_view telling_keys[] = {"exception.type",
                                             "exception.message",
                                             "exception.stacktrace",
                                             "microsoft.custom_event.name",
                                             "microsoft.availability.id",
                                             "microsoft.availability.name",
                                             "microsoft.availability.duration",
                                             "microsoft.availability.success"};
constexpr std::uint32_t telling_characters = 32;  // of their values

}  // namespace

/// Runs the processors. False: the span is not recorded, nor measured.
bool Producer::keeps_record(arena::Slot& slot) noexcept {
  model::RecordHead& record = SpanSlot(slot, slots_, span_limits_).record();
  if (run_on_end(slot) || (record.flags & model::record_flag::measured) != 0) return true;
  refuse(RefusalReason::filtered);
  if (!measures_ || measured_as(static_cast<SpanKind>(record.kind)) == 0) return false;
  record.flags |= model::record_flag::measured;
  return true;
}

/// A record that is only measured was refused before, as what it is.
void Producer::refuse_for_room(bool measured) noexcept {
  if (measured) {
    unmeasured_.fetch_add(1, std::memory_order_relaxed);
  } else {
    refuse((ingress_.flags() & Ingress::open) == 0 ? RefusalReason::shutdown
                                                   : RefusalReason::arena_full);
  }
}

/// A log that is not kept, but counted. Its record says what kind of item it would have been, and
/// no more.
void Producer::leave_out_log(RefusalReason reason, Severity severity,
                             Attributes attributes) noexcept {
  refuse_log(reason);
  if (!measures_) return;
  std::array<Attribute, std::size(telling_keys)> telling;
  std::size_t count = 0;
  for (const Attribute& each : attributes) {
    const bool tells = std::find(std::begin(telling_keys), std::end(telling_keys), each.key) !=
                       std::end(telling_keys);
    if (tells && count < telling.size()) telling[count++] = each;
  }
  const AttributeList list(Attributes(std::span<const Attribute>(telling.data(), count)),
                           static_cast<std::uint32_t>(count), telling_characters);
  const auto length = static_cast<std::uint32_t>(sizeof(model::RecordHead) + list.size());
  const arena::Reservation room = reserve(lane_hint(lane_count_), length, false);
  if (room.bytes == nullptr) return refuse_for_room(true);
  model::RecordHead record{};
  record.origin = room.place;
  record.type = model::RecordType::log;
  record.kind = static_cast<std::uint8_t>(severity);
  record.flags = model::record_flag::measured;
  record.sample_rate = 100;
  record.start = record.end = now();
  record.attributes = static_cast<std::uint16_t>(list.kept());
  FlatSink sink{room.bytes + 8};
  sink.put(reinterpret_cast<const std::byte*>(&record) + 8, sizeof record - 8);
  list.put(sink);
  lanes_.commit(room, length);
}

}  // namespace posthaste::produce
