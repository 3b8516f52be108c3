#include "runtime/arena/memory_left.h"

#include "tests/support/file_tree.h"

#include <gtest/gtest.h>

namespace posthaste::arena {
namespace {

using namespace posthaste::literals;

class MemoryLeft : public testing::Test {
protected:
  void put(const std::string& path, const std::string& text) { tree_.put(path, text); }
  void put_group(const std::string& path, const std::string& limit, const std::string& usage,
                 const std::string& cache) {
    put(path + "/memory.max", limit + "\n");
    put(path + "/memory.current", usage + "\n");
    put(path + "/memory.stat", "anon 5\ninactive_file " + cache + "\nactive_file 7\n");
  }

  posthaste::testing_support::FileTree tree_;
  const std::string& root_ = tree_.root();
};

TEST_F(MemoryLeft, IsUnknownWithoutALimit) {
  EXPECT_FALSE(memory_left(root_));
  put("/proc/self/cgroup", "0::/a\n");
  put("/proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw\n");
  put_group("/sys/fs/cgroup/a", "max", "1000000", "0");
  EXPECT_FALSE(memory_left(root_));
}

TEST_F(MemoryLeft, IsTheLeastOfAllAncestors) {
  put("/proc/self/cgroup", "1:name=systemd:/x\n0::/outer/middle/inner\n");
  put("/proc/self/mountinfo",
      "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"
      "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
  put_group("/sys/fs/cgroup/outer/middle/inner", "104857600", "10485760", "0");
  EXPECT_EQ(memory_left(root_), 90_MiB);
  put_group("/sys/fs/cgroup/outer/middle", "max", "10485760", "0");
  put_group("/sys/fs/cgroup/outer", "52428800", "41943040", "5242880");
  EXPECT_EQ(memory_left(root_), 15_MiB);
}

TEST_F(MemoryLeft, FollowsVersionOneAndItsMountRoot) {
  put("/proc/self/cgroup", "5:cpu,cpuacct:/docker/1\n4:memory:/docker/1\n");
  put("/proc/self/mountinfo",
      "35 31 0:32 /docker/1 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
      "36 31 0:33 /docker/1 /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu,cpuacct\n");
  put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "67108864\n");
  put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "60817408\n");
  put("/sys/fs/cgroup/memory/memory.stat", "cache 1\ntotal_inactive_file 1048576\n");
  EXPECT_EQ(memory_left(root_), 7_MiB);
}

TEST_F(MemoryLeft, IsNothingWhenTheLimitIsPassed) {
  put("/proc/self/cgroup", "0::/\n");
  put("/proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  put_group("/sys/fs/cgroup", "1000", "2000", "0");
  EXPECT_EQ(memory_left(root_), 0_B);
}

TEST_F(MemoryLeft, TakesNonsenseForNoLimit) {
  put("/proc/self/cgroup", ":::\n0\nx:y\n0::/a\n");
  put("/proc/self/mountinfo", "\n1\n - - -\n30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  put_group("/sys/fs/cgroup/a", "12potatoes", "-1", "9");
  EXPECT_FALSE(memory_left(root_));
}

TEST(MemoryLeftHere, CanBeRead) {
  const auto left = memory_left();
  EXPECT_TRUE(!left || left->count > 0);
}

}  // namespace
}  // namespace posthaste::arena
