#pragma once

/// A file descriptor that closes itself. Used by everything here that opens files. Never 0, 1 or 2: a
/// host that has closed these goes on writing to them, and a daemon puts others there. What it
/// printed would stand in our files.
///
/// Threads: one at a time.

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace posthaste {

/// The same descriptor above the standard ones, closed in children of exec; itself if it is there,
/// or there is no other.
inline int above_standard(int descriptor) noexcept {
  if (descriptor < 0 || descriptor > STDERR_FILENO) return descriptor;
  const int higher = ::fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (higher < 0) return descriptor;
  ::close(descriptor);
  return higher;
}

class FileDescriptor {
public:
  FileDescriptor() = default;
  explicit FileDescriptor(int descriptor) noexcept : descriptor_(above_standard(descriptor)) {}
  FileDescriptor(FileDescriptor&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~FileDescriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  int get() const noexcept { return descriptor_; }
  /// The caller closes it from now on.
  int give() noexcept { return std::exchange(descriptor_, -1); }
  explicit operator bool() const noexcept { return descriptor_ >= 0; }

private:
  int descriptor_ = -1;
};

/// While it lives 0, 1 and 2 are taken, those that were closed by /dev/null: what a library opens
/// meanwhile gets others.
class StandardDescriptorsTaken {
public:
  StandardDescriptorsTaken() noexcept {
    for (int& taken : taken_) {
      taken = ::open("/dev/null", O_RDWR | O_CLOEXEC);
      if (taken <= STDERR_FILENO) continue;
      ::close(std::exchange(taken, -1));
      return;
    }
  }
  ~StandardDescriptorsTaken() {
    for (const int taken : taken_) {
      if (taken >= 0) ::close(taken);
    }
  }
  StandardDescriptorsTaken(const StandardDescriptorsTaken&) = delete;
  StandardDescriptorsTaken& operator=(const StandardDescriptorsTaken&) = delete;

private:
  std::array<int, 3> taken_{-1, -1, -1};
};

}  // namespace posthaste
