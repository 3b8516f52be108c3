#include "runtime/metrics/attribute_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

namespace posthaste::metrics {
namespace {

/// A set as a series keeps it.
struct Kept {
  explicit Kept(Attributes attributes) {
    AttributePick set;
    pick_canonical(attributes, set);
    EXPECT_TRUE(is_canonical(set.all()));
    append_set(entries, set.all());
    count = static_cast<std::uint32_t>(set.all().size());
  }
  AttributeSet set() const {
    return {entries.data(), static_cast<std::uint32_t>(entries.size()), count};
  }
  std::vector<std::byte> entries;
  std::uint32_t count = 0;
};

TEST(AttributeSet, IsTheSameInEveryOrder) {
  std::vector<Attribute> attributes{
      {"route", "/pay"}, {"status", 200}, {"cached", true}, {"ratio", 0.5}, {"", "no key"}};
  attributes.pop_back();
  const Kept kept{Attributes(std::span<const Attribute>(attributes))};
  const std::uint64_t hash = hash_of(Attributes(std::span<const Attribute>(attributes)));
  std::sort(attributes.begin(), attributes.end(),
            [](const Attribute& a, const Attribute& b) { return a.key < b.key; });
  do {
    const Attributes given{std::span<const Attribute>(attributes)};
    EXPECT_EQ(hash_of(given), hash);
    EXPECT_TRUE(kept.set().matches(given));
  } while (
      std::next_permutation(attributes.begin(), attributes.end(),
                            [](const Attribute& a, const Attribute& b) { return a.key < b.key; }));
}

TEST(AttributeSet, IsComparedInFull) {
  const Kept kept({{"route", "/pay"}, {"status", 200}});
  EXPECT_TRUE(kept.set().matches({{"route", "/pay"}, {"status", 200}}));
  EXPECT_FALSE(kept.set().matches({{"route", "/pax"}, {"status", 200}}));
  EXPECT_FALSE(kept.set().matches({{"routf", "/pay"}, {"status", 200}}));
  EXPECT_FALSE(kept.set().matches({{"route", "/pay"}, {"status", 201}}));
  EXPECT_FALSE(kept.set().matches({{"route", "/pay"}, {"status", 200.0}}));
  EXPECT_FALSE(kept.set().matches({{"route", "/pay"}}));
  EXPECT_FALSE(kept.set().matches({{"route", "/pay"}, {"route", "/pay"}}));
  EXPECT_FALSE(kept.set().matches({{"route", "/pay"}, {"status", 200}, {"a", 1}}));
}

TEST(AttributeSet, SeesEveryByteOfKeysAndValuesOfEveryLength) {
  for (std::size_t size = 1; size <= 100; ++size) {
    const std::string text(size, 'x');
    const Kept kept{{{text, text}}};
    EXPECT_TRUE(kept.set().matches({{text, text}})) << size;
    for (std::size_t at = 0; at < size; ++at) {
      std::string other = text;
      other[at] = 'y';
      EXPECT_FALSE(kept.set().matches({{other, text}})) << at << " of " << size;
      EXPECT_FALSE(kept.set().matches({{text, other}})) << at << " of " << size;
    }
  }
}

TEST(AttributeSet, KeepsTheLastOfEqualKeysAndNoUnusableOnes) {
  const std::string long_key(longest_key + 1, 'k');
  const Kept kept({{"a", 1}, {"", 2}, {"b", 3}, {"a", 4}, {long_key, 5}});
  EXPECT_EQ(kept.count, 2u);
  EXPECT_TRUE(kept.set().matches({{"b", 3}, {"a", 4}}));
}

TEST(AttributeSet, KeepsArraysButNoListsOrMaps) {
  const std::array<std::string_view, 2> texts{"x", "yy"};
  const std::array<std::string_view, 2> others{"xy", "y"};
  const std::array<std::int64_t, 2> numbers{1, 2};
  const std::array<AttributeValue, 1> list{1};
  const Kept kept({{"t", std::span<const std::string_view>(texts)},
                   {"n", std::span<const std::int64_t>(numbers)},
                   {"l", AttributeValue::list(list)}});
  EXPECT_EQ(kept.count, 2u);
  EXPECT_TRUE(kept.set().matches({{"n", std::span<const std::int64_t>(numbers)},
                                  {"t", std::span<const std::string_view>(texts)}}));
  EXPECT_FALSE(kept.set().matches({{"n", std::span<const std::int64_t>(numbers)},
                                   {"t", std::span<const std::string_view>(others)}}));
}

TEST(AttributeSet, CutsASetThatIsTooLong) {
  const std::string text(10'000, 'x');
  const Kept kept({{"a", text}, {"b", text}, {"c", 1}});
  EXPECT_EQ(kept.count, 2u);
  EXPECT_LE(kept.entries.size(), longest_set);
}

TEST(AttributeSet, HashesTextsOfEveryLengthApart) {
  std::mt19937_64 random(1);
  std::vector<std::uint64_t> hashes;
  for (std::size_t length = 0; length < 70; ++length) {
    std::string text(length, 'a');
    hashes.push_back(hash_of({{"key", text}}));
    for (std::size_t at = 0; at < length; ++at) {
      std::string other = text;
      other[at] = static_cast<char>('b' + random() % 20);
      hashes.push_back(hash_of({{"key", other}}));
      EXPECT_FALSE(detail::same_bytes(text.data(), other.data(), length));
    }
    EXPECT_TRUE(detail::same_bytes(text.data(), std::string(length, 'a').data(), length));
  }
  // Two changes of one position may draw the same letter; nothing else is alike.
  std::sort(hashes.begin(), hashes.end());
  EXPECT_EQ(std::unique(hashes.begin(), hashes.end()), hashes.end());
}

}  // namespace
}  // namespace posthaste::metrics
