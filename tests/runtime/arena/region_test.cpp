#include "runtime/arena/region.h"

#include "runtime/arena/address_pool.h"
#include "runtime/arena/lane.h"
#include "runtime/base/file_descriptor.h"
#include "tests/support/child_process.h"
#include "tests/support/memory_directory.h"
#include "tests/support/test_arena.h"

#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <fcntl.h>

#include <fstream>

namespace posthaste::arena {
namespace {

using namespace testing_support;

constexpr Geometry geometry{.segments = 32, .lanes = 2, .outputs = 1};

RegionOptions options_for(std::vector<std::string> directories) {
  return {.size = Arena::size_of(geometry),
          .populated = Arena::tables_size(geometry),
          .directories = std::move(directories),
          .random = 7};
}

Arena format(const Region& region) {
  return Arena::format(region.memory(), geometry, {}, 1, region.generation_base());
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::uint64_t blocks_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_blocks) * 512
                                            : 0;
}

TEST(Region, IsALockedPrivateFileOnAMemoryFileSystem) {
  const MemoryDirectory directory;
  const auto region = Region::create(options_for({directory.path()}));
  ASSERT_TRUE(region);
  EXPECT_TRUE(region->is_recorder());
  EXPECT_EQ(region->recorder_state(), "on (" + region->path() + ")");
  struct stat file {};
  ASSERT_EQ(::stat(region->path().c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600u);
  EXPECT_EQ(static_cast<std::size_t>(file.st_size), Arena::size_of(geometry));
  struct stat parent {};
  ASSERT_EQ(::stat(directory.recorders().c_str(), &parent), 0);
  EXPECT_EQ(parent.st_mode & 0777, 0700u);
  const FileDescriptor other(::open(region->path().c_str(), O_RDWR | O_CLOEXEC));
  EXPECT_NE(::flock(other.get(), LOCK_EX | LOCK_NB), 0);
  EXPECT_EQ(::fcntl(region->lock_descriptor(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

TEST(Region, HasThePagesThatItGivesToTheArenaAndNoOthers) {
  const MemoryDirectory directory;
  auto region = Region::create(options_for({directory.path()}));
  ASSERT_TRUE(region);
  const Arena arena = format(*region);
  EXPECT_EQ(blocks_of(region->path()), Arena::tables_size(geometry));
  EXPECT_FALSE(arena.take_segment(SegmentUse::log, Claim::bodies));
  EXPECT_EQ(*region->extend(arena, 5), 5u);
  EXPECT_EQ(blocks_of(region->path()), Arena::tables_size(geometry) + 5 * segment_size);
  EXPECT_EQ(*region->extend(arena, 100), 27u);
  EXPECT_EQ(*region->extend(arena, 100), 0u);
  EXPECT_EQ(arena.free_segments(), 32u);
  EXPECT_EQ(blocks_of(region->path()), Arena::size_of(geometry));
}

TEST(Region, WorksInAnonymousMemoryToo) {
  RegionOptions options = options_for({"/dev/shm"});
  options.recorder = false;
  auto region = Region::create(options);
  ASSERT_TRUE(region);
  EXPECT_FALSE(region->is_recorder());
  EXPECT_EQ(region->recorder_state(), "off (not wanted)");
  const Arena arena = format(*region);
  EXPECT_EQ(*region->extend(arena, 32), 32u);
  EXPECT_TRUE(write_record(LaneWriter(arena), 0, 1));
  region->mark_alive();
}

TEST(Region, SaysOfEachDirectoryWhyItWillNotDo) {
  const MemoryDirectory foreign;
  const MemoryDirectory linked;
  const MemoryDirectory open;
  std::filesystem::create_directory(foreign.path() + "/elsewhere");
  std::filesystem::create_symlink(foreign.path() + "/elsewhere", linked.recorders());
  std::filesystem::create_directory(open.recorders());
  ::chmod(open.recorders().c_str(), 0755);
  const auto region = Region::create(
      options_for({"/proc", "relative", "/nowhere/at/all", linked.path(), open.path()}));
  ASSERT_TRUE(region);
  EXPECT_FALSE(region->is_recorder());
  const std::string& state = region->recorder_state();
  EXPECT_TRUE(holds(state, "off (/proc: not a memory file system")) << state;
  EXPECT_TRUE(holds(state, "relative: not an absolute path")) << state;
  EXPECT_TRUE(holds(state, "/nowhere/at/all: No such file")) << state;
  EXPECT_TRUE(holds(state, linked.recorders() + ": ")) << state;
  EXPECT_TRUE(holds(state, "make its mode 0700")) << state;
  EXPECT_EQ(linked.files(), 0u);
}

TEST(Region, TakesTheNextDirectoryWhenOneWillNotDo) {
  const MemoryDirectory directory;
  const auto region = Region::create(options_for({"/proc", directory.path()}));
  ASSERT_TRUE(region);
  EXPECT_TRUE(holds(region->path(), directory.path()));
}

TEST(Region, StaysBelowTheLimitOnFileSizes) {
  const MemoryDirectory directory;
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  const rlimit tight{4096, old.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  const auto region = Region::create(options_for({directory.path()}));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
  ASSERT_TRUE(region);
  EXPECT_TRUE(holds(region->recorder_state(), "ulimit -f")) << region->recorder_state();
  EXPECT_EQ(directory.files(), 0u);
}

TEST(Region, StaysBelowAQuarterOfWhatTheMemoryCgroupHasLeft) {
  const MemoryDirectory directory;
  const std::string root = directory.path() + "/root";
  const std::string group = root + "/sys/fs/cgroup/a";
  std::filesystem::create_directories(group);
  std::filesystem::create_directories(root + "/proc/self");
  std::ofstream(root + "/proc/self/cgroup") << "0::/a\n";
  std::ofstream(root + "/proc/self/mountinfo")
      << "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
  std::ofstream(group + "/memory.current") << "1000000\n";
  for (const bool enough : {false, true}) {
    RegionOptions options = options_for({directory.path()});
    options.system_root = root;
    std::ofstream(group + "/memory.max") << 1'000'000 + options.size * 4 + (enough ? 8 : 0) << "\n";
    const auto region = Region::create(options);
    ASSERT_TRUE(region);
    EXPECT_EQ(region->is_recorder(), enough);
    EXPECT_EQ(holds(region->recorder_state(), "memory cgroup"), !enough);
  }
}

TEST(Region, LeavesNothingBehindAndLateWritersUnharmed) {
  const MemoryDirectory directory;
  auto region = Region::create(options_for({directory.path()}));
  ASSERT_TRUE(region);
  const Arena arena = format(*region);
  ASSERT_TRUE(region->extend(arena, 8));
  const LaneWriter writer(arena);
  ASSERT_TRUE(write_record(writer, 0, 1));
  const Reservation late = writer.reserve(0, record_size(100));
  region->release();
  region->release();
  EXPECT_EQ(directory.files(), 0u);
  fill_record(late, 2, record_size(100));
  writer.commit(late, record_size(100));
  SUCCEED();
}

TEST(Region, UsesTheSameAddressesAgain) {
  const MemoryDirectory directory;
  std::uint32_t last_base = 0;
  std::size_t unused = 0;
  for (int i = 0; i < 100; ++i) {
    RegionOptions options = options_for({directory.path()});
    options.recorder = i % 3 != 0;
    auto region = Region::create(options);
    ASSERT_TRUE(region);
    const Arena arena = format(*region);
    ASSERT_TRUE(region->extend(arena, 32));
    EXPECT_EQ(arena.free_segments(), 32u);
    if (i == 0) unused = AddressPool::of_process().unused();
    EXPECT_EQ(AddressPool::of_process().unused(), unused);
    EXPECT_TRUE(i == 0 || region->generation_base() != last_base);
    last_base = region->generation_base();
  }
}

TEST(Region, OfTheParentIsNotHarmedByAForkedChild) {
  const MemoryDirectory directory;
  auto region = Region::create(options_for({directory.path()}));
  ASSERT_TRUE(region);
  std::memset(region->memory().data(), 7, 100);
  ChildProcess child([&] { region->release(); });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(directory.files(), 1u);
  EXPECT_EQ(region->memory()[99], std::byte{7});
}

TEST(Region, IsNotMappedInAForkedChild) {
  const MemoryDirectory directory;
  for (const bool recorder : {true, false}) {
    RegionOptions options = options_for({directory.path()});
    options.recorder = recorder;
    auto region = Region::create(options);
    ASSERT_TRUE(region);
    ChildProcess child([&] {
      ::signal(SIGSEGV, SIG_DFL);
      ::_exit(std::to_integer<int>(region->memory()[0]));
    });
    EXPECT_NE(child.wait(), 0);
  }
}

TEST(Region, OfAForkedChildTakesNoAddressesThatItsParentHasLeft) {
  const MemoryDirectory directory;
  RegionOptions options = options_for({directory.path()});
  options.recorder = false;
  const std::byte* left = nullptr;
  if (auto region = Region::create(options)) left = region->memory().data();
  ASSERT_NE(left, nullptr);
  EXPECT_GT(AddressPool::of_process().unused(), 0u);
  ChildProcess child([&] {
    if (AddressPool::of_process().unused() != 0) ::_exit(1);
    auto region = Region::create(options);
    if (!region) ::_exit(2);
    if (!region->extend(format(*region), 32)) ::_exit(3);
  });
  EXPECT_EQ(child.wait(), 0);
}

/// A tmpfs of a few MiB. Needs root.
class SmallFileSystem {
public:
  explicit SmallFileSystem(const std::string& path, const char* options) : path_(path) {
    mounted_ = ::mount("tmpfs", path.c_str(), "tmpfs", 0, options) == 0;
  }
  SmallFileSystem(const SmallFileSystem&) = delete;
  SmallFileSystem& operator=(const SmallFileSystem&) = delete;
  ~SmallFileSystem() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  bool mounted() const noexcept { return mounted_; }

private:
  std::string path_;
  bool mounted_;
};

TEST(Region, WantsFourTimesItsSizeFree) {
  const MemoryDirectory directory;
  const SmallFileSystem small(directory.path(), "size=8m,mode=700");
  if (!small.mounted()) GTEST_SKIP() << "cannot mount";
  const auto region = Region::create(options_for({directory.path()}));
  ASSERT_TRUE(region);
  EXPECT_FALSE(region->is_recorder());
  EXPECT_TRUE(holds(region->recorder_state(), "four times")) << region->recorder_state();
}

TEST(Region, StaysAsItIsWhenTheFileSystemFillsUp) {
  const MemoryDirectory directory;
  const SmallFileSystem small(directory.path(), "size=12m,mode=700");
  if (!small.mounted()) GTEST_SKIP() << "cannot mount";
  auto region = Region::create(options_for({directory.path()}));
  ASSERT_TRUE(region);
  ASSERT_TRUE(region->is_recorder()) << region->recorder_state();
  const Arena arena = format(*region);
  ASSERT_TRUE(region->extend(arena, 4));
  const std::string filler = directory.path() + "/filler";
  {
    const FileDescriptor file(::open(filler.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    off_t size = 0;
    while (::fallocate(file.get(), 0, size, 65'536) == 0) size += 65'536;
  }
  const auto failed = region->extend(arena, 20);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::arena_unavailable);
  EXPECT_EQ(arena.usable_segments(), 4u);
  for (int i = 0; i < 4; ++i) {
    const auto segment = arena.take_segment(SegmentUse::log, Claim::bodies);
    ASSERT_TRUE(segment);
    std::memset(arena.bytes(*segment), 1, segment_size);
  }
  EXPECT_FALSE(arena.take_segment(SegmentUse::log, Claim::bodies));
  std::filesystem::remove(filler);
  EXPECT_EQ(*region->extend(arena, 20), 20u);
}

}  // namespace
}  // namespace posthaste::arena
