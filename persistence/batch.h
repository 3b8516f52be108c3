#pragma once

/// What goes into the store and what comes out: a batch, which is bytes that the store does not
/// understand, behind a header that it does. The storekeeper actor makes and takes these; the
/// store keeps them (store.h), docs/formats/store.md says how they lie on disk.
///
/// Threads: none; plain values.

#include "runtime/base/boot_clock.h"
#include "runtime/base/clock.h"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace posthaste::persistence {

/// One queue per output: a hash of its endpoint and key.
struct QueueId {
  std::uint64_t value = 0;
  friend auto operator<=>(const QueueId&, const QueueId&) = default;
};

/// The piece of an arena's log that a batch was encoded from.
struct Origin {
  std::array<std::byte, 16> arena_id{};
  std::uint64_t extent_begin = 0;
  std::uint64_t extent_end = 0;
  friend auto operator<=>(const Origin&, const Origin&) = default;
};

/// Two batches of the same identity are the same batch; a store holds it once.
struct BatchIdentity {
  QueueId queue;
  Origin origin;
  friend auto operator<=>(const BatchIdentity&, const BatchIdentity&) = default;
};

/// A stored batch, for as long as its directory lives. Grows, is never used twice, never 0.
enum class StoreKey : std::uint64_t {};

/// When a batch came into being, by both clocks (retention.h says which one counts).
struct CreationTime {
  WallTime wall{};
  BootTime boot{};
  friend bool operator==(const CreationTime&, const CreationTime&) = default;
};

struct BatchHeader {
  QueueId queue;
  Origin origin;
  CreationTime created;          // all zero in a new batch: the store stamps it
  std::uint32_t records = 0;     // as accepted from the application
  std::uint32_t items = 0;       // envelopes in the body
  std::uint32_t attempts = 0;    // to deliver it, so far
  std::uint32_t kind = 0;        // the caller's; e.g. how the body is encoded
  std::uint32_t body_bytes = 0;  // set by the store
  std::uint32_t user_bytes = 0;  // set by the store

  BatchIdentity identity() const noexcept { return {queue, origin}; }
  std::uint64_t content_bytes() const noexcept { return std::uint64_t{body_bytes} + user_bytes; }
  friend bool operator==(const BatchHeader&, const BatchHeader&) = default;
};

/// A batch to be stored. The bytes are borrowed until the call returns.
struct NewBatch {
  BatchHeader header;
  std::vector<std::span<const std::byte>> body;  // pieces, stored as one
  std::span<const std::byte> user;               // a second, opaque part: e.g. an item map
};

/// A batch read from the store; its bytes are a copy.
struct StoredBatch {
  StoreKey key{};
  BatchHeader header;
  std::vector<std::byte> body;
  std::vector<std::byte> user;
};

/// Why batches left the store other than by `settle`.
enum class LossReason : std::uint8_t {
  evicted_size,      // the cap: the oldest made room
  evicted_no_space,  // the disk is full: the oldest made room
  expired,           // older than the store keeps
  corrupt,           // its bytes are not what was written
  quarantined,       // its file could not be used any more
  vanished,          // somebody removed, replaced or cut the file
};

/// One loss. Where nothing could be read any more, `batches` is known and the rest may be zero.
struct Loss {
  LossReason reason{};
  QueueId queue;
  std::uint64_t batches = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;  // of content
  friend bool operator==(const Loss&, const Loss&) = default;
};

/// How much is stored.
struct Level {
  std::uint64_t batches = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;    // of content
  std::uint64_t charged = 0;  // what counts against the caps: disk bytes
  WallTime oldest{};          // creation of the first in line; zero when empty
  friend bool operator==(const Level&, const Level&) = default;
};

}  // namespace posthaste::persistence
