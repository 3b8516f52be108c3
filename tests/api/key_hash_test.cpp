#include <posthaste/key_hash.h>

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <string>

namespace posthaste {
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

TEST(KeyHash, IsKnownAtOnceWhereTheCompilerKnowsTheKey) {
#if defined(__OPTIMIZE__)
  EXPECT_TRUE(KeyHash::if_constant("http.response.status_code").known());
  EXPECT_EQ(KeyHash::if_constant("app.id").tag(), KeyHash(std::string("app.id")).tag());
#endif
  const std::string runtime = "key." + std::to_string(std::rand());
  EXPECT_FALSE(KeyHash::if_constant(runtime).known());
}

TEST(KeyHash, ReadsNothingBehindShortKeys) {
  for (const char* key : {"", "a", "ab", "abc", "abcd", "abcdefg"}) {
    const std::string exact(key);  // under AddressSanitizer a byte too far is an error
    EXPECT_EQ(KeyHash(exact).tag(), KeyHash(std::string(key)).tag());
  }
}

}  // namespace
}  // namespace posthaste
