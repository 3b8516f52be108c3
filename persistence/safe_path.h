#pragma once

/// Opens a directory that nobody else can have prepared: component by component, creating what is
/// missing with mode 0700, following no symbolic link that anybody but root could have set, and
/// checking owner, mode and file system of what it arrived at. Used by store_directory.h.
///
/// Threads: any. Blocking: file system calls.

#include <posthaste/result.h>

#include "runtime/base/file_descriptor.h"

#include <string>

namespace posthaste::persistence {

enum class Missing : std::uint8_t { create, fail };

/// `path` must be absolute, without "." and "..". The last component is a directory of the
/// effective user that group and others cannot write; it is made 0700. Its file system must be one
/// of those in docs/formats/store.md. A directory that everybody can write to is passed only where
/// runtime/base/shared_directory.h allows it. Fails with store_unavailable and a line that says which
/// component, what is wrong and the mend.
Result<FileDescriptor> open_private_directory(const std::string& path, Missing missing);

/// The same for one component below an open directory.
Result<FileDescriptor> open_private_subdirectory(int parent, const std::string& name,
                                                 Missing missing);

}  // namespace posthaste::persistence
