#pragma once

/// A folder with files of the test's own, which goes with it: /proc and /sys as somebody else's
/// machine would show them.

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace posthaste::testing_support {

class FileTree {
public:
  FileTree() : root_("/tmp/posthaste-tree-XXXXXX") {
    if (::mkdtemp(root_.data()) == nullptr) throw std::runtime_error("no folder in /tmp");
  }
  ~FileTree() { std::filesystem::remove_all(root_); }
  FileTree(const FileTree&) = delete;
  FileTree& operator=(const FileTree&) = delete;

  const std::string& root() const noexcept { return root_; }
  void put(const std::string& path, const std::string& text) {
    const std::filesystem::path file = root_ + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  void remove(const std::string& path) { std::filesystem::remove_all(root_ + path); }

private:
  std::string root_;
};

}  // namespace posthaste::testing_support
