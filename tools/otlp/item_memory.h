#pragma once

/// Memory for what a reader cannot borrow from its input: strings with escapes, and lists. Given
/// back as a whole after each item.
///
/// Bounded: `limit_reached` (thrown, for the reader to catch) ends the reading of an item which
/// needs more than `most_bytes`. Threads: none.

#include <cstddef>
#include <memory_resource>
#include <span>
#include <string_view>
#include <vector>

namespace posthaste::tools::otlp {

class ItemMemory {
public:
  static constexpr std::size_t most_bytes = std::size_t{128} << 20;
  struct limit_reached {};

  ItemMemory() : pool_(first_.data(), first_.size(), &upstream_) {}

  /// Everything that was taken is no longer good.
  void clear() noexcept { pool_.release(); }

  void* room(std::size_t bytes, std::size_t alignment) {
    return pool_.allocate(bytes == 0 ? 1 : bytes, alignment);
  }
  char* characters(std::size_t count) { return static_cast<char*>(room(count, 1)); }
  std::string_view keep(std::string_view text);

  /// A copy of `list` from index `begin` on.
  template <class T>
  std::span<const T> keep(const std::vector<T>& list, std::size_t begin = 0) {
    const std::size_t count = list.size() - begin;
    if (count == 0) return {};
    auto* const copy = static_cast<T*>(room(count * sizeof(T), alignof(T)));
    std::uninitialized_copy(list.begin() + static_cast<std::ptrdiff_t>(begin), list.end(), copy);
    return {copy, count};
  }

private:
  class Limited final : public std::pmr::memory_resource {
    void* do_allocate(std::size_t bytes, std::size_t alignment) override;
    void do_deallocate(void* at, std::size_t bytes, std::size_t alignment) override;
    bool do_is_equal(const memory_resource& other) const noexcept override {
      return this == &other;
    }
    std::size_t used_ = 0;
  };

  std::vector<std::byte> first_ = std::vector<std::byte>(16'384);
  Limited upstream_;
  std::pmr::monotonic_buffer_resource pool_;
};

/// A list under construction; several may be built on one stack, one in the other, as values in
/// values are.
template <class T>
class ListBuilder {
public:
  /// An item with more elements in a list is refused (ItemMemory::limit_reached).
  static constexpr std::size_t most = std::size_t{1} << 20;

  explicit ListBuilder(std::vector<T>& stack) noexcept : stack_(stack), begin_(stack.size()) {}
  ListBuilder(const ListBuilder&) = delete;
  ListBuilder& operator=(const ListBuilder&) = delete;
  ~ListBuilder() {
    stack_.erase(stack_.begin() + static_cast<std::ptrdiff_t>(begin_), stack_.end());
  }

  void add(const T& element) {
    if (stack_.size() == most) throw ItemMemory::limit_reached{};
    stack_.push_back(element);
  }
  std::span<const T> keep(ItemMemory& memory) const { return memory.keep(stack_, begin_); }

private:
  std::vector<T>& stack_;
  std::size_t begin_;
};

}  // namespace posthaste::tools::otlp
