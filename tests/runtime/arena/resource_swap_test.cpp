// The resource of an arena is the old one or the new one, whole, at whatever moment its owner dies.

#include "runtime/arena/adoption.h"
#include "tests/support/child_process.h"
#include "tests/support/test_arena.h"

#include <gtest/gtest.h>

#include <sys/mman.h>

#include <atomic>
#include <new>
#include <string>

namespace posthaste::arena {
namespace {

using testing_support::ChildProcess;
using testing_support::TestArena;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::string text_of(const Arena& arena) {
  const auto bytes = arena.resource();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::vector<std::byte> image_of(const TestArena& arena) {
  return {arena.memory().begin(), arena.memory().end()};
}

/// What an adopter finds in a copy of `image`.
std::string adopted(std::span<const std::byte> image) {
  const TestArena other;
  std::copy(image.begin(), image.end(), other.memory().begin());
  const Arena arena = Arena::open(other.memory()).value();
  prepare(arena);
  return text_of(arena);
}

TEST(ResourceSwap, GivesTheLastOneAndAnotherRevisionEachTime) {
  const TestArena arena;
  EXPECT_EQ(text_of(*arena), "");
  std::uint32_t before = arena->resource_revision();
  for (const std::string& text : {std::string("first"), std::string(resource_size_limit, 'x'),
                                  std::string("third, shorter"), std::string()}) {
    ASSERT_TRUE(arena->set_resource(bytes_of(text)));
    EXPECT_EQ(text_of(*arena), text);
    EXPECT_NE(arena->resource_revision(), before);
    before = arena->resource_revision();
  }
}

TEST(ResourceSwap, RefusesOneThatIsTooLongAndKeepsTheOld) {
  const TestArena arena;
  ASSERT_TRUE(arena->set_resource(bytes_of("old")));
  const std::uint32_t revision = arena->resource_revision();
  EXPECT_FALSE(arena->set_resource(bytes_of(std::string(resource_size_limit + 1, 'x'))));
  EXPECT_EQ(text_of(*arena), "old");
  EXPECT_EQ(arena->resource_revision(), revision);
}

TEST(ResourceSwap, AnAdopterSeesTheOldOneUntilTheLastStoreAndThenTheNewOne) {
  const TestArena arena;
  const std::string old(300, 'o');
  const std::string fresh(500, 'n');
  ASSERT_TRUE(arena->set_resource(bytes_of(old)));
  const std::vector<std::byte> before = image_of(arena);
  ASSERT_TRUE(arena->set_resource(bytes_of(fresh)));
  const std::vector<std::byte> after = image_of(arena);
  // The bytes that differ, in memory's order: those of the header first, whose store is the last.
  std::vector<std::size_t> written;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i] != after[i]) written.push_back(i);
  }
  const auto word = static_cast<std::size_t>(
      reinterpret_cast<const std::byte*>(&arena->header().resource) - arena.memory().data());
  std::vector<std::byte> image = before;
  std::size_t copied = 0;
  for (const std::size_t at : written) {
    if (at >= word && at < word + 8) continue;
    if (copied++ % 100 == 0) {
      EXPECT_EQ(adopted(image), old) << copied;
    }
    image[at] = after[at];
  }
  EXPECT_EQ(copied, fresh.size());
  EXPECT_EQ(adopted(image), old);
  std::copy_n(after.begin() + static_cast<std::ptrdiff_t>(word), 8,
              image.begin() + static_cast<std::ptrdiff_t>(word));
  EXPECT_EQ(image, after);
  EXPECT_EQ(adopted(image), fresh);
}

TEST(ResourceSwap, AnAdopterClampsADamagedSize) {
  const TestArena arena;
  for (const std::uint64_t word : {~std::uint64_t{0}, std::uint64_t{0xffff'ffff}}) {
    arena->header().resource.store(word);
    EXPECT_EQ(adopted(image_of(arena)).size(), resource_size_limit);
  }
}

/// Memory that the parent still has when the child was killed.
class SharedArena {
public:
  SharedArena() : size_(Arena::size_of(geometry)) {
    void* const at =
        ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) throw std::bad_alloc();
    memory_ = static_cast<std::byte*>(at);
    arena_ = Arena::format({memory_, size_}, geometry, {1}, 7, 0);
  }
  ~SharedArena() { ::munmap(memory_, size_); }
  SharedArena(const SharedArena&) = delete;
  SharedArena& operator=(const SharedArena&) = delete;
  const Arena& operator*() const noexcept { return arena_; }

private:
  static constexpr Geometry geometry{.segments = 16, .lanes = 1, .outputs = 1};
  std::size_t size_;
  std::byte* memory_ = nullptr;
  Arena arena_;
};

TEST(ResourceSwap, IsWholeWhereverAKillHits) {
  for (int round = 0; round < 40; ++round) {
    const SharedArena shared;
    const Arena& arena = *shared;
    ChildProcess owner([&arena] {
      for (std::uint32_t i = 0;; ++i) {
        const auto letter = static_cast<char>('a' + i % 26);
        const std::string text(1000 + i % 26 * 700, letter);
        arena.set_resource(bytes_of(text));
      }
    });
    while (arena.resource_revision() < 20u + static_cast<std::uint32_t>(round)) {
    }
    owner.kill();
    prepare(arena);
    const std::string text = text_of(arena);
    ASSERT_FALSE(text.empty());
    const auto letter = static_cast<unsigned>(text[0] - 'a');
    EXPECT_EQ(text, std::string(1000 + letter * 700, text[0]));
  }
}

}  // namespace
}  // namespace posthaste::arena
