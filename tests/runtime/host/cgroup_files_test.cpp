#include "runtime/host/cgroup_files.h"

#include <gtest/gtest.h>

namespace posthaste::host {
namespace {

using namespace std::chrono_literals;
using Folders = std::vector<std::string>;

TEST(FindCgroups, ClimbsFromTheGroupToTheMountOfVersionTwo) {
  const auto groups = find_cgroups(
      "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"
      "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n",
      "0::/kubepods.slice/pod1/app\n", "memory");
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].version, CgroupVersion::two);
  EXPECT_FALSE(groups[0].whole_machine);
  EXPECT_EQ(groups[0].folders,
            (Folders{"/sys/fs/cgroup/kubepods.slice/pod1/app", "/sys/fs/cgroup/kubepods.slice/pod1",
                     "/sys/fs/cgroup/kubepods.slice", "/sys/fs/cgroup"}));
}

TEST(FindCgroups, TakesTheControllerOfVersionOneAndTheMountsRootAway) {
  const std::string mounts =
      "35 31 0:32 /docker/1 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
      "36 31 0:33 /docker/1 /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n";
  const std::string own = "5:cpu,cpuacct:/docker/1/inner\n4:memory:/docker/1\n1:name=systemd:/\n";
  const auto memory = find_cgroups(mounts, own, "memory");
  ASSERT_EQ(memory.size(), 1u);
  EXPECT_EQ(memory[0].version, CgroupVersion::one);
  EXPECT_EQ(memory[0].folders, Folders{"/sys/fs/cgroup/memory"});
  const auto cpu = find_cgroups(mounts, own, "cpu");
  ASSERT_EQ(cpu.size(), 1u);
  EXPECT_EQ(cpu[0].folders,
            (Folders{"/sys/fs/cgroup/cpu,cpuacct/inner", "/sys/fs/cgroup/cpu,cpuacct"}));
}

TEST(FindCgroups, DoesNotTakeHalfANameForTheMountsRoot) {
  const auto groups = find_cgroups("35 31 0:32 /docker/1 /m ro - cgroup cgroup rw,memory\n",
                                   "4:memory:/docker/12\n", "memory");
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].folders.front(), "/m/docker/12");
}

TEST(FindCgroups, KnowsTheGroupOfTheWholeMachine) {
  const auto groups = find_cgroups("32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n",
                                   "1:cpu:/\n", "cpu");
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_TRUE(groups[0].whole_machine);
}

TEST(FindCgroups, FindsNothingInNonsenseNorOutsideOfItsNamespace) {
  EXPECT_TRUE(find_cgroups("", "", "memory").empty());
  EXPECT_TRUE(find_cgroups("\n1\n - - -\n", ":::\n0\nx:y\n", "memory").empty());
  EXPECT_TRUE(find_cgroups("30 23 0:26 / /c rw - cgroup2 cgroup2 rw\n", "0::/../other\n", "memory")
                  .empty());
  std::string deep = "0::";
  for (int i = 0; i < 1000; ++i) deep += "/x";
  const auto groups = find_cgroups("30 23 0:26 / /c rw - cgroup2 cgroup2 rw\n", deep, "memory");
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].folders.size(), 64u);
}

TEST(MemoryAmount, HasNoNumberForNoLimit) {
  EXPECT_EQ(parse_memory_amount("104857600\n"), 104857600u);
  EXPECT_EQ(parse_memory_amount("0"), 0u);
  EXPECT_FALSE(parse_memory_amount("max\n"));
  EXPECT_FALSE(parse_memory_amount("9223372036854771712\n"));
  EXPECT_FALSE(parse_memory_amount("-1"));
  EXPECT_FALSE(parse_memory_amount("12potatoes"));
  EXPECT_FALSE(parse_memory_amount(""));
}

TEST(InactiveFile, HasAnotherNameInVersionOne) {
  const std::string text = "cache 226656256\ninactive_file 5\ntotal_inactive_file 57278464\n";
  EXPECT_EQ(parse_inactive_file(text, CgroupVersion::two), 5u);
  EXPECT_EQ(parse_inactive_file(text, CgroupVersion::one), 57278464u);
  EXPECT_FALSE(parse_inactive_file("inactive_files 5", CgroupVersion::two));
}

TEST(CpuStat, IsInMicroseconds) {
  const std::string text =
      "usage_usec 7000000\nuser_usec 4000000\nsystem_usec 3000000\nnr_periods 10\n"
      "nr_throttled 2\nthrottled_usec 1500\n";
  const auto cpu = parse_cpu_stat(text);
  ASSERT_TRUE(cpu);
  EXPECT_EQ(cpu->user, 4s);
  EXPECT_EQ(cpu->system, 3s);
  EXPECT_EQ(parse_throttled(text, CgroupVersion::two), 1500us);
  EXPECT_FALSE(parse_cpu_stat("user_usec 4000000\n"));
  EXPECT_FALSE(parse_cpu_stat("user_usec 18446744073709551615\nsystem_usec 1\n"));
}

TEST(CpuAccounting, OfVersionOneIsInTicks) {
  const auto cpu = parse_cpuacct_stat("user 3210582\nsystem 521514\n", 100);
  ASSERT_TRUE(cpu);
  EXPECT_EQ(cpu->user, 32105820ms);
  EXPECT_EQ(cpu->system, 5215140ms);
  EXPECT_FALSE(parse_cpuacct_stat("user 1\nsystem 2\n", 0));
  EXPECT_FALSE(parse_cpuacct_stat("user -1\nsystem 2\n", 100));
  EXPECT_EQ(
      parse_throttled("nr_periods 0\nnr_throttled 0\nthrottled_time 42\n", CgroupVersion::one),
      42ns);
  EXPECT_FALSE(parse_throttled("nr_periods 0\n", CgroupVersion::one));
}

}  // namespace
}  // namespace posthaste::host
