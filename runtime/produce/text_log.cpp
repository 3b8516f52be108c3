// The log record that most are: a text, and strings, numbers and booleans, outside of any span.
// Measured and written without a function call; everything else goes the way of log_record.cpp,
// which writes the same.

#include "runtime/produce/entry_writer.h"
#include "runtime/produce/producer.h"

#include <cstddef>

namespace posthaste::produce {
namespace {

constexpr std::uint64_t head_size = sizeof(model::EntryHead);

constexpr std::uint64_t entry_end(std::uint64_t payload) noexcept {
  return head_size + ((payload + 7) & ~std::uint64_t{7});
}

[[gnu::always_inline]] inline std::uint64_t value_bytes(const AttributeValue& value) noexcept {
  return value.type() == AttributeType::string ? value.string().size() : 8;
}

/// What the attributes take, and 1; 0 where one is not of the common kind, or may come twice.
[[gnu::always_inline]] inline std::uint64_t common_size(Attributes attributes) noexcept {
  std::uint64_t size = 1;
  std::uint64_t seen = 0;  // of keys, by what tells most of them apart
  for (const Attribute& each : attributes) {
    const std::uint64_t key = each.key.size();
    if (key - 1 >= most_tiny || each.value.type() > AttributeType::float64) [[unlikely]]
      return 0;
    const std::uint64_t place = key * 8 + static_cast<std::uint8_t>(each.key[key - 1]);
    if ((seen >> place % 64 & 1) != 0) [[unlikely]]
      return 0;
    seen |= std::uint64_t{1} << place % 64;
    size += entry_end(key + value_bytes(each.value));
  }
  return size;
}

static_assert(offsetof(model::RecordHead, type) == 16 && offsetof(model::RecordHead, kind) == 17 &&
              offsetof(model::RecordHead, scope) == 22);
static_assert(offsetof(model::RecordHead, attributes) == 80 &&
              offsetof(model::RecordHead, dropped_attributes) == 88);

/// The head of a log outside of any span, but for its commit word: all of it, word by word.
[[gnu::always_inline]] inline void put_head(std::byte* at, std::uint64_t place, Severity severity,
                                            std::uint16_t scope, std::uint64_t time,
                                            std::uint64_t attributes) noexcept {
  const auto put = [at](std::size_t offset, std::uint64_t word) __attribute__((always_inline)) {
    std::memcpy(at + offset, &word, sizeof word);
  };
  auto& record = *reinterpret_cast<model::RecordHead*>(at);
  record.origin = place;
  // No status, no trace flags, no flags.
  put(offsetof(model::RecordHead, type), static_cast<std::uint64_t>(model::RecordType::log) |
                                             static_cast<std::uint64_t>(severity) << 8 |
                                             std::uint64_t{scope} << 48);
  record.trace_id = {};
  record.span_id = {};
  record.parent_span_id = {};
  record.start = time;
  record.end = time;
  record.sample_rate = 100;                                  // it stands for itself alone
  put(offsetof(model::RecordHead, attributes), attributes);  // no events, no links
  put(offsetof(model::RecordHead, dropped_attributes), 0);   // and no events
}

[[gnu::always_inline]] inline std::byte* put_common(std::byte* at,
                                                    const Attribute& attribute) noexcept {
  const std::string_view key = attribute.key;
  const AttributeType type = attribute.value.type();
  const std::uint64_t value = value_bytes(attribute.value);
  // An EntryHead: the size of the key stands in two of its places.
  const std::uint64_t entry = key.size() * (1ull << 32 | 1u << 16) + (value << 32) +
                              (static_cast<std::uint64_t>(type) << 8 |
                               static_cast<std::uint64_t>(model::EntryKind::attribute));
  std::memcpy(at, &entry, sizeof entry);
  if (type == AttributeType::string) {
    copy_tiny(at + head_size, key.data(), key.size());
    copy_small(at + head_size + key.size(), attribute.value.string().data(), value);
  } else {
    const std::uint64_t word = attribute.value.word();
    std::memcpy(at + head_size, &word, sizeof word);
    copy_tiny(at + head_size + sizeof word, key.data(), key.size());
  }
  return at + entry_end(key.size() + value);
}

}  // namespace

void Producer::emit_text(LoggerId id, Severity severity, std::string_view body,
                         Attributes attributes) noexcept {
  Producer* const producer = known(id.runtime);
  if (producer == nullptr) return;
  const std::uint32_t flags = producer->ingress_.flags();
  const ThreadState* const thread = ThreadState::known();
  if ((flags & (Ingress::open | Ingress::logs_refused)) == Ingress::open && thread != nullptr &&
      !thread->has_top() && producer->writes_texts_) [[likely]] {
    const LoggerRule rule = producer->loggers_->rule(id.logger);
    if (severity < rule.minimum_severity) return;
    if (!rule.limited && producer->write_text(rule.scope, severity, body, attributes, *thread))
        [[likely]]
      return;
  }
  emit_slowly(id, severity, body, attributes);
}

[[gnu::noinline]] void Producer::emit_slowly(LoggerId id, Severity severity, std::string_view body,
                                             Attributes attributes) noexcept {
  known(id.runtime)
      ->emit(id.logger, severity, AttributeValue(body), LogOptions{.attributes = attributes});
}

/// False, with nothing done, where the record is not of the common kind, or has no room.
[[gnu::always_inline]] inline bool Producer::write_text(std::uint16_t scope, Severity severity,
                                                        std::string_view body,
                                                        Attributes attributes,
                                                        const ThreadState& thread) noexcept {
  const std::uint64_t measured = common_size(attributes);
  if (measured == 0 || attributes.size() > log_limits_.attributes) [[unlikely]]
    return false;
  const std::uint64_t size = sizeof(model::RecordHead) - 1 + measured + entry_end(body.size());
  if (size > model::record_size_limit) [[unlikely]]
    return false;
  const auto length = static_cast<std::uint32_t>(size);
  const arena::Reservation room = reserve(thread.lane(lane_count_), length, false);
  if (room.bytes == nullptr) [[unlikely]]
    return false;
  put_head(room.bytes, room.place, severity, scope, now(), attributes.size());
  std::byte* at = room.bytes + sizeof(model::RecordHead);
  const std::uint64_t entry = static_cast<std::uint64_t>(AttributeType::string) << 8 |
                              static_cast<std::uint64_t>(model::EntryKind::body) |
                              body.size() << 32;
  std::memcpy(at, &entry, sizeof entry);
  copy_small(at + head_size, body.data(), body.size());
  at += entry_end(body.size());
  for (const Attribute& each : attributes) at = put_common(at, each);
  lanes_.commit(room, length);
  return true;
}

}  // namespace posthaste::produce
