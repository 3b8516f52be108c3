#pragma once

/// After fork(): the child must not keep the parent's arena and store locked, or nobody could tell
/// that the parent has died. (That the child's calls do nothing is the Ingress's work, and also
/// holds for raw clone().)
///
/// Threads: any. The child's handler only closes descriptors.

namespace posthaste {

/// A lock descriptor to be closed in children; -1: none. Kept until it is forgotten.
void close_in_children(int descriptor) noexcept;
void forget_in_children(int descriptor) noexcept;

}  // namespace posthaste
