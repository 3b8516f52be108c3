#pragma once

/// Builds a record of runtime/model/record.h's layout in a buffer that grows: what tests,
/// `posthaste convert` and whoever reads the leftovers of a crash use. Application threads do not:
/// they write into slots (runtime/produce), without a heap.
///
/// Threads: none. Memory: the buffer keeps its size from record to record. Full: an entry that
/// would take the record past the limit is left out, counted in the head's dropped counts, and the
/// record is marked truncated.

#include "runtime/model/record.h"

#include <span>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace posthaste::model {

class RecordBuilder {
public:
  /// A record that never lies in an arena may be longer than one that does.
  explicit RecordBuilder(RecordType type, std::uint32_t size_limit = record_size_limit)
      : size_limit_(size_limit) {
    start(type);
  }

  /// Forgets everything and begins another record.
  void start(RecordType type);

  /// Ids, times, kind, status, flags: set them as you like. Counts and length are kept here. The
  /// reference is good until the next entry is added.
  RecordHead& head() noexcept { return *reinterpret_cast<RecordHead*>(bytes_.data()); }

  /// A key that was there keeps its last value; the earlier entry is marked dead.
  RecordBuilder& attribute(std::string_view key, const AttributeValue& value);
  RecordBuilder& attributes(const Attributes& attributes);
  /// Name, operation name, trace state, status description, severity text, event name, unit or
  /// description.
  RecordBuilder& text(EntryKind kind, std::string_view text);
  RecordBuilder& body(const AttributeValue& value);
  /// `time` is ns since the epoch when `wall`, else ticks.
  RecordBuilder& event(std::string_view name, std::uint64_t time, bool wall,
                       const Attributes& attributes = {});
  RecordBuilder& link(const TraceId& trace, const SpanId& span, const Attributes& attributes = {},
                      std::string_view trace_state = {}, std::uint8_t trace_flags = 1);

  /// An entry of any kind whose payload is there already; false, changing nothing but the truncated
  /// flag, if it does not fit.
  bool entry(EntryKind kind, std::span<const std::byte> payload);
  /// The same with `size` bytes to be written in place before the builder is touched again; null if
  /// it does not fit.
  std::byte* entry(EntryKind kind, std::size_t size);
  /// Whole attribute entries, `count` of them, whose keys differ and are not in the record yet.
  bool attribute_entries(std::span<const std::byte> entries, std::uint16_t count);

  /// The record so far, 8-byte aligned, good until the builder is touched again.
  std::span<const std::byte> bytes() noexcept;

private:
  bool fits(std::size_t payload) noexcept;
  std::string_view fitting(std::string_view text) noexcept;
  void bury(EntryKind kind, std::string_view key) noexcept;
  bool append_attribute(EntryKind kind, std::string_view key, const AttributeValue& value);
  std::size_t append_nested(const Attributes& attributes, std::size_t most);
  void open(const EntryHead& entry);
  void write(const void* data, std::size_t size);
  void pad();

  std::uint32_t size_limit_;
  std::vector<std::byte> bytes_;
  std::unordered_set<std::size_t> keys_;  // hashes: most keys are new, and bury nothing
  bool keys_complete_ = true;             // all attributes' keys are in keys_
};

/// Bytes that `value` takes as the value of an entry, without key and padding; `depth` levels of
/// lists and maps are around it.
std::size_t encoded_size(const AttributeValue& value, int depth = 0) noexcept;
/// Appends them.
void append_value(std::vector<std::byte>& to, const AttributeValue& value, int depth = 0);
/// Appends a whole attribute entry; false, changing nothing, if key or value is too long for one.
bool append_attribute_entry(std::vector<std::byte>& to, EntryKind kind, std::string_view key,
                            const AttributeValue& value, int depth = 0);

}  // namespace posthaste::model
