#pragma once

/// The memory that an arena lies in. A file on a memory file system when it can be had (the flight
/// recorder: what is in it outlives a killed process), else anonymous memory.
///
///   create ─► Arena::format ─► extend … extend ─► release          the owner
///   adopt ─► Orphan (adoption.h) ─► release                          who finds a dead owner's file
///
/// Threads:  create, adopt, extend, mark_alive and release from one thread at a time; memory() from
///           any.
/// Blocking: create and extend make system calls, about 3 µs a page that they populate.
/// Full:     extend gives an error and the arena stays as large as it is. No page is handed out
///           that is not there, so that no access can fail.

#include "runtime/arena/arena.h"

#include <posthaste/result.h>

#include <span>
#include <string>
#include <vector>

namespace posthaste::arena {

struct RegionOptions {
  std::size_t size = 0;       // bytes; Arena::size_of(geometry)
  std::size_t populated = 0;  // of these, there when create returns; at least Arena::tables_size
  bool recorder = true;       // false: anonymous memory is wanted
  std::vector<std::string> directories;  // where to try, in this order; absolute
  std::uint64_t random = 0;              // makes the file's name unique
  std::string system_root = {};          // put before /proc and /sys; for tests
};

class Region {
public:
  /// Falls back to anonymous memory; fails only when not even that can be had.
  static Result<Region> create(const RegionOptions& options);
  /// Takes over the file of an owner that died. `descriptor` is open for reading and writing and
  /// holds the lock; it is closed with the region. Fails if its pages cannot all be had.
  static Result<Region> adopt(int descriptor, std::string path, std::size_t size,
                              std::size_t populated);

  Region(Region&& other) noexcept;
  Region& operator=(Region&&) = delete;
  ~Region() { release(); }

  std::span<std::byte> memory() const noexcept { return {base_, size_}; }
  bool is_recorder() const noexcept { return descriptor_ >= 0; }
  /// "on (/dev/shm/posthaste-1000/812-….arena)" or "off (reason)".
  const std::string& recorder_state() const noexcept { return recorder_state_; }
  /// Of the file; empty without one.
  const std::string& path() const noexcept { return path_; }
  /// Holds the lock; a forked child closes it and does nothing else. -1 without a file.
  int lock_descriptor() const noexcept { return descriptor_; }
  /// For Arena::format: grows each time this process uses the same addresses again.
  std::uint32_t generation_base() const noexcept;

  /// Gets the pages of up to `segments` more segments and puts them on the arena's free list.
  /// Gives how many there were; fewer than asked only when the arena has no more. The owner calls
  /// it once at the start (an arena of less than 16 segments takes next to nothing), then an actor
  /// whenever `arena.free_segments()` gets low.
  Result<std::uint32_t> extend(const Arena& arena, std::uint32_t segments);
  /// Says to others, by the file's time, when the owner was last alive. Call it once a minute.
  void mark_alive() noexcept;
  /// The clean end: the file is gone, and the addresses are empty pages from now on, which late
  /// writers in other threads may still write to. A later create may use them again. Idempotent.
  void release() noexcept { release(true); }
  /// The same, but the file stays for the next start to adopt: something in it was neither
  /// delivered nor stored. Without a file it is gone.
  void leave() noexcept { release(false); }

private:
  void release(bool remove_file) noexcept;

  Region() = default;
  static Result<Region> reserve(std::size_t size);
  static Result<Region> create_recorder(const RegionOptions& options, const std::string& directory);
  Result<void> map_file(int descriptor, std::string path);
  Result<void> populate(std::size_t end);

  std::byte* base_ = nullptr;
  std::size_t size_ = 0;
  std::size_t populated_ = 0;  // bytes from the start whose pages are there
  int descriptor_ = -1;
  std::string path_;
  std::string recorder_state_;
  std::uint32_t uses_ = 0;  // of the same addresses, before
  int process_ = 0;         // that made it: a forked child leaves file and memory alone
};

}  // namespace posthaste::arena
