#pragma once

/// Bytes that grow at the end: what encoders and compressors write into. Plain memory with a size;
/// growing doubles, so appending is cheap on average, and nothing is zeroed first.
///
/// Threads: none; one owner. Memory: keeps its capacity until destroyed. Exceptions: growing throws
/// std::bad_alloc when there is no memory; whoever hands a buffer to an encoder gets that as a
/// refusal.

#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

namespace posthaste::wire {

class ByteBuffer {
public:
  ByteBuffer() = default;
  explicit ByteBuffer(std::size_t capacity) { room(capacity); }
  ByteBuffer(ByteBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  ByteBuffer& operator=(ByteBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~ByteBuffer();

  /// Where the next byte goes, with room for at least `n`; tell by `end_at` how far you wrote.
  char* room(std::size_t n) {
    if (capacity_ - size_ < n) [[unlikely]]
      grow(n);
    return data_ + size_;
  }
  /// `end` is one past the last byte written behind `room`'s result.
  void end_at(const char* end) noexcept { size_ = static_cast<std::size_t>(end - data_); }

  void append(std::string_view text) {
    char* const at = room(text.size());
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    size_ += text.size();
  }
  /// A string literal: its size is known, so this is a few stores.
  template <std::size_t N>
  void literal(const char (&text)[N]) {
    std::memcpy(room(N - 1), text, N - 1);
    size_ += N - 1;
  }
  void push_back(char c) {
    *room(1) = c;
    ++size_;
  }

  void clear() noexcept { size_ = 0; }
  /// Forgets everything behind the first `size` bytes; `size` is at most size().
  void truncate(std::size_t size) noexcept { size_ = size; }

  const char* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept { return capacity_; }
  bool empty() const noexcept { return size_ == 0; }
  std::string_view view() const noexcept { return {data_, size_}; }
  std::span<const std::byte> bytes() const noexcept {
    return {reinterpret_cast<const std::byte*>(data_), size_};
  }

private:
  void grow(std::size_t n);

  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace posthaste::wire
