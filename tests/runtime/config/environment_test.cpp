#include "runtime/config/environment.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace posthaste::config {
namespace {

TEST(Environment, AnEmptyValueCountsAsUnset) {
  const Environment environment({{"A", ""}, {"B", " \t"}, {"C", " c \n"}});
  EXPECT_EQ(environment.get("A"), std::nullopt);
  EXPECT_EQ(environment.get("B"), std::nullopt);
  EXPECT_EQ(environment.get("C"), "c");
  EXPECT_EQ(environment.get("D"), std::nullopt);
}

TEST(Environment, OfTheProcessIsACopyOfTheKnownVariables) {
  ::setenv("OTEL_SERVICE_NAME", "before", 1);
  ::setenv("POSTHASTE_TEST_SOMETHING_ELSE", "x", 1);
  const Environment environment = Environment::of_process();
  ::setenv("OTEL_SERVICE_NAME", "after", 1);
  EXPECT_EQ(environment.get("OTEL_SERVICE_NAME"), "before");
  EXPECT_EQ(environment.get("POSTHASTE_TEST_SOMETHING_ELSE"), std::nullopt);
  ::unsetenv("OTEL_SERVICE_NAME");
}

}  // namespace
}  // namespace posthaste::config
