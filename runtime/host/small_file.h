#pragma once

/// Reads files of the kernel, which are made anew by each read: opened, read and closed each time,
/// into a buffer that stays. Regular files of any other file system are read just so.
///
/// Threads: one at a time. Blocking: the kernel's own work, never a disk or a pipe.
/// Full:    what does not fit in the buffer is left out.

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace posthaste::host {

class SmallFile {
public:
  /// The text, good until the next call; nothing, and `error` is its errno, when it cannot be read.
  std::optional<std::string_view> read(const char* path) noexcept;
  int error() const noexcept { return error_; }

private:
  std::array<char, 8192> buffer_;
  int error_ = 0;
};

/// At most `most` bytes of a file that may be longer than a SmallFile holds; empty when it cannot
/// be read. May throw std::bad_alloc.
std::string read_text(const std::string& path, std::size_t most);

}  // namespace posthaste::host
