#pragma once

/// Whether a private directory may lie in a directory that others may write to. Without the sticky
/// bit anybody there can rename or replace it. One such place is met everywhere and is fine: the
/// root of a volume that only this container, or this pod, has mounted (Kubernetes' emptyDir is
/// 0777, root's). So a mount point of root's is taken, with a warning; any other is not.
///
/// Threads: any. Blocking: system calls on an open descriptor.

#include <sys/stat.h>

#include <cstdint>

namespace posthaste {

enum class Sharing : std::uint8_t {
  safe,    // nobody else can replace what is in it, or only root can
  volume,  // everybody can, but it is the root of a volume that belongs to root
  open,    // everybody can
};

Sharing sharing_of(const struct stat& directory, bool is_mount_point) noexcept;
/// The same for an open directory.
Sharing sharing_of(int directory) noexcept;

}  // namespace posthaste
