#include "runtime/wire/known_attribute.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace posthaste::wire {
namespace {

TEST(KnownAttribute, EveryKeyFindsItself) {
  for (std::size_t i = 0; i < known_count; ++i) {
    const auto found = find_known(known_keys[i]);
    ASSERT_TRUE(found) << known_keys[i];
    EXPECT_EQ(static_cast<std::size_t>(*found), i);
    EXPECT_EQ(key_of(*found), known_keys[i]);
  }
}

TEST(KnownAttribute, NoKeyStandsTwiceAndNoneIsTooShortToBeFound) {
  const std::set<std::string_view> keys(known_keys.begin(), known_keys.end());
  EXPECT_EQ(keys.size(), known_count);
  for (const std::string_view key : known_keys) EXPECT_GE(key.size(), detail::shortest_known);
}

TEST(KnownAttribute, NeighboursOfKeysAreNotKnown) {
  for (const std::string_view key : known_keys) {
    EXPECT_FALSE(find_known(std::string(key) + "x"));
    std::string changed(key);
    changed.back() = '~';
    EXPECT_FALSE(find_known(changed));
  }
  for (const char* key : {"", "a", "order", "order.id", "http", "HTTP.METHOD", "server.addres"}) {
    EXPECT_FALSE(find_known(key)) << key;
  }
}

}  // namespace
}  // namespace posthaste::wire
