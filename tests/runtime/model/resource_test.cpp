#include "runtime/model/resource.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <vector>

namespace posthaste::model {
namespace {

std::vector<std::string> keys_of(const Resource& resource) {
  std::vector<std::string> keys;
  EntryRange range = resource.entries();
  while (const auto entry = range.next()) keys.emplace_back(entry->key());
  return keys;
}

TEST(Resource, KeepsTheOrderAndTheLastValue) {
  Resource resource({{"service.name", "shop"}, {"host.name", "h1"}});
  resource.set("process.pid", 7);
  resource.set("service.name", "a much longer name than before");
  EXPECT_EQ(keys_of(resource),
            (std::vector<std::string>{"service.name", "host.name", "process.pid"}));
  EXPECT_EQ(resource.text("service.name"), "a much longer name than before");
  EXPECT_EQ(resource.find("process.pid")->int64(), 7);
  EXPECT_EQ(resource.text("process.pid"), "");
  EXPECT_FALSE(resource.find("absent"));
}

TEST(Resource, ComesBackFromItsBytes) {
  const std::array<std::string_view, 2> tags{"x", "y"};
  Resource resource({{"service.name", "shop"}, {"ratio", 0.5}, {"on", true}});
  resource.set("tags", std::span<const std::string_view>(tags));
  const auto parsed = Resource::parse(resource.bytes());
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, resource);
}

TEST(Resource, RefusesWhatIsTooLong) {
  Resource resource({{"service.name", "shop"}});
  EXPECT_FALSE(resource.set("big", std::string(Resource::size_limit, 'x')));
  EXPECT_FALSE(resource.set(std::string(70'000, 'k'), 1));
  EXPECT_EQ(keys_of(resource), std::vector<std::string>{"service.name"});
  const std::vector<std::byte> bytes(Resource::size_limit + 8);
  EXPECT_FALSE(Resource::parse(bytes));
}

TEST(Resource, RefusesBytesThatAreNoAttributes) {
  Resource resource({{"service.name", "shop"}, {"n", 1}});
  std::vector<std::byte> bytes(resource.bytes().begin(), resource.bytes().end());
  EXPECT_FALSE(Resource::parse(std::span(bytes).first(bytes.size() - 8)));
  bytes[0] = static_cast<std::byte>(EntryKind::event);
  EXPECT_FALSE(Resource::parse(bytes));
}

TEST(Resource, SurvivesAnyDamageToItsBytes) {
  Resource resource({{"service.name", "shop"}, {"n", 1}, {"ratio", 0.25}});
  std::mt19937 random(3);
  int taken = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::byte> bytes(resource.bytes().begin(), resource.bytes().end());
    bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    const auto parsed = Resource::parse(bytes);
    if (!parsed) continue;
    ++taken;
    EXPECT_LE(keys_of(*parsed).size(), 3u);
  }
  EXPECT_GT(taken, 0);
}

}  // namespace
}  // namespace posthaste::model
