#pragma once

/// The bytes of docs/formats/store.md, version 1: keys, store header, batch header. Written by
/// batch_file.cpp, read by it and by the inspector; decoding takes any bytes whatever.
///
/// Threads: any. Blocking: never.

#include "persistence/batch.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace posthaste::persistence {

inline constexpr std::uint32_t store_schema = 1;
inline constexpr std::size_t key_bytes = 8;
inline constexpr std::size_t store_header_bytes = 96;
inline constexpr std::size_t batch_header_bytes = 128;

using KeyBytes = std::array<std::byte, key_bytes>;
using StoreHeaderBytes = std::array<std::byte, store_header_bytes>;
using BatchHeaderBytes = std::array<std::byte, batch_header_bytes>;

enum class BatchPart : std::uint8_t { header = 0, content = 1 };

KeyBytes store_header_key() noexcept;
KeyBytes encode_key(StoreKey key, BatchPart part) noexcept;

struct DecodedKey {
  StoreKey key{};
  BatchPart part{};
};
/// Nothing for the store header's key and for anything that is not a key of a batch.
std::optional<DecodedKey> decode_key(std::span<const std::byte> bytes) noexcept;

struct StoreHeader {
  std::uint64_t commits = 0;
  std::uint64_t next_key = 1;
  WallTime created{};
  std::string writer;  // at most 48 bytes are kept
};

enum class StoreHeaderCheck : std::uint8_t {
  good,
  foreign,  // sound, but of another schema: leave the file alone
  damaged,
};

StoreHeaderBytes encode(const StoreHeader& header) noexcept;
StoreHeaderCheck decode(std::span<const std::byte> bytes, StoreHeader& out);

/// A batch header as it lies on disk: with its key and the check of its content.
struct BatchHeaderRecord {
  StoreKey key{};
  BatchHeader header;
  std::uint32_t content_crc = 0;
};

BatchHeaderBytes encode(const BatchHeaderRecord& record) noexcept;
/// Nothing unless size, magic, version and check are right.
std::optional<BatchHeaderRecord> decode_batch_header(std::span<const std::byte> bytes) noexcept;

/// What a batch costs on disk and counts against the caps.
std::uint64_t charge_of(std::uint64_t content_bytes) noexcept;

}  // namespace posthaste::persistence
