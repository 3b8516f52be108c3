#include "api/recorded_exception.h"
#include "runtime/model/record_times.h"
#include "runtime/produce/producer.h"
#include "runtime/produce/span_access.h"

#include <posthaste/tracer.h>

#include <vector>

namespace posthaste {
namespace {

using produce::Producer;
using produce::SpanSlot;

/// Whether the producer records and the slot is still this handle's. The ingress comes first: in a
/// child of fork, and after the end, the slot's memory is gone.
[[gnu::always_inline]] inline bool lives(Producer& producer, const void* slot,
                                         std::uint32_t generation) noexcept {
  if ((producer.ingress().flags() & Ingress::open) == 0) [[unlikely]]
    return false;
  const auto& head = static_cast<const arena::Slot*>(slot)->head;
  return head.generation.load(std::memory_order_relaxed) == generation;
}
[[gnu::always_inline]] inline Producer* living(const void* slot, std::uint32_t generation,
                                               std::uint16_t runtime) noexcept {
  Producer& producer = *Producer::known(runtime);
  return lives(producer, slot, generation) ? &producer : nullptr;
}

// The general way, out of line: the common one then keeps all in registers.
[[gnu::noinline, gnu::cold]] void set_any_string(arena::Slot& slot, std::uint16_t runtime,
                                                 std::string_view key,
                                                 std::string_view value) noexcept {
  Producer::known(runtime)->span(slot).set_attribute(key, value);
}

[[gnu::noinline]] void operation_attribute_set(arena::Slot& slot, std::uint16_t runtime,
                                               std::string_view key) noexcept {
  Producer::known(runtime)->span(slot).operation_attribute_set(key);
}

[[gnu::noinline, gnu::cold]] void set_any_word(arena::Slot& slot, std::uint16_t runtime,
                                               std::string_view key, AttributeType type,
                                               std::uint64_t word) noexcept {
  Producer::known(runtime)->span(slot).set_slowly(key, AttributeValue(type, word));
}

/// Of a span that stands for it.
[[gnu::noinline, gnu::cold]] void forget_parent(void* context) noexcept {
  delete static_cast<Context*>(context);
}

template <class Exception>
void add_exception(Span& span, std::uint16_t runtime, const Exception& exception,
                   const Attributes& attributes, bool escaped, const void* caller) noexcept {
  try {
    RecordedException recorded(exception, stack_for(runtime, attributes, caller));
    const std::vector<Attribute> all = recorded.attributes(attributes, escaped);
    span.add_event("exception", Attributes(std::span<const Attribute>(all)));
  } catch (...) {
    span.add_event("exception", {{"exception.type", "unknown"},
                                 {"exception.message", "there was no memory to record it"}});
  }
  span.set_status(StatusCode::error);
}

}  // namespace

SpanParts Tracer::start(std::string_view name, const SpanOptions& options) const noexcept {
  Producer* const producer = Producer::known(runtime_);
  if (producer == nullptr) [[unlikely]]
    return SpanAccess::standing_for(options.parent);
  return producer->start_span(name, options, scope_);
}

SpanParts Tracer::start_plain(std::string_view name, SpanKind kind,
                              bool record_unwinding) const noexcept {
  Producer* const producer = Producer::known(runtime_);
  if (producer == nullptr) [[unlikely]]
    return SpanAccess::standing_for(nullptr);
  return producer->start_plain(name, kind, record_unwinding, scope_);
}

bool Span::is_recording() const noexcept {
  if ((flags_ & (recording | measured)) == 0) return false;
  return living(slot_, generation_, runtime_) != nullptr;
}

void Span::set_string(std::string_view key, KeyHash hash, std::string_view value) noexcept {
  if (!hash.known()) return set_string(key, KeyHash(key), value);
  if (living(slot_, generation_, runtime_) == nullptr) [[unlikely]]
    return;
  auto& slot = *static_cast<arena::Slot*>(slot_);
  if (!SpanSlot::append_string_quickly(slot, key, hash, value)) [[unlikely]]
    return set_any_string(slot, runtime_, key, value);
  if (hash.names_operation() && (flags_ & recording) != 0 &&
      SpanSlot::may_name_operation(slot, key)) {
    operation_attribute_set(slot, runtime_, key);
  }
}

void Span::set_word(std::string_view key, KeyHash hash, AttributeType type,
                    std::uint64_t word) noexcept {
  if (!hash.known()) return set_word(key, KeyHash(key), type, word);
  if (living(slot_, generation_, runtime_) == nullptr) [[unlikely]]
    return;
  auto& slot = *static_cast<arena::Slot*>(slot_);
  if (!SpanSlot::append_word_quickly(slot, key, hash, type, word)) [[unlikely]] {
    set_any_word(slot, runtime_, key, type, word);
  }
}

void Span::set_array(std::string_view key, const AttributeValue& value) noexcept {
  if (const Producer* const producer = living(slot_, generation_, runtime_)) {
    producer->span(*static_cast<arena::Slot*>(slot_)).set_attribute(key, value);
  }
}

Span& Span::add_event(std::string_view name, Attributes attributes,
                      std::optional<TimePoint> time) noexcept {
  if ((flags_ & (recording | measured)) == 0) return *this;
  if ((flags_ & recording) == 0) attributes = {};  // events are only counted
  if (Producer* const producer = living(slot_, generation_, runtime_)) {
    producer->span(*static_cast<arena::Slot*>(slot_))
        .add_event(name, attributes, time ? model::wall_ns(*time) : producer->now(),
                   time.has_value());
  }
  return *this;
}

Span& Span::add_link(const Context& context, Attributes attributes) noexcept {
  if ((flags_ & recording) == 0) return *this;
  if (Producer* const producer = living(slot_, generation_, runtime_)) {
    producer->span(*static_cast<arena::Slot*>(slot_))
        .add_link(context.trace_id(), context.span_id(), context.trace_flags(),
                  context.trace_state(), attributes);
  }
  return *this;
}

Span& Span::set_status(StatusCode code, std::string_view description) noexcept {
  if ((flags_ & (recording | measured)) == 0 || code == StatusCode::unset) return *this;
  Producer* const producer = living(slot_, generation_, runtime_);
  if (producer == nullptr) return *this;
  auto& slot = *static_cast<arena::Slot*>(slot_);
  if ((slot.head.flags & produce::slot_flag::status_final) != 0) return *this;
  const SpanSlot span = producer->span(slot);
  span.record().status = static_cast<std::uint8_t>(code);
  if (code == StatusCode::ok) {
    slot.head.flags |= produce::slot_flag::status_final;
    span.remove_text(model::EntryKind::status_description);
  } else {
    slot.head.flags |= produce::slot_flag::failed;
    const bool described = !description.empty() && (flags_ & recording) != 0;
    if (described) span.set_text(model::EntryKind::status_description, description);
  }
  return *this;
}

Span& Span::update_name(std::string_view name) noexcept {
  if ((flags_ & recording) == 0) return *this;
  if (Producer* const producer = living(slot_, generation_, runtime_)) {
    producer->span(*static_cast<arena::Slot*>(slot_)).rename(name);
  }
  return *this;
}

Span& Span::record_exception(const std::exception& exception, Attributes attributes,
                             bool escaped) noexcept {
  if ((flags_ & recording) == 0) return measure_exception();
  if (is_recording()) {
    add_exception(*this, runtime_, exception, attributes, escaped, __builtin_return_address(0));
  }
  return *this;
}

Span& Span::record_exception(const std::exception_ptr& exception, Attributes attributes,
                             bool escaped) noexcept {
  if (exception == nullptr) return *this;
  if ((flags_ & recording) == 0) return measure_exception();
  if (is_recording()) {
    add_exception(*this, runtime_, exception, attributes, escaped, __builtin_return_address(0));
  }
  return *this;
}

/// Of a span that is measured alone, whether one was thrown is all that counts.
Span& Span::measure_exception() noexcept {
  return add_event("exception").set_status(StatusCode::error);
}

bool Span::measures_slowly(std::string_view key) const noexcept {
  return (flags_ & measured_keys::kinds_of(key)) != 0;
}

void Span::end() noexcept {
  end_now(std::nullopt);
}

void Span::end(TimePoint time) noexcept {
  end_now(time);
}

void Span::end_now(std::optional<TimePoint> time) noexcept {
  const std::uint16_t before = flags_;
  if ((before & (recording | measured)) == 0) return;
  flags_ &= static_cast<std::uint16_t>(~(recording | measured));
  if (Producer* const producer = living(slot_, generation_, runtime_)) {
    producer->end_span(*static_cast<arena::Slot*>(slot_), time);
  } else if ((before & recording) != 0) {
    Producer::known(runtime_)->refuse_late();
  }
}

/// The handle goes: the span ends, and its slot goes home.
void Span::finish_now() noexcept {
  void* const held = slot_;
  slot_ = nullptr;
  if ((flags_ & owner) == 0) {
    if ((flags_ & stands_in) != 0) forget_parent(held);
    return;
  }
  Producer& producer = *Producer::known(runtime_);
  if (lives(producer, held, generation_)) [[likely]] {
    producer.finish_span(*static_cast<arena::Slot*>(held), flags_);
  } else if ((flags_ & recording) != 0) {
    producer.refuse_late();
  }
}

std::string_view EndingSpan::name() const noexcept {
  const Producer* const producer = Producer::at(runtime_);
  produce::ThreadState* const thread = produce::ThreadState::current();
  if (producer == nullptr || thread == nullptr) return {};
  return producer->span(*static_cast<arena::Slot*>(slot_))
      .text(model::EntryKind::name, thread->name_buffer());
}

SpanKind EndingSpan::kind() const noexcept {
  return static_cast<SpanKind>(SpanAccess::record(slot_).kind);
}

StatusCode EndingSpan::status() const noexcept {
  return static_cast<StatusCode>(SpanAccess::record(slot_).status);
}

std::chrono::nanoseconds EndingSpan::duration() const noexcept {
  const Producer* const producer = Producer::at(runtime_);
  if (producer == nullptr) return {};
  return model::duration_of(SpanAccess::record(slot_), producer->tick_scale());
}

std::optional<AttributeValue> EndingSpan::attribute(std::string_view key) const noexcept {
  const Producer* const producer = Producer::at(runtime_);
  produce::ThreadState* const thread = produce::ThreadState::current();
  if (producer == nullptr || thread == nullptr) return std::nullopt;
  return producer->span(*static_cast<arena::Slot*>(slot_)).attribute(key, thread->value_buffer());
}

EndingSpan& EndingSpan::set_attribute(std::string_view key, AttributeValue value) noexcept {
  if (const Producer* const producer = Producer::at(runtime_)) {
    producer->span(*static_cast<arena::Slot*>(slot_)).set_attribute(key, value);
  }
  return *this;
}

EndingSpan& EndingSpan::set_name(std::string_view name) noexcept {
  if (const Producer* const producer = Producer::at(runtime_)) {
    producer->span(*static_cast<arena::Slot*>(slot_)).rename(name);
  }
  return *this;
}

}  // namespace posthaste
