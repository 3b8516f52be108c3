#pragma once

/// Expands the gzip body of a request, within a fixed bound: a bomb costs its bound and no more.
/// Stands between the HTTP session and read_batch.
///
/// Threads:  one; the text that `expand` hands out is valid until the next call.
/// Memory:   the bound is reserved as address space; pages of large bodies are given back.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace posthaste::tools {

class GzipExpander {
public:
  enum class Outcome : std::uint8_t {
    expanded,
    broken,     // not gzip, cut off, or its check sum is wrong
    too_large,  // more than the bound
  };

  /// Aborts when the address space cannot be had.
  explicit GzipExpander(std::size_t bound);
  ~GzipExpander();
  GzipExpander(const GzipExpander&) = delete;
  GzipExpander& operator=(const GzipExpander&) = delete;

  /// All members of `compressed`, one behind the other, into `text`.
  Outcome expand(std::string_view compressed, std::string_view& text);

private:
  void give_back() noexcept;

  struct Decompressor;
  std::unique_ptr<Decompressor> decompressor_;
  std::size_t bound_;
  char* scratch_;
  std::size_t used_ = 0;  // by the last body
};

}  // namespace posthaste::tools
