#pragma once

/// What the declarations of the public headers are marked with.

/// What the shared library exports; everything else is hidden.
#define POSTHASTE_API __attribute__((visibility("default")))

/// A parameter that the result borrows: clang warns where it is a temporary that dies too early.
#if defined(__clang__)
#define POSTHASTE_BORROWED [[clang::lifetimebound]]
#else
#define POSTHASTE_BORROWED
#endif
