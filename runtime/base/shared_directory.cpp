#include "runtime/base/shared_directory.h"

#include <fcntl.h>

namespace posthaste {
namespace {

/// The kernel says so (5.8 and later), or another device lies above it.
bool is_mount_point(int directory, const struct stat& facts) noexcept {
  struct statx more {};
  if (::statx(directory, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &more) == 0 &&
      (more.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0) {
    return (more.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
  }
  struct stat above {};
  return ::fstatat(directory, "..", &above, 0) == 0 && above.st_dev != facts.st_dev;
}

}  // namespace

Sharing sharing_of(const struct stat& directory, bool is_mount_point) noexcept {
  const bool everybody = (directory.st_mode & S_IWOTH) != 0 && (directory.st_mode & S_ISVTX) == 0;
  if (!everybody) return Sharing::safe;
  return is_mount_point && directory.st_uid == 0 ? Sharing::volume : Sharing::open;
}

Sharing sharing_of(int directory) noexcept {
  struct stat facts {};
  if (::fstat(directory, &facts) != 0) return Sharing::open;
  return sharing_of(facts, is_mount_point(directory, facts));
}

}  // namespace posthaste
