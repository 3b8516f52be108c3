#include "actors/performance_counters.h"
#include "actors/process_metrics.h"

#include "tests/support/file_tree.h"
#include "tests/support/metric_points.h"

#include <gtest/gtest.h>

#include <cmath>

namespace posthaste::actors {
namespace {

using namespace std::chrono_literals;
using posthaste::testing_support::FileTree;
using posthaste::testing_support::Point;
using posthaste::testing_support::PointList;
using posthaste::testing_support::TestMeter;

/// A machine of 4 processors of which the process has 2, and a meter whose source reads it.
struct Machine {
  Machine() {
    tree.put("/proc/self/stat",
             "1 (x) S 1 1 1 0 -1 1 1 0 0 0 7 3 0 0 20 0 12 0 90000 3133440 410 1\n");
    tree.put("/proc/self/fd/0", "");
    tree.put("/proc/self/fd/1", "");
    tree.put("/proc/meminfo", "MemFree: 1 kB\nMemAvailable: 23795432 kB\n");
    put_processors(1000, 400);
    put_disk(4096, 0);
  }
  void put_processors(int busy, int idle) {
    tree.put("/proc/stat", "cpu " + std::to_string(busy) + " 0 0 " + std::to_string(idle) + "\n");
  }
  void put_disk(int read, int written) {
    tree.put("/proc/self/io", "read_bytes: " + std::to_string(read) +
                                  "\nwrite_bytes: " + std::to_string(written) + "\n");
  }
  host::ProcessReader reader() {
    return host::ProcessReader(tree.root(), {.usage = [this] { return usage; },
                                             .processors = [] { return 2u; },
                                             .since_boot = [] { return 1000s; },
                                             .page_size = 4096,
                                             .ticks_per_second = 100});
  }
  /// Observes and collects `later`.
  std::vector<Point> collect(metrics::MeterSource& source, std::chrono::nanoseconds later) {
    meter.clock.advance(later);
    source.observe(++meter.collections, meter.clock.steady());
    PointList list;
    meter.collector->gather(meter.collections, meter.clock.wall());
    EXPECT_TRUE(meter.collector->emit(list));
    source.sent();
    return list.points;
  }

  FileTree tree;
  host::ProcessUsage usage{.user = 10s, .system = 5s};
  TestMeter meter;
};

TEST(PerformanceCounters, AreRatesOverTheTimeSinceTheBeginning) {
  Machine m;
  PerformanceCounters source(*m.meter.meter, m.reader(), m.meter.sink);
  source.begin(m.meter.clock.steady());
  m.usage.user += 12s;  // of 60 s, with the 3 s below: a quarter of one processor
  m.usage.system += 3s;
  m.put_processors(1000 + 600, 400 + 1800);
  m.put_disk(4096 + 6000, 600);
  const auto points = m.collect(source, 60s);
  EXPECT_EQ(TestMeter::find(points, "Processor_Time").value, 25);
  EXPECT_EQ(TestMeter::find(points, "Process_Time_Standard").value, 25);
  EXPECT_EQ(TestMeter::find(points, "Process_Time_Normalized").value, 12.5);
  EXPECT_EQ(TestMeter::find(points, "IO_Data_Bytes_Rate").value, 110);
  EXPECT_EQ(TestMeter::find(points, "Private_Bytes").int64, 410 * 4096);
  EXPECT_EQ(TestMeter::find(points, "Available_Bytes").int64, std::int64_t{23795432} * 1024);
  for (const Point& point : points) EXPECT_EQ(point.kind, model::MetricKind::gauge) << point.name;
  EXPECT_TRUE(m.meter.said.empty());
}

TEST(PerformanceCounters, SendNoRateOfLessThanASecondAndLoseNothingOfIt) {
  Machine m;
  PerformanceCounters source(*m.meter.meter, m.reader(), m.meter.sink);
  source.begin(m.meter.clock.steady());
  m.usage.user += 500ms;
  const auto hurried = m.collect(source, 500ms);
  EXPECT_EQ(hurried.size(), 2u);
  EXPECT_EQ(hurried[0].name, "Private_Bytes");
  EXPECT_EQ(hurried[1].name, "Available_Bytes");
  m.usage.user += 1500ms;
  m.put_processors(1000 + 300, 400 + 500);
  const auto points = m.collect(source, 1500ms);
  EXPECT_EQ(TestMeter::find(points, "Process_Time_Standard").value, 100);
}

TEST(PerformanceCounters, MayGoBeyondAHundredWithSeveralThreadsButNotNormalized) {
  Machine m;
  PerformanceCounters source(*m.meter.meter, m.reader(), m.meter.sink);
  source.begin(m.meter.clock.steady());
  m.usage.user += 120s;
  const auto points = m.collect(source, 60s);
  EXPECT_EQ(TestMeter::find(points, "Process_Time_Standard").value, 200);
  EXPECT_EQ(TestMeter::find(points, "Process_Time_Normalized").value, 100);
}

TEST(PerformanceCounters, DoWithoutWhatCannotBeReadAndSaySoOnce) {
  Machine m;
  m.tree.remove("/proc/self/io");
  m.tree.put("/proc/meminfo", "nothing here\n");
  PerformanceCounters source(*m.meter.meter, m.reader(), m.meter.sink);
  source.begin(m.meter.clock.steady());
  m.put_processors(2000, 500);
  EXPECT_EQ(m.collect(source, 60s).size(), 4u);
  m.put_processors(3000, 600);
  EXPECT_EQ(m.collect(source, 60s).size(), 4u);
  ASSERT_EQ(m.meter.said.size(), 1u);
  EXPECT_EQ(m.meter.said[0].code, DiagnosticCode::host_unreadable);
  EXPECT_NE(m.meter.said[0].message.find("/proc/self/io: No such file"), std::string::npos);
  EXPECT_NE(m.meter.said[0].message.find("/proc/meminfo: is not understood"), std::string::npos);
}

TEST(PerformanceCounters, DoWithoutProcAtAll) {
  Machine m;
  m.tree.remove("/proc");
  PerformanceCounters source(*m.meter.meter, m.reader(), m.meter.sink);
  source.begin(m.meter.clock.steady());
  const auto points = m.collect(source, 60s);
  ASSERT_EQ(points.size(), 2u);  // the kernel itself is asked for processor time
  EXPECT_EQ(points[0].name, "Process_Time_Standard");
  EXPECT_EQ(m.meter.said.size(), 1u);
}

/// A process in a container of control groups of version 2.
struct Contained : Machine {
  Contained() {
    tree.put("/proc/self/cgroup", "0::/app\n");
    tree.put("/proc/self/mountinfo", "30 23 0:26 / /cg rw - cgroup2 cgroup2 rw\n");
    tree.put("/cg/app/cgroup.events", "populated 1\n");
    tree.put("/cg/app/memory.current", "5000\n");
    tree.put("/cg/app/memory.max", "9000\n");
    tree.put("/cg/app/memory.stat", "inactive_file 1000\n");
    put_cpu(0, 0);
  }
  void put_cpu(int user_s, int system_s) {
    tree.put("/cg/app/cpu.stat", "user_usec " + std::to_string(user_s * 1'000'000) +
                                     "\nsystem_usec " + std::to_string(system_s * 1'000'000) +
                                     "\nthrottled_usec 2500000\n");
  }
  host::CgroupReader groups() { return host::CgroupReader(tree.root()); }
};

TEST(ProcessMetrics, HaveTheNamesUnitsAndKindsOfTheConventions) {
  Contained m;
  ProcessMetrics source(*m.meter.meter, m.reader(), m.groups(), m.meter.sink);
  source.begin(m.meter.clock.steady());
  m.usage = {.user = 70s,
             .system = 35s,
             .minor_faults = 100,
             .major_faults = 3,
             .voluntary_switches = 20,
             .involuntary_switches = 7};
  m.put_cpu(90, 30);
  const auto points = m.collect(source, 60s);
  const auto value = [&](const char* name, const char* attributes = "") {
    const Point point = TestMeter::find(points, name, attributes);
    EXPECT_EQ(point.name, name) << attributes;
    return point.integer ? static_cast<double>(point.int64) : point.value;
  };
  EXPECT_EQ(value("process.cpu.time", "cpu.mode=user"), 70);
  EXPECT_EQ(value("process.cpu.time", "cpu.mode=system"), 35);
  EXPECT_EQ(value("process.cpu.utilization", "cpu.mode=user"), 0.5);
  EXPECT_EQ(value("process.cpu.utilization", "cpu.mode=system"), 0.25);
  EXPECT_EQ(value("process.memory.usage"), 410 * 4096);
  EXPECT_EQ(value("process.memory.virtual"), 3133440);
  EXPECT_EQ(value("process.disk.io", "disk.io.direction=read"), 4096);
  EXPECT_EQ(value("process.disk.io", "disk.io.direction=write"), 0);
  EXPECT_EQ(value("process.thread.count"), 12);
  EXPECT_EQ(value("process.unix.file_descriptor.count"), 2);
  EXPECT_EQ(value("process.context_switches", "process.context_switch.type=voluntary"), 20);
  EXPECT_EQ(value("process.context_switches", "process.context_switch.type=involuntary"), 7);
  EXPECT_EQ(value("process.paging.faults", "system.paging.fault.type=minor"), 100);
  EXPECT_EQ(value("process.paging.faults", "system.paging.fault.type=major"), 3);
  EXPECT_EQ(value("process.uptime"), 100);
  EXPECT_EQ(value("container.cpu.time", "cpu.mode=user"), 90);
  EXPECT_EQ(value("container.cpu.usage", "cpu.mode=user"), 1.5);
  EXPECT_EQ(value("container.cpu.usage", "cpu.mode=system"), 0.5);
  EXPECT_EQ(value("container.cpu.throttled_time"), 2.5);
  EXPECT_EQ(value("container.memory.usage"), 5000);
  EXPECT_EQ(value("container.memory.working_set"), 4000);
  EXPECT_EQ(value("container.memory.available"), 5000);
  EXPECT_EQ(value("container.memory.limit"), 9000);
  EXPECT_EQ(points.size(), 24u);
  const Point time = TestMeter::find(points, "process.cpu.time", "cpu.mode=user");
  EXPECT_EQ(time.kind, model::MetricKind::sum);
  EXPECT_TRUE(time.monotonic);
  EXPECT_EQ(time.unit, "s");
  const Point threads = TestMeter::find(points, "process.thread.count");
  EXPECT_EQ(threads.kind, model::MetricKind::sum);
  EXPECT_FALSE(threads.monotonic);
  EXPECT_EQ(TestMeter::find(points, "process.uptime").kind, model::MetricKind::gauge);
  EXPECT_TRUE(m.meter.said.empty());
}

TEST(ProcessMetrics, SendTheGrowthOfCounters) {
  Contained m;
  ProcessMetrics source(*m.meter.meter, m.reader(), m.groups(), m.meter.sink);
  source.begin(m.meter.clock.steady());
  m.collect(source, 60s);
  m.usage.user += 4s;
  const auto points = m.collect(source, 60s);
  EXPECT_EQ(TestMeter::find(points, "process.cpu.time", "cpu.mode=user").value, 4);
}

TEST(ProcessMetrics, LeaveTheContainerOutWhereThereIsNone) {
  Machine m;
  ProcessMetrics source(*m.meter.meter, m.reader(), host::CgroupReader(m.tree.root()),
                        m.meter.sink);
  source.begin(m.meter.clock.steady());
  const auto points = m.collect(source, 60s);
  EXPECT_EQ(points.size(), 15u);
  for (const Point& point : points) EXPECT_TRUE(point.name.starts_with("process.")) << point.name;
  EXPECT_TRUE(m.meter.said.empty());
}

TEST(ProcessMetrics, OfThisProcessMakeSense) {
  TestMeter meter;
  ProcessMetrics source(*meter.meter, host::ProcessReader(), host::CgroupReader(), meter.sink);
  source.begin(meter.clock.steady());
  meter.clock.advance(60s);
  source.observe(++meter.collections, meter.clock.steady());
  PointList list;
  meter.collector->gather(meter.collections, meter.clock.wall());
  ASSERT_TRUE(meter.collector->emit(list));
  EXPECT_GT(TestMeter::find(list.points, "process.memory.usage").int64, 1'000'000);
  EXPECT_GE(TestMeter::find(list.points, "process.thread.count").int64, 1);
  EXPECT_GE(TestMeter::find(list.points, "process.unix.file_descriptor.count").int64, 1);
  for (const Point& point : list.points) EXPECT_GE(point.value, 0) << point.name;
}

}  // namespace
}  // namespace posthaste::actors
