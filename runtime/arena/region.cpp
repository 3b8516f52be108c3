#include "runtime/arena/region.h"

#include "runtime/arena/address_pool.h"
#include "runtime/arena/memory_left.h"
#include "runtime/arena/recorder_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <utility>

namespace posthaste::arena {
namespace {

constexpr std::size_t page = 4096;
constexpr int generations_per_use = 1 << 24;

Error no_memory(const std::string& what) {
  return Error(ErrorCode::arena_unavailable, what + ": " + system_error_text(errno));
}

/// Gives a file's range its pages. On ramfs, which has no fallocate, by writing.
bool allocate(int descriptor, std::size_t from, std::size_t to) noexcept {
  int result;
  do {
    result = ::fallocate(descriptor, 0, static_cast<off_t>(from), static_cast<off_t>(to - from));
  } while (result != 0 && errno == EINTR);
  if (result == 0 || errno != EOPNOTSUPP) return result == 0;
  static constexpr std::array<char, page> zeros{};
  for (std::size_t at = from; at < to; at += page) {
    if (::pwrite(descriptor, zeros.data(), page, static_cast<off_t>(at)) != page) return false;
  }
  return true;
}

/// Maps the pages, so that no application thread meets a fault.
bool touch(std::byte* from, std::size_t size) noexcept {
  if (::madvise(from, size, MADV_POPULATE_WRITE) == 0) return true;
  if (errno != EINVAL) return false;
  for (std::size_t at = 0; at < size; at += page) {  // before Linux 5.14
    std::atomic_ref(reinterpret_cast<std::uint64_t&>(from[at])).fetch_or(0);
  }
  return true;
}

/// Why the recorder must not take `size` bytes of what the cgroup has left, if so.
std::string cgroup_objection(std::size_t size, const std::string& root) {
  const std::optional<Bytes> left = memory_left(root);
  if (!left || size < left->count / 4) return {};
  return "the memory cgroup has " + std::to_string(left->count >> 10) +
         " KiB left, and four times the arena's " + std::to_string(size >> 10) + " KiB are wanted";
}

}  // namespace

Region::Region(Region&& other) noexcept
    : base_(std::exchange(other.base_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      populated_(other.populated_),
      descriptor_(std::exchange(other.descriptor_, -1)),
      path_(std::move(other.path_)),
      recorder_state_(std::move(other.recorder_state_)),
      uses_(other.uses_),
      process_(other.process_) {}

Result<Region> Region::reserve(std::size_t size) {
  const AddressRange range = AddressPool::of_process().take(size);
  if (range.base == nullptr) return no_memory("no addresses for the arena");
  Region region;
  region.base_ = range.base;
  region.size_ = range.size;
  region.uses_ = range.uses;
  region.process_ = ::getpid();
  return region;
}

Result<void> Region::map_file(int descriptor, std::string path) {
  descriptor_ = descriptor;
  path_ = std::move(path);
  void* const mapped =
      ::mmap(base_, size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, descriptor, 0);
  if (mapped == MAP_FAILED) return no_memory(path_);
  ::madvise(mapped, size_, MADV_DONTFORK);
  recorder_state_ = "on (" + path_ + ")";
  return {};
}

Result<Region> Region::create_recorder(const RegionOptions& options, const std::string& directory) {
  auto file = create_recorder_file(directory, options.size, options.random);
  if (!file) return file.error();
  auto region = reserve(options.size);
  if (!region) {
    ::unlink(file->path.c_str());
    return region;
  }
  auto mapped = region->map_file(file->descriptor.give(), file->path);
  if (mapped) mapped = region->populate(options.populated);
  if (!mapped) return mapped.error();  // the region's destructor removes the file
  return region;
}

Result<Region> Region::create(const RegionOptions& given) {
  RegionOptions options = given;
  options.size = (options.size + page - 1) / page * page;
  std::string reasons =
      options.recorder ? cgroup_objection(options.size, options.system_root) : "not wanted";
  if (reasons.empty()) {
    for (const std::string& directory : options.directories) {
      auto region = create_recorder(options, directory);
      if (region) return region;
      reasons += (reasons.empty() ? "" : "; ") + region.error().message();
    }
    if (options.directories.empty()) reasons = "no directory for it";
  }
  auto region = reserve(options.size);
  if (!region) return region;
  region->recorder_state_ = "off (" + reasons + ")";
  if (auto populated = region->populate(options.populated); !populated) return populated.error();
  return region;
}

Result<Region> Region::adopt(int descriptor, std::string path, std::size_t size,
                             std::size_t populated) {
  FileDescriptor file(descriptor);
  auto region = reserve(size);
  if (!region) return region;
  auto mapped = region->map_file(file.give(), std::move(path));
  if (mapped) mapped = region->populate(populated);
  if (mapped) return region;
  region->path_.clear();  // the file stays for somebody else
  return mapped.error();
}

std::uint32_t Region::generation_base() const noexcept {
  return uses_ * generations_per_use;
}

Result<void> Region::populate(std::size_t end) {
  end = (std::min(end, size_) + page - 1) / page * page;
  if (end <= populated_) return {};
  if (descriptor_ >= 0 && !allocate(descriptor_, populated_, end)) return no_memory(path_);
  if (!touch(base_ + populated_, end - populated_)) return no_memory("the arena's memory");
  populated_ = end;
  return {};
}

Result<std::uint32_t> Region::extend(const Arena& arena, std::uint32_t segments) {
  const std::uint32_t usable = arena.usable_segments();
  const std::uint32_t more = std::min(segments, arena.geometry().segments - usable);
  const std::size_t end =
      Arena::tables_size(arena.geometry()) + std::size_t{usable + more} * segment_size;
  if (auto populated = populate(end); !populated) return populated.error();
  return arena.add_segments(more);
}

void Region::mark_alive() noexcept {
  if (descriptor_ >= 0) ::futimens(descriptor_, nullptr);
}

void Region::release(bool remove_file) noexcept {
  if (base_ == nullptr) return;
  const bool own = process_ == ::getpid();
  if (own && remove_file && !path_.empty()) {
    struct stat by_name {};
    struct stat by_descriptor {};
    if (::lstat(path_.c_str(), &by_name) == 0 && ::fstat(descriptor_, &by_descriptor) == 0 &&
        by_name.st_ino == by_descriptor.st_ino && by_name.st_dev == by_descriptor.st_dev) {
      ::unlink(path_.c_str());
    }
  }
  if (own) AddressPool::of_process().give_back({base_, size_, uses_});
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  base_ = nullptr;
  size_ = 0;
}

}  // namespace posthaste::arena
