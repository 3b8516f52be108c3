#pragma once

/// The flight recorder's directory and file on a memory file system, with the checks that keep
/// others out. Used by region.h to make a file, by orphans.h to find those of dead processes.
///
/// Threads: any. Blocking: system calls; never a disk's, which is refused before anything is
/// written.

#include "runtime/base/file_descriptor.h"

#include <posthaste/result.h>

#include <cstdint>
#include <string>

namespace posthaste::arena {

inline constexpr const char* recorder_suffix = ".arena";

/// `<directory>/posthaste-<uid>`.
struct RecorderDirectory {
  FileDescriptor descriptor;
  std::string path;
};

enum class MissingDirectory : std::uint8_t { create, fail };

/// Opens it, if it is on tmpfs or ramfs, is no symbolic link, belongs to the effective user, and
/// nobody else has access.
Result<RecorderDirectory> open_recorder_directory(const std::string& directory,
                                                  MissingDirectory missing);

/// A new file, locked, of `size` bytes without pages.
struct RecorderFile {
  FileDescriptor descriptor;
  std::string path;
};

/// Fails unless four times the size is free there. Errors say which path and why.
Result<RecorderFile> create_recorder_file(const std::string& directory, std::size_t size,
                                          std::uint64_t random);

/// The error of the last system call in words; another thread's does not matter.
std::string system_error_text(int error);

}  // namespace posthaste::arena
