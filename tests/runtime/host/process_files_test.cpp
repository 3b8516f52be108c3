#include "runtime/host/process_files.h"

#include <gtest/gtest.h>

#include <string>

namespace posthaste::host {
namespace {

const std::string stat_tail =
    " S 4158 4158 24191 0 -1 4194304 100 0 0 0 7 3 0 0 20 0 12 0 2312691 3133440 410 "
    "18446744073709551615 94094803369984 94094803389865 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0\n";

TEST(ProcessStat, IsReadBehindTheName) {
  const auto stat = parse_process_stat("4162 (cat)" + stat_tail);
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->threads, 12u);
  EXPECT_EQ(stat->started, 2312691u);
  EXPECT_EQ(stat->virtual_bytes, 3133440u);
  EXPECT_EQ(stat->resident_pages, 410u);
}

TEST(ProcessStat, IsNotMisledByAProgramThatCallsItselfAnything) {
  const auto stat = parse_process_stat("1 (a) R 1 2 (\n) x )" + stat_tail);
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->threads, 12u);
}

TEST(ProcessStat, IsNothingWhenItEndsEarlyOrHoldsNoNumbers) {
  EXPECT_FALSE(parse_process_stat(""));
  EXPECT_FALSE(parse_process_stat("4162 (cat"));
  EXPECT_FALSE(parse_process_stat("4162 (cat) S 1 2 3"));
  EXPECT_FALSE(
      parse_process_stat("1 (x) S 1 1 1 0 -1 1 1 0 0 0 7 3 0 0 20 0 -12 0 2312691 3133440 410 1"));
  EXPECT_FALSE(parse_process_stat(
      "1 (x) S 1 1 1 0 -1 1 1 0 0 0 7 3 0 0 20 0 12 0 99999999999999999999 3133440 410 1"));
}

TEST(ProcessIo, CountsWhatWentToAndCameFromADisk) {
  const auto io = parse_process_io(
      "rchar: 6976\nwchar: 12\nsyscr: 10\nsyscw: 0\nread_bytes: 4096\nwrite_bytes: 8192\n"
      "cancelled_write_bytes: 0\n");
  ASSERT_TRUE(io);
  EXPECT_EQ(io->read, 4096u);
  EXPECT_EQ(io->written, 8192u);
}

TEST(ProcessIo, IsNothingWithoutBothNumbers) {
  EXPECT_FALSE(parse_process_io(""));
  EXPECT_FALSE(parse_process_io("read_bytes: 4096\n"));
  EXPECT_FALSE(parse_process_io("read_bytes: -1\nwrite_bytes: 8192\n"));
  EXPECT_FALSE(parse_process_io("read_bytes:\nwrite_bytes: x\n"));
}

TEST(AvailableMemory, IsWhatTheKernelEstimates) {
  EXPECT_EQ(parse_available_memory("MemTotal:       24684100 kB\nMemFree:        18743276 kB\n"
                                   "MemAvailable:   23795432 kB\nBuffers: 1 kB\n"),
            std::uint64_t{23795432} * 1024);
}

TEST(AvailableMemory, IsWhatIsFreeOnOldKernels) {
  EXPECT_EQ(parse_available_memory("MemTotal: 9 kB\nMemFree: 5 kB\n"), 5u * 1024);
  EXPECT_FALSE(parse_available_memory("MemTotal: 9 kB\n"));
  EXPECT_FALSE(parse_available_memory("MemFree: 18446744073709551615 kB\n"));
}

TEST(ProcessorTicks, AreOfAllProcessorsAndCountWaitingAsIdle) {
  const auto ticks =
      parse_processor_ticks("cpu  100 20 30 400 50 0 6 7 80 9\ncpu0 1 2 3 4 5 6 7 8 9 10\n");
  ASSERT_TRUE(ticks);
  EXPECT_EQ(ticks->total, 613u);
  EXPECT_EQ(ticks->idle, 450u);
}

TEST(ProcessorTicks, DoWithTheFourFieldsOfOldKernelsAndNoFewer) {
  const auto ticks = parse_processor_ticks("cpu 1 2 3 4");
  ASSERT_TRUE(ticks);
  EXPECT_EQ(ticks->total, 10u);
  EXPECT_EQ(ticks->idle, 4u);
  EXPECT_FALSE(parse_processor_ticks("cpu 1 2 3\n"));
  EXPECT_FALSE(parse_processor_ticks("cpu0 1 2 3 4\n"));
  EXPECT_FALSE(parse_processor_ticks("cpu 1 2 3 -4\n"));
  EXPECT_FALSE(parse_processor_ticks("cpu 18446744073709551615 1 1 1\n"));
  EXPECT_FALSE(parse_processor_ticks(""));
}

}  // namespace
}  // namespace posthaste::host
