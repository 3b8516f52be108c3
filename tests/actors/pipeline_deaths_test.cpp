#include "tests/actors/pipeline_fixture.h"
#include "tests/support/child_process.h"
#include "tests/support/memory_directory.h"
#include "tests/support/sanitizers.h"
#include "tests/support/test_times.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <list>
#include <random>
#include <set>

namespace posthaste::actors::testing_support {
namespace {

using posthaste::testing_support::ChildProcess;
using posthaste::testing_support::MemoryDirectory;
using posthaste::testing_support::times;

Settings quick() {
  Settings settings;
  settings.batch.delay = milliseconds{20};
  settings.batch.size = 100;
  return settings;
}

constexpr RestartRule often{.most = 100'000, .within = seconds{60}};

constexpr ActorName everybody[] = {ActorName::sampler, ActorName::batcher, ActorName::transmitter,
                                   ActorName::storekeeper, ActorName::supervisor};

/// Kills until it is seen. Who died a moment ago may not be replaced in the roster yet, and hears
/// nothing of a second death: then it is told again.
bool kill_until(const std::function<void()>& kill, const std::function<bool()>& seen) {
  for (int attempt = 0; attempt < 30; ++attempt) {
    kill();
    if (eventually(seen, seconds{1})) return true;
  }
  return false;
}

TEST(PipelineDeaths, LoseAndRepeatNothingUnderLoad) {
  ScriptedIngestion server;
  Rig rig({server.connection_string()}, {.settings = quick(), .restarts = often});
  rig.record(100);
  ASSERT_TRUE(rig.flush());  // everybody is there
  for (std::uint32_t round = 0; round < 200; ++round) {
    const std::uint32_t deaths = rig->health().restarts;
    rig.record(100);
    const auto kill = [&] {
      rig->kill(everybody[round % std::size(everybody)]);
      rig.record(100);
    };
    ASSERT_TRUE(kill_until(kill, [&] { return rig->health().restarts > deaths; })) << round;
  }
  EXPECT_TRUE(rig.flush(seconds{30}));
  EXPECT_TRUE(eventually([&] { return server.distinct() == rig.recorded(); }));
  EXPECT_TRUE(eventually([&] { return rig->ledger().outputs[0].in_store == 0; }));
  EXPECT_EQ(server.copies(), rig.recorded());
  EXPECT_GE(rig->health().restarts, 200u);
  EXPECT_TRUE(eventually([&] { return rig.said(DiagnosticCode::part_restarted); }));
  rig.expect_sums_to_close();
}

TEST(PipelineDeaths, LoseAndRepeatNothingDuringOutages) {
  ScriptedIngestion server;
  Rig rig({server.connection_string()}, {.settings = quick(), .restarts = often});
  for (std::uint32_t round = 0; round < 120; ++round) {
    if (round % 40 == 10) server.close_door();
    if (round % 40 == 30) server.open_door();
    rig.record(100);
    rig->kill(everybody[round % std::size(everybody)]);
    if (round % 10 == 0) {
      EXPECT_TRUE(rig.flush(seconds{20}));
    }
  }
  EXPECT_TRUE(eventually([&] { return server.distinct() == rig.recorded(); }, seconds{40}));
  EXPECT_TRUE(eventually([&] { return rig->ledger().outputs[0].in_store == 0; }));
  EXPECT_EQ(server.copies() - server.distinct(), 0u);
  rig.expect_sums_to_close();
}

TEST(PipelineDeaths, OfTwoAtOnceInAnyOrderLoseAndRepeatNothingForTwoOutputs) {
  ScriptedIngestion first;
  ScriptedIngestion second;
  Rig rig({first.connection_string(), second.connection_string()},
          {.settings = quick(), .restarts = often});
  rig.record(100);
  ASSERT_TRUE(rig.flush());
  std::mt19937 random{77};
  const auto kill_anybody = [&] {
    const ActorName name = everybody[random() % std::size(everybody)];
    const bool of_an_output = name == ActorName::batcher || name == ActorName::transmitter;
    rig->kill(name, of_an_output ? random() % 2 : 0);
  };
  for (std::uint32_t round = 0; round < times(50); ++round) {
    const std::uint32_t deaths = rig->health().restarts;
    rig.record(50);
    const auto kill = [&] {
      kill_anybody();
      if (round % 2 == 0) kill_anybody();
      rig.record(50);
    };
    ASSERT_TRUE(kill_until(kill, [&] { return rig->health().restarts > deaths; })) << round;
  }
  EXPECT_TRUE(rig.flush(seconds{30}));
  for (const ScriptedIngestion* server : {&first, &second}) {
    EXPECT_TRUE(eventually([&] { return server->distinct() == rig.recorded(); }));
    EXPECT_EQ(server->copies(), rig.recorded());
  }
  for (std::size_t output : {0u, 1u}) {  // a death may have sent some by way of the store
    EXPECT_TRUE(eventually([&] { return rig->ledger().outputs[output].in_store == 0; }));
  }
  rig.expect_sums_to_close();
}

TEST(PipelineDeaths, BeyondTheLimitTheDoorIsClosedAndWhatIsHeldIsSaved) {
  ScriptedIngestion server;
  server.close_door();
  Rig rig({server.connection_string()},
          {.settings = quick(), .restarts = {.most = 2, .within = seconds{60}}});
  rig.record(1'000);
  ASSERT_TRUE(rig.flush());
  rig.record(500);
  const auto kill = [&] { rig->kill(ActorName::batcher); };
  for (std::uint32_t i = 0; i < 2; ++i) {
    ASSERT_TRUE(kill_until(kill, [&] { return rig->health().restarts > i; }));
  }
  EXPECT_TRUE(kill_until(kill, [&] { return (rig.ingress().flags() & Ingress::open) == 0; }));
  EXPECT_TRUE(eventually([&] { return rig->ledger().outputs[0].in_store == 1'500; }));
  EXPECT_TRUE(eventually([&] { return rig.said(DiagnosticCode::restart_limit); }));
  EXPECT_TRUE(rig.stop());
  rig.expect_sums_to_close();
}

/// A process that records and is killed; its server takes nothing.
void leave_behind(const ScriptedIngestion& server, const RigOptions& options, std::uint32_t count) {
  ChildProcess child([&] {
    Rig rig({server.connection_string()}, options);
    rig.record(count / 2);
    rig.flush(milliseconds{500});
    rig.record(count - count / 2);
    ::_exit(0);
  });
  ASSERT_EQ(child.wait(), 0);
}

void expect_adopted(ScriptedIngestion& server, const RigOptions& options, std::uint32_t count) {
  server.open_door();
  Rig rig({server.connection_string()}, options);
  EXPECT_TRUE(eventually([&] { return server.distinct() == count; }, seconds{20}));
  EXPECT_TRUE(eventually([&] {
    const OutputLedger output = rig->ledger().outputs[0];
    return output.in_store == 0 && output.resident == 0;
  }));
  EXPECT_EQ(server.copies(), count);
  EXPECT_TRUE(eventually([&] { return rig->ledger().outputs[0].recovered == count; }));
  if (!options.recorder_directory.empty()) {
    EXPECT_TRUE(eventually([&] { return rig.said(DiagnosticCode::orphan_adopted); }));
  }
  rig.expect_sums_to_close();
}

TEST(PipelineDeaths, OfAProcessWithAStoreLoseNothing) {
  MemoryDirectory memory;
  persistence::ScratchDirectory disk;
  ScriptedIngestion server;
  server.close_door();
  const RigOptions options{
      .settings = quick(), .recorder_directory = memory.path(), .store_directory = disk / "store"};
  leave_behind(server, options, 3'000);
  expect_adopted(server, options, 3'000);
}

TEST(PipelineDeaths, OfAProcessWithoutAStoreLoseNothingEither) {
  MemoryDirectory memory;
  ScriptedIngestion server;
  server.close_door();
  const RigOptions options{
      .settings = quick(), .store = false, .recorder_directory = memory.path()};
  leave_behind(server, options, 2'000);
  expect_adopted(server, options, 2'000);
}

TEST(PipelineDeaths, OfAProcessLeaveNothingInItsLanesThatTheDropRulesName) {
  MemoryDirectory memory;
  persistence::ScratchDirectory disk;
  ScriptedIngestion server;
  server.close_door();
  Settings settings = quick();
  settings.drop = {"order.id=*7"};
  const RigOptions options{
      .settings = settings, .recorder_directory = memory.path(), .store_directory = disk / "store"};
  leave_behind(server, options, 3'000);
  expect_adopted(server, options, 2'700);
}

/// What it took over has no place in its own log: the store must tell its bodies apart all the same.
TEST(PipelineDeaths, OfAnAdopterWithoutAStoreLoseNothingToAnHeirThatHasOne) {
  MemoryDirectory memory;
  persistence::ScratchDirectory disk;
  ScriptedIngestion server;
  server.close_door();
  RigOptions options{.settings = quick(), .store = false, .recorder_directory = memory.path()};
  leave_behind(server, options, 2'000);
  ChildProcess adopter([&] {
    Rig rig({server.connection_string()}, options);
    // Not in the midst of the last batch: then that one may come twice.
    const bool all = eventually(
        [&] { return rig->ledger().outputs[0].recovered == 2'000 && memory.files() == 1; },
        seconds{30});
    ::_exit(all ? 0 : 1);
  });
  ASSERT_EQ(adopter.wait(), 0);
  options.store = true;
  options.store_directory = disk / "store";
  expect_adopted(server, options, 2'000);
}

/// Two at a time, and the next without waiting for the next search, which is minutes away.
TEST(PipelineDeaths, OfFiveProcessesAtOnceAreAllTakenOverByOneSearch) {
  MemoryDirectory memory;
  persistence::ScratchDirectory disk;
  ScriptedIngestion server;
  server.close_door();
  constexpr std::uint32_t processes = 5;
  RigOptions options{.settings = quick(), .store = false, .recorder_directory = memory.path()};
  std::list<ChildProcess> children;
  for (std::uint32_t i = 0; i < processes; ++i) {
    options.first_number = 1 + 1'000 * i;
    children.emplace_back([&, i] {
      Rig rig({server.connection_string()}, options);
      rig.record(1);
      rig.flush(milliseconds{300});
      // Nobody dies before all have looked for the dead.
      std::filesystem::create_directory(disk / ("ready." + std::to_string(i)));
      const bool all = eventually(
          [&] {
            for (std::uint32_t k = 0; k < processes; ++k) {
              if (!std::filesystem::exists(disk / ("ready." + std::to_string(k)))) return false;
            }
            return true;
          },
          seconds{30});
      rig.record(99);
      ::_exit(all ? 0 : 1);
    });
  }
  for (ChildProcess& child : children) ASSERT_EQ(child.wait(), 0);
  ASSERT_EQ(memory.files(), processes);
  options.store = true;
  options.store_directory = disk / "store";
  expect_adopted(server, options, processes * 100);
  EXPECT_TRUE(eventually([&] { return memory.files() == 0; }));
}

TEST(PipelineDeaths, TheStoreOfASiblingThatIsGoneIsTakenOver) {
  persistence::ScratchDirectory disk;
  ScriptedIngestion server;
  server.close_door();
  const RigOptions options{.settings = quick(), .store_directory = disk / "store"};
  {
    Rig first({server.connection_string()}, options);
    first.record(200);
    ASSERT_TRUE(first.flush());
    RigOptions others = options;
    others.first_number = 1'000;
    Rig second({server.connection_string()}, others);  // its store is `store.2`
    second.record(300);
    ASSERT_TRUE(second.stop(milliseconds{900}));
    ASSERT_TRUE(first.stop(milliseconds{900}));
  }
  expect_adopted(server, options, 500);
  EXPECT_FALSE(std::filesystem::exists(disk / "store.2"));
}

/// The names of this process's threads that are ours.
std::multiset<std::string> our_threads() {
  std::multiset<std::string> names;
  DIR* const tasks = ::opendir("/proc/self/task");
  while (const dirent* task = ::readdir(tasks)) {
    std::ifstream file(std::string("/proc/self/task/") + task->d_name + "/comm");
    std::string name;
    if (std::getline(file, name) && name.starts_with("posthaste.")) names.insert(name);
  }
  ::closedir(tasks);
  return names;
}

TEST(PipelineThreads, AreFewAndNamedAndEndWithIt) {
  ScriptedIngestion server;
  {
    Rig rig({server.connection_string()}, {.settings = quick()});
    rig.record(1'000);
    EXPECT_TRUE(rig.flush());
    EXPECT_TRUE(eventually([] { return our_threads().size() >= 6; }));
    const std::multiset<std::string> names = our_threads();
    EXPECT_LE(names.size(), 7u);
    EXPECT_EQ(names.count("posthaste.cpu"), 2u);
    EXPECT_EQ(names.count("posthaste.clk"), 1u);
    EXPECT_EQ(names.count("posthaste.prt"), 1u);
    EXPECT_EQ(names.count("posthaste.store"), 1u);
    EXPECT_EQ(names.count("posthaste.io"), 1u);
    EXPECT_TRUE(rig.stop());
    EXPECT_TRUE(rig->end(seconds{2}));
  }
  EXPECT_TRUE(eventually([] { return our_threads().empty(); }));
}

#ifndef POSTHASTE_TEST_SANITIZED  // sanitizers take the address space
/// Whatever room is left for threads, a start succeeds or says why not; CAF alone would hang.
TEST(PipelineThreads, ThatCannotBeHadAreAnError) {
  ScriptedIngestion server;
  int failed = 0;
  int started = 0;
  for (const rlim_t room : {12, 20, 28, 36, 44, 52, 60, 80, 100, 2'000}) {
    ChildProcess child([&] {
      ::alarm(20);
      std::ifstream pages("/proc/self/statm");
      rlim_t used = 0;
      pages >> used;
      const rlimit limit{used * 4096 + (room << 20), RLIM_INFINITY};
      ::setrlimit(RLIMIT_AS, &limit);
      try {
        Rig rig({server.connection_string()}, {.settings = quick(), .store = false});
        rig.record(100);
        rig.stop();
      } catch (const std::exception&) {
        ::_exit(1);
      }
      ::_exit(0);
    });
    const int code = child.wait();
    ASSERT_TRUE(code == 0 || code == 1) << room << " MiB: " << code;
    ++(code == 0 ? started : failed);
  }
  EXPECT_GT(failed, 0);
  EXPECT_GT(started, 0);
}
#endif

}  // namespace
}  // namespace posthaste::actors::testing_support
