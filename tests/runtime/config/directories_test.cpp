#include "runtime/config/directories.h"

#include "tests/runtime/config/final_settings_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace posthaste::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing_support::MadeUpProcess;
using testing_support::shown;

std::vector<std::string> paths(const std::vector<DirectoryCandidate>& candidates) {
  std::vector<std::string> out;
  for (const auto& candidate : candidates) out.push_back(candidate.path);
  return out;
}

TEST(Directories, ANameBecomesOneFileName) {
  EXPECT_EQ(directory_name("orders-1.2_x"), "orders-1.2_x");
  EXPECT_EQ(directory_name("unknown_service:server"), "unknown_service_server");
  EXPECT_EQ(directory_name("../../etc"), "_.._.._etc");
  EXPECT_EQ(directory_name("."), "_.");
  EXPECT_EQ(directory_name(""), "_");
  EXPECT_EQ(directory_name(std::string("a\0/b", 4)), "a__b");
  EXPECT_EQ(directory_name(std::string(300, 'x')).size(), 100u);
  EXPECT_EQ(directory_name("." + std::string(300, 'x')).size(), 100u);
}

TEST(Directories, StoreCandidatesStandInTheirOrder) {
  std::vector<Diagnostic> warnings;
  const Environment all({{"STATE_DIRECTORY", "/var/lib/orders:/var/lib/second"},
                         {"XDG_STATE_HOME", "/xdg"},
                         {"HOME", "/home/u"}});
  EXPECT_THAT(paths(store_candidates("", "orders", all, warnings)),
              ElementsAre("/var/lib/orders/posthaste/orders", "/xdg/posthaste/orders",
                          "/var/lib/posthaste/orders"));
  const Environment home(Environment::Variables{{"HOME", "/home/u"}});
  EXPECT_THAT(paths(store_candidates("", "orders", home, warnings)),
              ElementsAre("/home/u/.local/state/posthaste/orders", "/var/lib/posthaste/orders"));
  EXPECT_THAT(paths(store_candidates("/mine", "orders", all, warnings)), ElementsAre("/mine"));
  EXPECT_TRUE(warnings.empty());
}

TEST(Directories, ArenaCandidatesStandInTheirOrder) {
  std::vector<Diagnostic> warnings;
  const Environment all(
      {{"RUNTIME_DIRECTORY", "/run/orders:/run/x"}, {"XDG_RUNTIME_DIR", "/run/user/1"}});
  EXPECT_THAT(paths(arena_candidates("", all, warnings)),
              ElementsAre("/run/orders", "/run/user/1", "/dev/shm"));
  EXPECT_THAT(paths(arena_candidates("", Environment(), warnings)), ElementsAre("/dev/shm"));
  EXPECT_THAT(paths(arena_candidates("/mine", all, warnings)), ElementsAre("/mine"));
}

TEST(Directories, RelativePathsInTheEnvironmentAreIgnoredAloud) {
  for (const char* const name :
       {"STATE_DIRECTORY", "XDG_STATE_HOME", "HOME", "RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"}) {
    MadeUpProcess process;
    process.variables[name] = "relative/path";
    ASSERT_TRUE(process.finalize());
    ASSERT_EQ(process.warnings.size(), 1u) << name;
    EXPECT_EQ(process.warnings[0].code, DiagnosticCode::directory_ignored);
    EXPECT_THAT(process.warned(),
                HasSubstr(std::string(name) + "=\"relative/path\" is not an absolute"));
  }
}

TEST(Directories, TheFirstStoreCandidateThatCanBeWrittenIsTaken) {
  MadeUpProcess process;
  process.variables["STATE_DIRECTORY"] = "/read-only";
  process.variables["HOME"] = "/home/u";
  const auto settings = process.finalize({.service_name = "orders"});
  ASSERT_TRUE(settings);
  EXPECT_TRUE(settings->store().enabled);
  EXPECT_EQ(settings->store().directory, "/home/u/.local/state/posthaste/orders");
  EXPECT_EQ(shown(*settings, SettingId::store_directory),
            "/home/u/.local/state/posthaste/orders (environment)");
  EXPECT_TRUE(process.warnings.empty());
}

TEST(Directories, NoUsableCandidateMeansNoStoreAndOneWarning) {
  MadeUpProcess process;
  process.writable.clear();
  process.variables["HOME"] = "/home/u";
  const auto settings = process.finalize();
  ASSERT_TRUE(settings);
  EXPECT_FALSE(settings->store().enabled);
  EXPECT_EQ(settings->store().directory, "");
  ASSERT_EQ(process.warnings.size(), 1u);
  EXPECT_EQ(process.warnings[0].code, DiagnosticCode::no_store_directory);
  EXPECT_THAT(process.warned(), HasSubstr("/var/lib/posthaste/unknown_service_server (/var/lib)"));
}

TEST(Directories, ADirectoryOfCodeIsNotReplacedByAnother) {
  MadeUpProcess process;
  const auto good = process.finalize({.store = {.directory = "/var/lib/orders"}});
  ASSERT_TRUE(good);
  EXPECT_EQ(good->store().directory, "/var/lib/orders");
  const auto bad = process.finalize({.store = {.directory = "/read-only"}});
  ASSERT_TRUE(bad);
  EXPECT_FALSE(bad->store().enabled);
  EXPECT_THAT(process.warned(), HasSubstr("/read-only (store.directory)"));
}

TEST(Directories, AStoreThatIsOffOrNotNeededLooksForNone) {
  MadeUpProcess process;
  process.writable.clear();
  const auto off = process.finalize({.store = {.enabled = false}});
  ASSERT_TRUE(off);
  EXPECT_FALSE(off->store().enabled);
  const auto console = process.finalize({.outputs = {Console{}}});
  ASSERT_TRUE(console);
  EXPECT_FALSE(console->store().enabled);
  EXPECT_TRUE(process.warnings.empty());
}

TEST(Directories, OfCodeMustBeAbsolute) {
  MadeUpProcess process;
  for (const Settings& settings :
       {Settings{.store = {.directory = "orders"}}, Settings{.arena_dir = "orders"},
        Settings{.arena_dir = std::string("/a\0b", 4)},
        Settings{.store = {.directory = "/" + std::string(5000, 'x')}}}) {
    const auto result = process.finalize(settings);
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().message(), HasSubstr("not an absolute path"));
  }
}

TEST(HostFacts, KnowsWhatCanBeWritten) {
  const HostFacts host = HostFacts::of_process();
  EXPECT_FALSE(host.executable.empty());
  EXPECT_EQ(host.process_id, static_cast<std::uint32_t>(::getpid()));

  std::string root = "/tmp/posthaste-directories-XXXXXX";
  ASSERT_NE(::mkdtemp(root.data()), nullptr);
  EXPECT_TRUE(host.can_hold_directory(root));
  EXPECT_TRUE(host.can_hold_directory(root + "/not/yet/there"));
  ASSERT_EQ(::symlink("/nowhere/at/all", (root + "/dangling").c_str()), 0);
  EXPECT_FALSE(host.can_hold_directory(root + "/dangling/x"));
  EXPECT_FALSE(host.can_hold_directory("/proc/self/exe/x")) << "a file is no directory";
  EXPECT_FALSE(host.can_hold_directory("relative"));
  ASSERT_EQ(::chmod(root.c_str(), 0777), 0);
  EXPECT_FALSE(host.can_hold_directory(root + "/x")) << "everybody could replace it";
  ASSERT_EQ(::chmod(root.c_str(), 01777), 0);
  EXPECT_TRUE(host.can_hold_directory(root + "/x"));
  EXPECT_FALSE(host.lies_in_shared_volume(root + "/x"));
  ASSERT_EQ(::chmod(root.c_str(), 0700), 0);
  if (::geteuid() != 0) {  // nothing is refused to root
    ASSERT_EQ(::chmod(root.c_str(), 0500), 0);
    EXPECT_FALSE(host.can_hold_directory(root + "/x"));
    ASSERT_EQ(::chmod(root.c_str(), 0700), 0);
  }
  ::unlink((root + "/dangling").c_str());
  ::rmdir(root.c_str());
}

}  // namespace
}  // namespace posthaste::config
