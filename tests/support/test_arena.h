#pragma once

/// A small arena in plain memory, and records that carry a number.

#include "runtime/arena/arena.h"
#include "runtime/arena/lane.h"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

namespace posthaste::testing_support {

class TestArena {
public:
  explicit TestArena(arena::Geometry geometry = {.segments = 16, .lanes = 2, .outputs = 1})
      : size_(arena::Arena::size_of(geometry)),
        memory_(static_cast<std::byte*>(std::aligned_alloc(4096, size_)), std::free) {
    std::memset(memory_.get(), 0, size_);
    arena_ = arena::Arena::format(memory(), geometry, {1, 2, 3}, 0x5eed, 0);
    arena_.add_segments(geometry.segments);
  }

  std::span<std::byte> memory() const noexcept { return {memory_.get(), size_}; }
  const arena::Arena& operator*() const noexcept { return arena_; }
  const arena::Arena* operator->() const noexcept { return &arena_; }

private:
  std::size_t size_;
  std::unique_ptr<std::byte, void (*)(void*)> memory_;
  arena::Arena arena_;
};

/// The size of a record with `payload` bytes behind its head.
inline std::uint32_t record_size(std::uint32_t payload) noexcept {
  return static_cast<std::uint32_t>(sizeof(model::RecordHead)) + model::padded(payload);
}

/// A record without entries whose number is in `start`, and mixed into its payload.
inline model::RecordHead numbered_head(std::uint64_t number, std::uint64_t origin) noexcept {
  model::RecordHead head{};
  head.origin = origin;
  head.type = model::RecordType::span;
  head.start = number;
  return head;
}

/// What every byte behind the head of that record is.
inline std::byte payload_byte(std::uint64_t number) noexcept {
  return static_cast<std::byte>(number * 131 >> 3);
}

/// Writes all of a record but its commit word.
inline void fill_record(const arena::Reservation& room, std::uint64_t number,
                        std::uint32_t length) noexcept {
  const model::RecordHead head = numbered_head(number, room.place);
  std::memcpy(room.bytes + 8, reinterpret_cast<const std::byte*>(&head) + 8, sizeof head - 8);
  std::memset(room.bytes + sizeof head, static_cast<int>(payload_byte(number)),
              length - sizeof head);
}

/// Reserves, writes and commits; false if the lane had no room.
inline bool write_record(const arena::LaneWriter& writer, std::uint32_t lane, std::uint64_t number,
                         std::uint32_t payload = 0) noexcept {
  const std::uint32_t length = record_size(payload);
  const arena::Reservation room = writer.reserve(lane, length);
  if (room.bytes == nullptr) return false;
  fill_record(room, number, length);
  writer.commit(room, length);
  return true;
}

/// Whether all bytes behind the head are what fill_record wrote.
inline bool is_whole(const model::RecordHead& record) noexcept {
  const auto* bytes = reinterpret_cast<const std::byte*>(&record);
  for (std::uint32_t i = sizeof record; i < record.length(); ++i) {
    if (bytes[i] != payload_byte(record.start)) return false;
  }
  return true;
}

/// Drains everything there is now; the numbers in the order of reading.
inline std::vector<std::uint64_t> drain(arena::LaneReader& reader, std::size_t limit = 100) {
  std::vector<std::uint64_t> numbers;
  arena::LaneReader::Batch batch;
  while (reader.next_batch(batch, limit)) {
    for (const model::RecordHead* record : batch.records) numbers.push_back(record->start);
    reader.drained(batch);
  }
  return numbers;
}

}  // namespace posthaste::testing_support
