#pragma once

/// Finds the arenas of processes that died: files of this user below the recorder directories whose
/// lock is free. The lock decides, never a pid. What belongs to this application (same outputs,
/// same boot, same format) can be adopted; what is nobody's for 47 h is removed, as it costs
/// memory.
///
/// Threads: any one. Blocking: file system calls; bounded (1,000 files a directory).

#include "runtime/arena/region.h"
#include "runtime/base/clock.h"

#include <array>
#include <chrono>

namespace posthaste::arena {

inline constexpr std::chrono::hours orphan_age_limit{47};
inline constexpr std::size_t most_adopted = 2;

/// The file of a dead process, locked by this one; the lock is given up when it goes.
class OrphanFile {
public:
  OrphanFile(int descriptor, std::string path, std::size_t size, WallTime last_alive) noexcept;
  OrphanFile(OrphanFile&& other) noexcept;
  OrphanFile& operator=(OrphanFile&& other) noexcept;
  ~OrphanFile();

  const std::string& path() const noexcept { return path_; }
  std::size_t size() const noexcept { return size_; }
  WallTime last_alive() const noexcept { return last_alive_; }
  int descriptor() const noexcept { return descriptor_; }
  int give_descriptor() noexcept;  // the caller's from now on
  /// Unlinks the file, if it is still the one at its path.
  void remove() noexcept;

private:
  int descriptor_;
  std::string path_;
  std::size_t size_;
  WallTime last_alive_;
};

struct OrphanSearch {
  std::vector<std::string> directories;   // as in RegionOptions
  std::vector<std::uint64_t> output_ids;  // of this application's outputs
  std::array<char, 40> boot_id{};         // as in ArenaHeader
  WallTime now{};
};

struct OrphanSurvey {
  std::vector<OrphanFile> adoptable;  // at most most_adopted; whoever died last comes first
  std::uint32_t left = 0;             // other outputs, other formats, or one too many
  std::uint32_t removed = 0;          // of an earlier boot, unreadable, or older than 47 h
};

/// What to do with an orphan, by its first bytes.
enum class OrphanFate : std::uint8_t { adopt, leave, remove };
OrphanFate judge_orphan(std::span<const std::byte> header_and_outputs, const OrphanSearch& search,
                        WallTime last_alive) noexcept;

OrphanSurvey find_orphans(const OrphanSearch& search);

}  // namespace posthaste::arena
