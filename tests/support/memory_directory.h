#pragma once

/// A directory of the test's own on /dev/shm, removed with all that is in it.

#include <unistd.h>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace posthaste::testing_support {

class MemoryDirectory {
public:
  MemoryDirectory() {
    std::string name = "/dev/shm/posthaste-test-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no directory in /dev/shm");
    path_ = name;
  }
  MemoryDirectory(const MemoryDirectory&) = delete;
  MemoryDirectory& operator=(const MemoryDirectory&) = delete;
  ~MemoryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const noexcept { return path_; }
  /// Where regions put their files.
  std::string recorders() const { return path_ + "/posthaste-" + std::to_string(::geteuid()); }
  std::size_t files() const {
    std::error_code none;
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry :
         std::filesystem::directory_iterator(recorders(), none)) {
      ++count;
    }
    return count;
  }

private:
  std::string path_;
};

}  // namespace posthaste::testing_support
