#pragma once

// Whether this test runs under AddressSanitizer or ThreadSanitizer, which have an allocator of their own and take
// much of the address space. gcc and clang tell it differently.

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define POSTHASTE_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define POSTHASTE_TEST_SANITIZED 1
#endif
#endif
