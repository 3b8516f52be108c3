#pragma once

/// After fork(): the child must not keep the parent's arena and store locked, or nobody could tell
/// that the parent has died. (That the child's calls do nothing is the Ingress's work, and also
/// holds for raw clone().)
///
/// Threads: any. The child's handler only closes descriptors.

#include <utility>

namespace posthaste {

/// A lock descriptor to be closed in children; -1: none. Kept until it is forgotten.
void close_in_children(int descriptor) noexcept;
void forget_in_children(int descriptor) noexcept;

/// The same for as long as this object lives, which must end before the descriptor is closed.
class ClosedInChildren {
public:
  explicit ClosedInChildren(int descriptor) noexcept : descriptor_(descriptor) {
    close_in_children(descriptor_);
  }
  ClosedInChildren(ClosedInChildren&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)) {}
  ClosedInChildren& operator=(ClosedInChildren&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~ClosedInChildren() { forget_in_children(descriptor_); }

private:
  int descriptor_;
};

}  // namespace posthaste
