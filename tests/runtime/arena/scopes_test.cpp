#include "runtime/arena/scopes.h"

#include "tests/support/test_arena.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace posthaste::arena {
namespace {

using testing_support::TestArena;

TEST(Scopes, GiveBackWhatWasInterned) {
  const TestArena arena;
  ScopeTable table(*arena);
  const std::uint16_t a = table.intern({"orders", "1.2", "https://example.org/schema"});
  const std::uint16_t b = table.intern({"orders", "1.3", ""});
  EXPECT_NE(a, 0);
  EXPECT_NE(a, b);
  EXPECT_EQ(table.intern({"orders", "1.2", "https://example.org/schema"}), a);
  EXPECT_EQ(scope_at(*arena, a), (Scope{"orders", "1.2", "https://example.org/schema"}));
  EXPECT_EQ(scope_at(*arena, b), (Scope{"orders", "1.3", ""}));
}

TEST(Scopes, TellApartTextsThatJoinAlike) {
  const TestArena arena;
  ScopeTable table(*arena);
  EXPECT_NE(table.intern({"ab", "c", ""}), table.intern({"a", "bc", ""}));
}

TEST(Scopes, TheUnnamedOneIsZero) {
  const TestArena arena;
  ScopeTable table(*arena);
  EXPECT_EQ(table.intern({}), 0);
  EXPECT_EQ(scope_at(*arena, 0), Scope{});
  EXPECT_EQ(scope_at(*arena, 1), Scope{});
  EXPECT_EQ(scope_at(*arena, 65'535), Scope{});
}

TEST(Scopes, CutLongTexts) {
  const TestArena arena;
  ScopeTable table(*arena);
  const std::string name(70'000, 'x');
  const std::uint16_t index = table.intern({name, "1", ""});
  EXPECT_EQ(scope_at(*arena, index).name, std::string_view(name).substr(0, 1024));
  EXPECT_EQ(table.intern({name, "1", ""}), index);
}

TEST(Scopes, SayThatTheTableIsFull) {
  for (const std::size_t padding : {0u, 900u}) {  // by number, by bytes
    const TestArena arena;
    ScopeTable table(*arena);
    std::uint16_t last = 0;
    std::uint32_t count = 0;
    do {
      EXPECT_FALSE(table.full());
      last = table.intern({std::to_string(count) + std::string(padding, 'p'), "", ""});
      if (last != 0) ++count;
    } while (last != 0 && count < 5000);
    EXPECT_TRUE(table.full());
    EXPECT_EQ(count, padding == 0 ? 1023u : count);
    EXPECT_GE(count, 60u);
    EXPECT_EQ(scope_at(*arena, static_cast<std::uint16_t>(count)).name.substr(0, 1),
              std::to_string(count - 1).substr(0, 1));
    EXPECT_EQ(table.intern({"0" + std::string(padding, 'p'), "", ""}), 1);
  }
}

TEST(Scopes, OfADamagedTableAreUnnamed) {
  const TestArena arena;
  ScopeTable table(*arena);
  table.intern({"orders", "1", ""});
  auto* words = reinterpret_cast<std::uint32_t*>(arena->scopes().data());
  words[0] = 0xffff'ffff;  // count
  EXPECT_EQ(scope_at(*arena, 2), Scope{});
  words[2] = scope_table_size - 4;  // offset of the first
  EXPECT_EQ(scope_at(*arena, 1), Scope{});
  words[2] = scope_table_size - 8;
  *reinterpret_cast<std::uint16_t*>(arena->scopes().data() + scope_table_size - 8) = 1;
  EXPECT_EQ(scope_at(*arena, 1), Scope{});
}

TEST(ScopesThreads, MayBeReadWhileOthersAreAdded) {
  const TestArena arena;
  ScopeTable table(*arena);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        const std::string name = "scope " + std::to_string(i);
        EXPECT_EQ(scope_at(*arena, table.intern({name, "1", ""})).name, name);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_NE(scope_at(*arena, 100), Scope{});
  EXPECT_EQ(scope_at(*arena, 101), Scope{});
}

}  // namespace
}  // namespace posthaste::arena
