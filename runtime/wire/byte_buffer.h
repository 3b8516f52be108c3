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

/// Copies a string literal to `at`, which has room for it: a few stores, as its size is known.
/// Returns the end.
template <std::size_t N>
char* put_literal(char* at, const char (&text)[N]) noexcept {
  std::memcpy(at, text, N - 1);
  return at + N - 1;
}

class ByteBuffer {
public:
  ByteBuffer() = default;
  explicit ByteBuffer(std::size_t capacity) { room(capacity); }
  ByteBuffer(ByteBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        end_(std::exchange(other.end_, nullptr)),
        limit_(std::exchange(other.limit_, nullptr)) {}
  ByteBuffer& operator=(ByteBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(end_, other.end_);
    std::swap(limit_, other.limit_);
    return *this;
  }
  ~ByteBuffer();

  /// Where the next byte goes, with room for at least `n`; tell by `end_at` how far you wrote.
  char* room(std::size_t n) {
    if (static_cast<std::size_t>(limit_ - end_) < n) [[unlikely]]
      grow(n);
    return end_;
  }
  /// `end` is one past the last byte written behind `room`'s result.
  void end_at(char* end) noexcept { end_ = end; }

  void append(std::string_view text) {
    char* const at = room(text.size());
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    end_ = at + text.size();
  }
  /// A string literal: its size is known, so this is a few stores.
  template <std::size_t N>
  void literal(const char (&text)[N]) {
    end_ = put_literal(room(N - 1), text);
  }
  void push_back(char c) {
    char* const at = room(1);
    *at = c;
    end_ = at + 1;
  }

  void clear() noexcept { end_ = data_; }
  /// Forgets everything behind the first `size` bytes; `size` is at most size().
  void truncate(std::size_t size) noexcept { end_ = data_ + size; }

  const char* data() const noexcept { return data_; }
  char* data() noexcept { return data_; }
  std::size_t size() const noexcept { return static_cast<std::size_t>(end_ - data_); }
  std::size_t capacity() const noexcept { return static_cast<std::size_t>(limit_ - data_); }
  bool empty() const noexcept { return end_ == data_; }
  std::string_view view() const noexcept { return {data_, size()}; }
  std::span<const std::byte> bytes() const noexcept {
    return {reinterpret_cast<const std::byte*>(data_), size()};
  }

private:
  void grow(std::size_t n);

  char* data_ = nullptr;
  char* end_ = nullptr;    // of what is written
  char* limit_ = nullptr;  // of the memory
};

}  // namespace posthaste::wire
