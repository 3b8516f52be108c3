#include "persistence/store_format.h"

#include "persistence/little_endian.h"
#include "runtime/base/crc32c.h"

#include <algorithm>
#include <limits>

namespace posthaste::persistence {
namespace {

constexpr std::uint64_t store_magic = 0x0045524F54534850;  // "PHSTORE\0"
constexpr std::uint32_t batch_magic = 0x48424850;          // "PHBH"
constexpr std::uint16_t batch_version = 1;
constexpr std::size_t writer_at = 40;
constexpr std::size_t writer_bytes = 48;
constexpr std::size_t largest_store_header = 4096;

constexpr std::uint64_t node_bytes = 176;  // header value, two keys, two nodes with their pointers
constexpr std::uint64_t largest_inline_content = 2022;
constexpr std::uint64_t page_bytes = 4096;
constexpr std::uint64_t overflow_header_bytes = 16;
constexpr std::uint64_t least_charge = 1024;

KeyBytes big_endian(std::uint64_t number) noexcept {
  KeyBytes bytes;
  for (std::size_t i = 0; i < key_bytes; ++i)
    bytes[i] = static_cast<std::byte>(number >> (8 * (key_bytes - 1 - i)));
  return bytes;
}

std::uint32_t check_before_last_word(std::span<const std::byte> bytes) noexcept {
  return crc32c(bytes.first(bytes.size() - sizeof(std::uint32_t)));
}

std::uint32_t last_word(std::span<const std::byte> bytes) noexcept {
  return load<std::uint32_t>(bytes.data() + bytes.size() - sizeof(std::uint32_t));
}

std::int64_t nanoseconds(WallTime time) noexcept {
  return time.time_since_epoch().count();
}

WallTime wall_time(std::int64_t count) noexcept {
  return WallTime{std::chrono::nanoseconds{count}};
}

}  // namespace

KeyBytes store_header_key() noexcept {
  return big_endian(0);
}

KeyBytes encode_key(StoreKey key, BatchPart part) noexcept {
  return big_endian(static_cast<std::uint64_t>(key) * 2 + static_cast<std::uint64_t>(part));
}

std::optional<DecodedKey> decode_key(std::span<const std::byte> bytes) noexcept {
  if (bytes.size() != key_bytes) return std::nullopt;
  std::uint64_t number = 0;
  for (const std::byte byte : bytes) number = (number << 8) | static_cast<std::uint64_t>(byte);
  if (number < 2) return std::nullopt;
  return DecodedKey{StoreKey{number / 2}, static_cast<BatchPart>(number % 2)};
}

StoreHeaderBytes encode(const StoreHeader& header) noexcept {
  StoreHeaderBytes bytes{};
  std::byte* const at = bytes.data();
  store(at, store_magic);
  store(at + 8, store_schema);
  store(at + 12, static_cast<std::uint32_t>(store_header_bytes));
  store(at + 16, header.commits);
  store(at + 24, header.next_key);
  store(at + 32, nanoseconds(header.created));
  std::memcpy(at + writer_at, header.writer.data(), std::min(header.writer.size(), writer_bytes));
  store(at + store_header_bytes - 4, check_before_last_word(bytes));
  return bytes;
}

StoreHeaderCheck decode(std::span<const std::byte> bytes, StoreHeader& out) {
  if (bytes.size() < 20 || bytes.size() > largest_store_header) return StoreHeaderCheck::damaged;
  const std::byte* const at = bytes.data();
  if (load<std::uint64_t>(at) != store_magic || load<std::uint32_t>(at + 12) != bytes.size() ||
      last_word(bytes) != check_before_last_word(bytes))
    return StoreHeaderCheck::damaged;
  if (load<std::uint32_t>(at + 8) != store_schema) return StoreHeaderCheck::foreign;
  if (bytes.size() != store_header_bytes) return StoreHeaderCheck::damaged;
  out.commits = load<std::uint64_t>(at + 16);
  out.next_key = load<std::uint64_t>(at + 24);
  out.created = wall_time(load<std::int64_t>(at + 32));
  char writer[writer_bytes];
  std::memcpy(writer, at + writer_at, writer_bytes);
  out.writer.assign(writer, std::find(writer, writer + writer_bytes, '\0'));
  return StoreHeaderCheck::good;
}

BatchHeaderBytes encode(const BatchHeaderRecord& record) noexcept {
  const BatchHeader& header = record.header;
  BatchHeaderBytes bytes{};
  std::byte* const at = bytes.data();
  store(at, batch_magic);
  store(at + 4, batch_version);
  store(at + 6, static_cast<std::uint16_t>(batch_header_bytes));
  store(at + 8, static_cast<std::uint64_t>(record.key));
  store(at + 16, header.queue.value);
  std::copy(header.origin.arena_id.begin(), header.origin.arena_id.end(), at + 24);
  store(at + 40, header.origin.extent_begin);
  store(at + 48, header.origin.extent_end);
  store(at + 56, nanoseconds(header.created.wall));
  store(at + 64, static_cast<std::int64_t>(header.created.boot.since_boot.count()));
  std::copy(header.created.boot.boot.begin(), header.created.boot.boot.end(), at + 72);
  store(at + 88, header.records);
  store(at + 92, header.items);
  store(at + 96, header.attempts);
  store(at + 100, header.kind);
  store(at + 104, header.body_bytes);
  store(at + 108, header.user_bytes);
  store(at + 112, record.content_crc);
  store(at + batch_header_bytes - 4, check_before_last_word(bytes));
  return bytes;
}

std::optional<BatchHeaderRecord> decode_batch_header(std::span<const std::byte> bytes) noexcept {
  if (bytes.size() != batch_header_bytes) return std::nullopt;
  const std::byte* const at = bytes.data();
  if (load<std::uint32_t>(at) != batch_magic || load<std::uint16_t>(at + 4) != batch_version ||
      load<std::uint16_t>(at + 6) != batch_header_bytes ||
      last_word(bytes) != check_before_last_word(bytes))
    return std::nullopt;
  BatchHeaderRecord record;
  BatchHeader& header = record.header;
  record.key = StoreKey{load<std::uint64_t>(at + 8)};
  header.queue.value = load<std::uint64_t>(at + 16);
  std::copy_n(at + 24, header.origin.arena_id.size(), header.origin.arena_id.begin());
  header.origin.extent_begin = load<std::uint64_t>(at + 40);
  header.origin.extent_end = load<std::uint64_t>(at + 48);
  header.created.wall = wall_time(load<std::int64_t>(at + 56));
  header.created.boot.since_boot = std::chrono::nanoseconds{load<std::int64_t>(at + 64)};
  std::copy_n(at + 72, header.created.boot.boot.size(), header.created.boot.boot.begin());
  header.records = load<std::uint32_t>(at + 88);
  header.items = load<std::uint32_t>(at + 92);
  header.attempts = load<std::uint32_t>(at + 96);
  header.kind = load<std::uint32_t>(at + 100);
  header.body_bytes = load<std::uint32_t>(at + 104);
  header.user_bytes = load<std::uint32_t>(at + 108);
  record.content_crc = load<std::uint32_t>(at + 112);
  return record;
}

std::uint64_t charge_of(std::uint64_t content_bytes) noexcept {
  std::uint64_t content = content_bytes;
  if (content > largest_inline_content)
    content = (content + overflow_header_bytes + page_bytes - 1) / page_bytes * page_bytes;
  return std::max(node_bytes + content, least_charge);
}

}  // namespace posthaste::persistence
