#include "runtime/host/cgroup_reader.h"

#include "tests/support/file_tree.h"

#include <gtest/gtest.h>

namespace posthaste::host {
namespace {

using namespace std::chrono_literals;

class CgroupReading : public testing::Test {
protected:
  void put_two(const std::string& group) {
    tree.put("/proc/self/cgroup", "0::" + group + "\n");
    tree.put("/proc/self/mountinfo", "30 23 0:26 / /cg rw - cgroup2 cgroup2 rw\n");
  }
  void put_memory(const std::string& folder, const std::string& usage, const std::string& limit,
                  const std::string& inactive) {
    tree.put(folder + "/memory.current", usage + "\n");
    tree.put(folder + "/memory.max", limit + "\n");
    tree.put(folder + "/memory.stat", "anon 5\ninactive_file " + inactive + "\n");
  }
  testing_support::FileTree tree;
};

TEST_F(CgroupReading, TakesTheLeastLimitOfGroupAndAncestors) {
  put_two("/pod/app");
  put_memory("/cg/pod/app", "1000", "5000", "200");
  put_memory("/cg/pod", "2500", "3000", "0");
  CgroupReader reader(tree.root());
  const auto memory = reader.memory();
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->usage, 1000u);
  EXPECT_EQ(memory->working_set, 800u);
  EXPECT_EQ(memory->limit, 3000u);
  EXPECT_EQ(memory->available, 500u);
}

TEST_F(CgroupReading, HasNeitherLimitNorAvailableWhereThereIsNone) {
  put_two("/app");
  put_memory("/cg/app", "1000", "max", "2000");
  CgroupReader reader(tree.root());
  const auto memory = reader.memory();
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->working_set, 0u);
  EXPECT_FALSE(memory->limit);
  EXPECT_FALSE(memory->available);
}

TEST_F(CgroupReading, TakesTheNearestGroupThatCounts) {
  put_two("/app/init.scope");
  put_memory("/cg/app", "1000", "max", "0");
  EXPECT_EQ(CgroupReader(tree.root()).memory()->usage, 1000u);
}

TEST_F(CgroupReading, SeesWhatChangesAndWhatGoes) {
  put_two("/app");
  put_memory("/cg/app", "1000", "max", "0");
  CgroupReader reader(tree.root());
  EXPECT_EQ(reader.memory()->usage, 1000u);
  tree.put("/cg/app/memory.current", "3000\n");
  EXPECT_EQ(reader.memory()->usage, 3000u);
  tree.remove("/cg/app");
  EXPECT_FALSE(reader.memory());
  EXPECT_FALSE(reader.cpu());
}

TEST_F(CgroupReading, LeavesTheTimesOfTheWholeMachineOut) {
  put_two("/");
  tree.put("/cg/cpu.stat", "user_usec 4\nsystem_usec 3\nthrottled_usec 2\n");
  EXPECT_FALSE(CgroupReader(tree.root()).cpu());
  EXPECT_FALSE(CgroupReader(tree.root()).throttled());
  tree.put("/cg/cgroup.events", "populated 1\n");  // in a namespace: a group like any other
  CgroupReader reader(tree.root());
  EXPECT_EQ(reader.cpu()->user, 4us);
  EXPECT_EQ(reader.throttled(), 2us);
}

TEST_F(CgroupReading, ReadsBothHierarchiesOfVersionOneBesideAnEmptyOneOfVersionTwo) {
  tree.put("/proc/self/cgroup",
           "4:memory:/docker/1\n3:cpu,cpuacct:/docker/1\n1:name=systemd:/docker/1\n0::/\n");
  tree.put("/proc/self/mountinfo",
           "35 31 0:32 /docker/1 /cg/memory ro - cgroup cgroup rw,memory\n"
           "36 31 0:33 /docker/1 /cg/cpu ro - cgroup cgroup rw,cpu,cpuacct\n"
           "41 31 0:38 / /cg/unified rw - cgroup2 cgroup2 rw\n");
  tree.put("/cg/unified/cpu.stat", "user_usec 4\nsystem_usec 3\n");
  tree.put("/cg/memory/memory.usage_in_bytes", "5000\n");
  tree.put("/cg/memory/memory.limit_in_bytes", "9223372036854771712\n");
  tree.put("/cg/memory/memory.stat", "cache 1\ntotal_inactive_file 1000\n");
  tree.put("/cg/cpu/cpuacct.stat", "user 250\nsystem 50\n");
  tree.put("/cg/cpu/cpu.stat", "nr_periods 3\nnr_throttled 1\nthrottled_time 7000\n");
  CgroupReader reader(tree.root(), 100);
  ASSERT_TRUE(reader.memory());
  EXPECT_EQ(reader.memory()->usage, 5000u);
  EXPECT_EQ(reader.memory()->working_set, 4000u);
  EXPECT_FALSE(reader.memory()->limit);
  ASSERT_TRUE(reader.cpu());
  EXPECT_EQ(reader.cpu()->user, 2500ms);
  EXPECT_EQ(reader.cpu()->system, 500ms);
  EXPECT_EQ(reader.throttled(), 7us);
}

TEST_F(CgroupReading, HasNothingOnAMachineWithoutGroups) {
  CgroupReader reader(tree.root());
  EXPECT_FALSE(reader.memory());
  EXPECT_FALSE(reader.cpu());
  EXPECT_FALSE(reader.throttled());
}

}  // namespace
}  // namespace posthaste::host
