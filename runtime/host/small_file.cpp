#include "runtime/host/small_file.h"

#include "runtime/base/file_descriptor.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <span>

namespace posthaste::host {
namespace {

/// How much of it was read; negative: errno.
ssize_t read_into(const char* path, std::span<char> buffer) noexcept {
  const FileDescriptor file(::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return -errno;
  std::size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t count = ::read(file.get(), buffer.data() + size, buffer.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -errno;
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  return static_cast<ssize_t>(size);
}

}  // namespace

std::optional<std::string_view> SmallFile::read(const char* path) noexcept {
  const ssize_t size = read_into(path, buffer_);
  error_ = size < 0 ? static_cast<int>(-size) : 0;
  if (size < 0) return std::nullopt;
  return std::string_view(buffer_.data(), static_cast<std::size_t>(size));
}

std::string read_text(const std::string& path, std::size_t most) {
  std::string text(most, '\0');
  const ssize_t size = read_into(path.c_str(), text);
  text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return text;
}

}  // namespace posthaste::host
