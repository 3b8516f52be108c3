#pragma once

/// The body of one request as it comes in: grows by doubling with what has really arrived, never
/// by what a header announces. One budget for all connections bounds the emulator's memory.
///
/// Threads:  one.
/// Overflow: `room` answers nothing when the budget is spent.

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace posthaste::tools {

/// Bytes that all bodies together may hold.
struct BodyBudget {
  std::size_t left = 512UL << 20;
};

class BodyBuffer {
public:
  explicit BodyBuffer(BodyBudget& budget) : budget_(budget) {}
  ~BodyBuffer() { release(); }
  BodyBuffer(const BodyBuffer&) = delete;
  BodyBuffer& operator=(const BodyBuffer&) = delete;

  /// Where the next bytes may go; empty when the budget is spent.
  std::span<char> room() {
    if (size_ == capacity_ && !grow()) return {};
    return {bytes_.get() + size_, capacity_ - size_};
  }
  /// That many were written there.
  void commit(std::size_t count) noexcept { size_ += count; }
  std::string_view text() const noexcept { return {bytes_.get(), size_}; }
  std::size_t size() const noexcept { return size_; }

  /// For the next request; large memory is given back.
  void clear() noexcept {
    size_ = 0;
    if (capacity_ > kept) release();
  }

private:
  static constexpr std::size_t smallest = 16UL << 10;
  static constexpr std::size_t kept = 1UL << 20;

  bool grow() {
    const std::size_t bigger = std::max(smallest, 2 * capacity_);
    if (bigger > budget_.left) return false;
    std::unique_ptr<char[]> bytes(new char[bigger]);
    if (size_ > 0) std::memcpy(bytes.get(), bytes_.get(), size_);
    budget_.left -= bigger - capacity_;
    bytes_ = std::move(bytes);
    capacity_ = bigger;
    return true;
  }
  void release() noexcept {
    budget_.left += capacity_;
    bytes_.reset();
    capacity_ = 0;
    size_ = 0;
  }

  BodyBudget& budget_;
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
};

}  // namespace posthaste::tools
