#include "tests/tools/program.h"

#include "runtime/base/diagnostic_codes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace posthaste::tools {
namespace {

using ::testing::HasSubstr;
using testing::Outcome;
using testing::run;

TEST(ExplainCommand, SaysWhatACodeMeansAndHowToMendIt) {
  for (const char* const spelling : {"PH-SET-101", "ph-set-101", "101", "environment_ignored"}) {
    const Outcome outcome = run({"explain", spelling});
    EXPECT_EQ(outcome.exit_code, 0) << spelling;
    EXPECT_THAT(outcome.out, HasSubstr("PH-SET-101  environment_ignored\n"));
    EXPECT_THAT(outcome.out, HasSubstr("What:  An environment variable holds a value"));
    EXPECT_THAT(outcome.out, HasSubstr("Mend:  Mend or unset the variable"));
    EXPECT_EQ(outcome.err, "");
  }
}

TEST(ExplainCommand, ListsEveryCodeWhenNoneIsNamed) {
  const Outcome outcome = run({"explain"});
  EXPECT_EQ(outcome.exit_code, 0);
  for (const DiagnosticExplanation& row : diagnostic_explanations()) {
    EXPECT_THAT(outcome.out, HasSubstr(std::string(row.name) + "  " + std::string(row.enumerator)));
  }
  EXPECT_EQ(static_cast<std::size_t>(std::count(outcome.out.begin(), outcome.out.end(), '\n')),
            diagnostic_explanations().size());
}

TEST(ExplainCommand, SaysSoWhenThereIsNoSuchCode) {
  for (const char* const wrong : {"PH-SET-999", "1", "PH-SET-101x", "\xff\n"}) {
    const Outcome outcome = run({"explain", wrong});
    EXPECT_EQ(outcome.exit_code, 2) << wrong;
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err,
                HasSubstr("is no diagnostic code; `posthaste explain` lists them all"));
  }
}

// A code that no source says is a promise only. (One that no row explains does not compile.)
TEST(ExplainCommand, EveryCodeIsSaidBySomeSource) {
  std::string sources;
  for (const char* const folder : {"actors", "api", "persistence", "runtime"}) {
    const std::string root = POSTHASTE_SOURCE_DIR;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root + '/' + folder)) {
      if (!entry.is_regular_file()) continue;
      // The public header's default values say nothing.
      if (entry.path().string().find("/include/") != std::string::npos) continue;
      std::ifstream file(entry.path());
      sources.append(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
  }
  for (const DiagnosticExplanation& row : diagnostic_explanations()) {
    const std::string said = "DiagnosticCode::" + std::string(row.enumerator);
    EXPECT_NE(sources.find(said), std::string::npos) << row.name;
  }
}

// The page for people and the table of the program name the same codes, each once.
TEST(ExplainCommand, AndThePageOnTroubleshootingKnowTheSameCodes) {
  std::ifstream file(POSTHASTE_TROUBLESHOOTING);
  const std::string page{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  ASSERT_FALSE(page.empty());
  std::size_t headings = 0;
  for (std::size_t at = 0; (at = page.find("\n**PH-", at)) != std::string::npos; ++at) ++headings;
  EXPECT_EQ(headings, diagnostic_explanations().size());
  for (const DiagnosticExplanation& row : diagnostic_explanations()) {
    const std::string heading =
        "\n**" + std::string(row.name) + "** `" + std::string(row.enumerator) + "`. ";
    EXPECT_NE(page.find(heading), std::string::npos) << heading;
  }
}

}  // namespace
}  // namespace posthaste::tools
