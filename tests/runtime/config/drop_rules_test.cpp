#include "runtime/config/drop_rules.h"

#include <gtest/gtest.h>

namespace posthaste::config {
namespace {

using Field = DropCondition::Field;

DropRule only(std::string_view text) {
  const DropRules read = parse_drop_rules(text);
  EXPECT_TRUE(read.wrong.empty()) << read.wrong << ' ' << read.fault;
  EXPECT_EQ(read.rules.size(), 1u) << text;
  return read.rules.empty() ? DropRule{} : read.rules.front();
}

TEST(DropRules, APatternAloneIsTheName) {
  const DropRule rule = only(" GET /healthz ");
  EXPECT_FALSE(rule.of_logs);
  ASSERT_EQ(rule.conditions.size(), 1u);
  EXPECT_EQ(rule.conditions[0].field, Field::name);
  EXPECT_TRUE(rule.conditions[0].equal);
  EXPECT_TRUE(rule.conditions[0].pattern.matches("GET /healthz"));
}

TEST(DropRules, ConditionsNameFieldsAndAttributes) {
  const DropRule rule = only(
      "log:name=a & kind != server & scope=b* & severity=debug & body=*c* & url.path = /live & "
      "attribute:name=d");
  EXPECT_TRUE(rule.of_logs);
  ASSERT_EQ(rule.conditions.size(), 7u);
  const Field fields[] = {Field::name, Field::kind,      Field::scope,    Field::severity,
                          Field::body, Field::attribute, Field::attribute};
  for (std::size_t i = 0; i < 7; ++i) EXPECT_EQ(rule.conditions[i].field, fields[i]) << i;
  EXPECT_FALSE(rule.conditions[1].equal);
  EXPECT_EQ(rule.conditions[5].key, "url.path");
  EXPECT_TRUE(rule.conditions[5].pattern.matches("/live"));
  EXPECT_EQ(rule.conditions[6].key, "name");
}

TEST(DropRules, ABackslashMakesTheNextCharacterOrdinary) {
  const DropRule rule = only(R"(a\=b \& c\; \*\\ \!*)");
  ASSERT_EQ(rule.conditions.size(), 1u);
  EXPECT_TRUE(rule.conditions[0].pattern.matches(R"(a=b & c; *\ !anything)"));
  EXPECT_FALSE(only(R"(log\:x)").of_logs);
}

TEST(DropRules, AnEscapedExclamationMarkBeforeAnEqualsSignBelongsToTheKey) {
  const DropRule rule = only("loud\\\\!=a");
  EXPECT_FALSE(rule.conditions[0].equal);
  EXPECT_EQ(rule.conditions[0].key, "loud\\");
  const DropRule escaped = only(R"(loud\!=a)");
  EXPECT_TRUE(escaped.conditions[0].equal);
  EXPECT_EQ(escaped.conditions[0].key, "loud!");
}

TEST(DropRules, MistakesNameTheRule) {
  struct Case {
    std::string text, fault;
  };
  for (const auto& [text, fault] :
       {Case{"=x", "without a key"}, Case{"!=x", "without a key"},
        Case{"a & ", "an empty condition"}, Case{"log:", "an empty condition"},
        Case{R"(a\b)", "a '\\' before"}, Case{"a\\", "a '\\' before"},
        Case{std::string(1025, 'a'), "longer than 1024"},
        Case{"a&b&c&d&e&f&g&h&i", "more than 8 conditions"}}) {
    const DropRules read = parse_drop_rules("good; " + text);
    EXPECT_TRUE(read.rules.empty()) << text;
    EXPECT_FALSE(read.wrong.empty()) << text;
    EXPECT_NE(read.fault.find(fault), std::string_view::npos) << text << ": " << read.fault;
  }
  std::string many;
  for (int i = 0; i < 64; ++i) many += "a;";
  EXPECT_EQ(parse_drop_rules(many).rules.size(), 64u);
  EXPECT_EQ(parse_drop_rules(many + "b").fault, "is one too many, at most 64 are allowed");
  EXPECT_TRUE(parse_drop_rules(" ; ;").rules.empty());
}

}  // namespace
}  // namespace posthaste::config
