#include "actors/batch_rules.h"

#include <gtest/gtest.h>

namespace posthaste::actors {
namespace {

constexpr SteadyTime start{std::chrono::seconds{100}};
const BatchRules rules{.most_items = 512, .most_age = std::chrono::seconds{5}};

struct Case {
  const char* what;
  Extent extent;
  std::chrono::milliseconds age;
  std::uint64_t flush_up_to;
  bool pressure;
  std::optional<CloseReason> expected;
};

TEST(BatchRules, CloseAnExtentForTheseReasonsAndNoOthers) {
  const Extent some{.begin = 1'000, .end = 2'000, .records = 4, .items = 4, .bytes = 1'000};
  Extent full = some;
  full.items = 512;
  Extent large = some;
  large.bytes = BatchRules::most_bytes;
  using std::chrono::milliseconds;
  const Case cases[] = {
      {"not empty is no reason", some, milliseconds{4'999}, 0, false, std::nullopt},
      {"empty is never closed", {}, milliseconds{60'000}, 9'999, true, std::nullopt},
      {"count", full, milliseconds{0}, 0, false, CloseReason::count},
      {"bytes", large, milliseconds{0}, 0, false, CloseReason::bytes},
      {"age", some, milliseconds{5'000}, 0, false, CloseReason::age},
      {"a flush above it", some, milliseconds{0}, 1'001, false, CloseReason::flush},
      {"a flush that ended before it", some, milliseconds{0}, 1'000, false, std::nullopt},
      {"a scarce arena", some, milliseconds{0}, 0, true, CloseReason::pressure},
  };
  for (Case test : cases) {
    test.extent.seen = start;
    EXPECT_EQ(why_close(rules, test.extent, start + test.age, test.flush_up_to, test.pressure),
              test.expected)
        << test.what;
  }
}

}  // namespace
}  // namespace posthaste::actors
