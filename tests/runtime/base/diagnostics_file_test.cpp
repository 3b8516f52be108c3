#include "runtime/base/diagnostics_file.h"

#include "runtime/base/diagnostics_sink.h"
#include "tests/support/child_process.h"
#include "tests/support/file_tree.h"
#include "tests/support/manual_clock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <string>
#include <vector>

namespace posthaste {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing_support::ChildProcess;
using testing_support::FileTree;
using testing_support::ManualClock;
using namespace std::chrono_literals;

constexpr Bytes plenty{1024 * 1024};

Diagnostic line(std::string message) {
  return {.severity = Severity::warn,
          .code = DiagnosticCode::delivery_failing,
          .message = std::move(message)};
}

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string each; std::getline(file, each);) lines.push_back(each);
  return lines;
}

struct Log {
  explicit Log(std::string file, Bytes size = plenty)
      : path(std::move(file)), log(path, size, clock, [this](std::string why) {
          failures.push_back(std::move(why));
          if (failures.size() == 1) failed.set_value();
        }) {}

  bool write_and_close(std::initializer_list<const char*> messages) {
    for (const char* const each : messages) log.write(line(each));
    return log.close(5s);
  }
  void wait_for_failure() {
    ASSERT_EQ(failed.get_future().wait_for(5s), std::future_status::ready);
  }

  FileTree tree;
  ManualClock clock;
  std::string path;
  std::vector<std::string> failures;
  std::promise<void> failed;
  DiagnosticsFile log;
};

struct Folder : FileTree {
  std::string file() const { return root() + "/a.log"; }
};

TEST(DiagnosticsFile, HasALineWithTimeAndProcessForEachAndIsItsOwnersAlone) {
  const Folder folder;
  Log log(folder.file());
  EXPECT_TRUE(log.write_and_close({"one", "two"}));
  EXPECT_THAT(lines_of(folder.file()),
              ElementsAre(MatchesRegex("[0-9]+-[0-9]+-[0-9]+T[0-9]+:[0-9]+:[0-9]+[.][0-9]+Z " +
                                       std::to_string(::getpid()) + " warn PH-DEL-300: one"),
                          EndsWith(" two")));
  struct stat found {};
  ASSERT_EQ(::stat(folder.file().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777u, 0600u);
  EXPECT_TRUE(Log(folder.file()).write_and_close({"three"}));
  EXPECT_EQ(lines_of(folder.file()).size(), 3u);
}

TEST(DiagnosticsFile, BecomesTheOneBeforeWhenItIsFull) {
  const Folder folder;
  const std::string text(100, 'x');
  int written = 0;
  for (int round = 0; round < 20; ++round) {
    Log log(folder.file(), {2000});
    for (int i = 0; i < 10; ++i) log.log.write(line(std::to_string(written++) + text));
    EXPECT_TRUE(log.log.close(5s));
    EXPECT_LE(std::filesystem::file_size(folder.file()), 2000u);
  }
  EXPECT_LE(std::filesystem::file_size(folder.file() + ".1"), 2000u);
  std::vector<std::string> lines = lines_of(folder.file() + ".1");
  for (const std::string& each : lines_of(folder.file())) lines.push_back(each);
  EXPECT_GT(lines.size(), 10u);
  for (auto last = lines.rbegin(); last != lines.rend(); ++last) {
    EXPECT_THAT(*last, HasSubstr(": " + std::to_string(--written) + "x"));  // none is missing
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.root()), {}), 2);
}

TEST(DiagnosticsFile, AppearsAgainWhereAnAdministratorTookItAway) {
  const Folder folder;
  Log log(folder.file());
  log.log.write(line("one"));
  Log second(folder.file());
  EXPECT_TRUE(second.write_and_close({"two"}));
  std::filesystem::remove(folder.file());
  EXPECT_TRUE(log.write_and_close({"three"}));
  EXPECT_THAT(lines_of(folder.file()), testing::Contains(EndsWith(" three")));
}

TEST(DiagnosticsFile, WritesOnlyToARegularFileOfThisUser) {
  const Folder folder;
  std::ofstream(folder.root() + "/victim") << "untouched";
  const std::string link = folder.root() + "/link";
  std::filesystem::create_symlink(folder.root() + "/victim", link);
  const std::string other_name = folder.root() + "/other name";
  std::filesystem::create_hard_link(folder.root() + "/victim", other_name);
  const std::string fifo = folder.root() + "/fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  for (const auto& [path, why] :
       {std::pair(link, "is a symbolic link"), std::pair(other_name, "another name"),
        std::pair(fifo, "No such device"), std::pair(folder.root(), "Is a directory"),
        std::pair(std::string("/dev/full"), "no regular file"),
        std::pair(folder.root() + "/none/a.log", "No such file")}) {
    Log log(path);
    EXPECT_FALSE(log.write_and_close({"one", "two"})) << path;
    ASSERT_EQ(log.failures.size(), 1u) << path;
    EXPECT_THAT(log.failures[0], HasSubstr("the diagnostics log file " + path));
    EXPECT_THAT(log.failures[0], HasSubstr(why));
  }
  EXPECT_THAT(lines_of(folder.root() + "/victim"), ElementsAre("untouched"));
}

TEST(DiagnosticsFile, SaysOnceThatItFailsAndAfterwardsHowManyLinesAreMissing) {
  const Folder folder;
  const std::string place = folder.root() + "/later";
  Log log(place + "/a.log");
  log.log.write(line("one"));
  log.wait_for_failure();
  log.log.write(line("two"));
  ASSERT_FALSE(log.log.close(5s));
  EXPECT_EQ(log.failures.size(), 1u);

  Log next(place + "/a.log");
  next.log.write(line("one"));
  next.wait_for_failure();
  std::filesystem::create_directory(place);
  EXPECT_TRUE(next.write_and_close({"two", "three"}));
  EXPECT_THAT(lines_of(place + "/a.log"),
              ElementsAre(EndsWith(" two (1 lines before are missing)"), EndsWith(" three")));
}

/// What a disk without room does to the file: `fill` makes it full, `free` gives it room.
template <class Fill, class Free>
void expect_to_survive_a_full_disk(const std::string& path, Fill&& fill, Free&& free) {
  Log log(path);
  EXPECT_TRUE(Log(path).write_and_close({"before"}));
  fill();
  log.log.write(line(std::string(5000, 'x')));
  log.wait_for_failure();
  free();
  EXPECT_TRUE(log.write_and_close({"after"}));
  ASSERT_EQ(log.failures.size(), 1u);
  const auto lines = lines_of(path);
  ASSERT_GE(lines.size(), 2u);
  EXPECT_THAT(lines.front(), EndsWith(" before"));
  EXPECT_THAT(lines.back(), EndsWith(" after (1 lines before are missing)"));
}

// The kernel's SIGXFSZ, which would kill, must not reach the host.
TEST(DiagnosticsFile, SurvivesALimitOnTheSizeOfFiles) {
  const Folder folder;
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  expect_to_survive_a_full_disk(
      folder.file(),
      [&] {
        const rlimit tight{std::filesystem::file_size(folder.file()) + 10, before.rlim_max};
        ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
      },
      [&] { ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0); });
}

TEST(DiagnosticsFile, SurvivesAFullDisk) {
  const Folder folder;
  if (::mount("tmpfs", folder.root().c_str(), "tmpfs", 0, "size=8192,mode=700") != 0) {
    GTEST_SKIP() << "SKIPPED: cannot mount a small tmpfs here: " << std::strerror(errno);
  }
  const std::string ballast = folder.root() + "/ballast";
  expect_to_survive_a_full_disk(
      folder.file(), [&] { std::ofstream(ballast) << std::string(64 * 1024, 'x'); },
      [&] { std::filesystem::remove(ballast); });
  EXPECT_EQ(::umount2(folder.root().c_str(), MNT_DETACH), 0);
}

// Two real processes, rotating all the time: what is left are whole lines, and the newest of both.
TEST(DiagnosticsFile, IsSharedByTwoProcesses) {
  const Folder folder;
  const auto write_a_lot = [&](const std::string& who) {
    for (int round = 0; round < 40; ++round) {
      Log log(folder.file(), {4000});
      for (int i = 0; i < 20; ++i) log.log.write(line(who + std::string(60, 'x') + "end"));
      if (!log.log.close(5s) || !log.failures.empty()) return false;
    }
    return true;
  };
  ChildProcess child([&] { ::_exit(write_a_lot("child ") ? 0 : 1); });
  EXPECT_TRUE(write_a_lot("parent "));
  EXPECT_EQ(child.wait(), 0);
  std::size_t lines = 0;
  for (const std::string& path : {folder.file(), folder.file() + ".1"}) {
    EXPECT_LE(std::filesystem::file_size(path), 4000u + 200u);
    for (const std::string& each : lines_of(path)) {
      ++lines;
      EXPECT_THAT(each, MatchesRegex("[^ ]+Z [0-9]+ warn PH-DEL-300: (child|parent) x+end"));
    }
  }
  EXPECT_GT(lines, 10u);
}

TEST(DiagnosticsFile, NeverHoldsUpWhoeverReports) {
  const Folder folder;
  ManualClock clock;
  std::promise<void> let_go;
  std::promise<void> in_there;
  {
    // A thread that hangs, as on a dead network disk.
    DiagnosticsFile log(folder.root() + "/none/a.log", plenty, clock,
                        [&, gone = let_go.get_future().share()](const std::string&) {
                          in_there.set_value();
                          gone.wait();
                        });
    log.write(line("one"));
    ASSERT_EQ(in_there.get_future().wait_for(5s), std::future_status::ready);
    for (std::size_t i = 0; i < 2 * DiagnosticsFile::max_queued; ++i) log.write(line("more"));
    EXPECT_FALSE(log.close(1ms));
    let_go.set_value();
    EXPECT_FALSE(log.close(5s));
  }
  EXPECT_FALSE(std::filesystem::exists(folder.file()));
}

TEST(DiagnosticsFile, GetsWhatTheSinkShows) {
  const Folder folder;
  ManualClock clock;
  DiagnosticsSink sink([](const Diagnostic&) {}, clock);
  sink.write_to(std::make_shared<DiagnosticsFile>(folder.file(), plenty, clock, nullptr));
  sink.show_from(Severity::info);
  sink.report(Severity::debug, DiagnosticCode::delivery_recovered, "not shown");
  for (int i = 0; i < 3; ++i) {
    sink.report(Severity::warn, DiagnosticCode::delivery_failing, "no\nway");
  }
  clock.advance(DiagnosticsSink::quiet_time);
  sink.report(Severity::warn, DiagnosticCode::delivery_failing, "still");
  EXPECT_TRUE(sink.close(5s));
  EXPECT_THAT(lines_of(folder.file()),
              ElementsAre(HasSubstr("PH-DEL-300: no"), EndsWith(": still (2 suppressed)")));
}

}  // namespace
}  // namespace posthaste
