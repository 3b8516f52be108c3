#pragma once

/// Finds the arenas of processes that died: files of this user below the recorder directories whose
/// lock is free. The lock decides, never a pid. What belongs to this application (same outputs,
/// same boot, same format) can be adopted; what is nobody's for 47 h is removed, as it costs
/// memory.
///
/// Threads: any one. Blocking: file system calls; bounded (1,000 files a directory).

#include "runtime/arena/region.h"
#include "runtime/base/clock.h"
#include "runtime/base/file_descriptor.h"

#include <array>
#include <chrono>
#include <optional>

namespace posthaste::arena {

inline constexpr std::chrono::hours orphan_age_limit{47};
inline constexpr std::size_t most_adopted = 2;

/// The file of a dead process, locked by this one; the lock is given up when it goes.
struct OrphanFile {
  FileDescriptor descriptor;
  std::string path;
  std::size_t size = 0;
  WallTime last_alive{};
};

struct OrphanSearch {
  std::vector<std::string> directories;   // as in RegionOptions
  std::vector<std::uint64_t> output_ids;  // of this application's outputs
  std::array<char, 40> boot_id{};         // as in ArenaHeader
  WallTime now{};
  std::vector<std::string> passed_over = {};  // files that could not be opened: others come first
};

/// Records that one output had not got when their file was removed, as far as the file's tables
/// tell: what still lay in lanes is not among them.
struct LostRecords {
  std::uint64_t output_id;
  std::uint64_t records;
};

struct OrphanSurvey {
  std::vector<OrphanFile> adoptable;  // at most most_adopted; whoever died last comes first
  std::uint32_t waiting = 0;          // adoptable as well, but too many at once
  std::uint32_t left = 0;             // other outputs, other formats, or passed over
  std::uint32_t removed = 0;          // of an earlier boot, unreadable, or older than 47 h
  std::vector<LostRecords> lost;      // in those
};

OrphanSurvey find_orphans(const OrphanSearch& search);

/// The first bytes of a file, as far as they matter to its fate. Empty when they are no arena's.
struct OrphanHead {
  bool same_format = false;  // if not, nothing else is known
  bool whole = false;        // if not, somebody cut the file: only its tables are there
  Geometry geometry;
  std::uint32_t touched = 0;  // segments
  std::array<char, 40> boot_id{};
  std::vector<std::uint64_t> output_ids;
  std::vector<LostRecords> undelivered;  // one an output; never more than the arena could hold
};
std::optional<OrphanHead> read_orphan_head(std::span<const std::byte> start, std::size_t file_size);
std::optional<OrphanHead> read_orphan_head(const OrphanFile& file);

enum class OrphanFate : std::uint8_t { adopt, leave, remove };
OrphanFate judge_orphan(const std::optional<OrphanHead>& head, const OrphanSearch& search,
                        WallTime last_alive) noexcept;

}  // namespace posthaste::arena
