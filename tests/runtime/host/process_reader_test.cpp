#include "runtime/host/process_reader.h"

#include "tests/support/file_tree.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

namespace posthaste::host {
namespace {

using namespace std::chrono_literals;

MachineCalls calls() {
  return {.usage = [] { return ProcessUsage{.user = 3s, .system = 1s}; },
          .processors = [] { return 4u; },
          .since_boot = [] { return 1000s; },
          .page_size = 4096,
          .ticks_per_second = 100};
}

TEST(ProcessReading, TurnsPagesAndTicksIntoBytesAndSeconds) {
  testing_support::FileTree tree;
  tree.put("/proc/self/stat",
           "1 (x) S 1 1 1 0 -1 1 1 0 0 0 7 3 0 0 20 0 12 0 90000 3133440 410 1\n");
  ProcessReader reader(tree.root(), calls());
  const auto state = reader.state();
  ASSERT_TRUE(state);
  EXPECT_EQ(state->resident_bytes, 410u * 4096);
  EXPECT_EQ(state->virtual_bytes, 3133440u);
  EXPECT_EQ(state->threads, 12u);
  EXPECT_EQ(state->age, 100s);
  EXPECT_EQ(reader.failures(), "");
}

TEST(ProcessReading, CountsDescriptorsWhereTheKernelDoesNot) {
  testing_support::FileTree tree;
  for (int i = 0; i < 700; ++i) tree.put("/proc/self/fd/" + std::to_string(i), "");
  ProcessReader reader(tree.root(), calls());
  EXPECT_EQ(reader.open_descriptors(), 700u);
}

TEST(ProcessReading, SaysWhatCouldNotBeReadAndWhy) {
  testing_support::FileTree tree;
  tree.put("/proc/self/io", "garbage\n");
  tree.put("/proc/meminfo", "MemAvailable: 5 kB\n");
  ProcessReader reader(tree.root(), calls());
  EXPECT_FALSE(reader.state());
  EXPECT_FALSE(reader.disk_transfer());
  EXPECT_FALSE(reader.open_descriptors());
  EXPECT_FALSE(reader.processor_ticks());
  EXPECT_EQ(reader.available_memory(), 5120u);
  const std::string& root = tree.root();
  EXPECT_EQ(reader.failures(), root + "/proc/self/stat: No such file or directory; " + root +
                                   "/proc/self/io: is not understood; " + root +
                                   "/proc/self/fd: No such file or directory; " + root +
                                   "/proc/stat: No such file or directory");
}

TEST(ProcessReadingHere, SeesThisProcess) {
  ProcessReader reader;
  const auto state = reader.state();
  ASSERT_TRUE(state) << reader.failures();
  EXPECT_GT(state->resident_bytes, 100'000u);
  EXPECT_GT(state->virtual_bytes, state->resident_bytes);
  EXPECT_GE(state->threads, 1u);
  EXPECT_LT(state->age, 1h);
  EXPECT_GE(reader.processors(), 1u);
  EXPECT_TRUE(reader.available_memory()) << reader.failures();
  const auto ticks = reader.processor_ticks();
  ASSERT_TRUE(ticks) << reader.failures();
  EXPECT_LE(ticks->idle, ticks->total);
}

TEST(ProcessReadingHere, CountsOneDescriptorMoreWhenOneIsOpened) {
  ProcessReader reader;
  const auto before = reader.open_descriptors();
  ASSERT_TRUE(before) << reader.failures();
  const int file = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(reader.open_descriptors(), *before + 1);
  ::close(file);
  EXPECT_EQ(reader.open_descriptors(), before);
}

TEST(ProcessReadingHere, CountsTheFaultsOfThreadsThatHaveEnded) {
  ProcessReader reader;
  const ProcessUsage before = reader.usage();
  std::thread([] {
    std::vector<char> memory(16 << 20, 'x');
    EXPECT_EQ(memory.back(), 'x');
  }).join();
  const ProcessUsage after = reader.usage();
  EXPECT_GT(after.minor_faults + after.major_faults, before.minor_faults + before.major_faults);
  EXPECT_GE(after.processor_time(), before.processor_time());
}

}  // namespace
}  // namespace posthaste::host
