#include "runtime/produce/key_tag.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace posthaste::produce {
namespace {

TEST(KeyHash, IsTheSameForEqualKeysWhereverTheyLie) {
  const std::string key = "http.request.method";
  const std::string copy = " " + key + " ";
  const KeyHash one(key), other(std::string_view(copy).substr(1, key.size()));
  EXPECT_EQ(one.tag(), other.tag());
  EXPECT_EQ(one.bloom_bit(), other.bloom_bit());
}

TEST(KeyHash, TellsThousandsOfKeysOfOneFamilyMostlyApart) {
  std::set<std::uint16_t> tags;
  constexpr int keys = 1000;
  for (int i = 0; i < keys; ++i) tags.insert(KeyHash("app.key." + std::to_string(i)).tag());
  EXPECT_GT(tags.size(), keys * 0.97);
}

TEST(KeyHash, ReadsNothingBehindShortKeys) {
  for (const char* key : {"", "a", "ab", "abc", "abcd", "abcdefg"}) {
    const std::string exact(key);  // under AddressSanitizer a byte too far is an error
    EXPECT_EQ(KeyHash(exact).tag(), KeyHash(std::string(key)).tag());
  }
}

}  // namespace
}  // namespace posthaste::produce
