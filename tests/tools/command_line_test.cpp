#include "tests/tools/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace posthaste::tools {
namespace {

using testing::Outcome;
using testing::run;
using ::testing::StartsWith;

TEST(CommandLine, SaysInOneLineWhatIsWrongWhereAndWhomToAsk) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> wrong = {
      {{}, "posthaste: a subcommand is needed: convert, emulator, explain, "},
      {{"nonsense"}, "posthaste: \"nonsense\" is no subcommand: convert, emulator, "},
      {{"store"}, "posthaste store: a subcommand is needed: ls, verify, drain; see "},
      {{"store", "eat"}, "posthaste store: \"eat\" is no subcommand: ls, verify, drain; see "},
      {{"store", "ls"}, "posthaste store ls: DIR is required; see `posthaste store ls --help`\n"},
      {{"settings", "--nope"}, "posthaste settings: The following argument was not expected: "},
      {{"verify", "--timeout", "0"}, "posthaste verify: --timeout: Value 0 not in range "},
      {{"emulator", "--port", "99999"}, "posthaste emulator: Could not convert: --port = 99999; "},
  };
  for (const auto& [arguments, line] : wrong) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.exit_code, 2) << line;
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, StartsWith(line));
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  }
}

TEST(CommandLine, ExitsWithTwoWhereverNoOutputIsNamed) {
  for (const char* const command : {"verify", "load"}) {
    EXPECT_EQ(run({command}).exit_code, 2) << command;
  }
}

TEST(CommandLine, HelpIsNoError) {
  for (const char* const command :
       {"convert", "emulator", "explain", "load", "settings", "store", "verify"}) {
    const Outcome outcome = run({command, "--help"});
    EXPECT_EQ(outcome.exit_code, 0) << command;
    EXPECT_EQ(outcome.err, "") << command;
    EXPECT_THAT(outcome.out, ::testing::HasSubstr(std::string("posthaste ") + command + " "));
    EXPECT_THAT(outcome.out, ::testing::HasSubstr("Exit code")) << command;
  }
}

}  // namespace
}  // namespace posthaste::tools
