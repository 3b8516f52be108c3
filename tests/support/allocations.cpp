#include "tests/support/allocations.h"

#include <cstddef>

namespace {

[[maybe_unused]] thread_local constinit std::uint64_t count = 0;

}  // namespace

#if POSTHASTE_COUNTS_ALLOCATIONS
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) {
  ++count;
  return __libc_malloc(size);
}
void* calloc(std::size_t items, std::size_t size) {
  ++count;
  return __libc_calloc(items, size);
}
void* realloc(void* memory, std::size_t size) {
  ++count;
  return __libc_realloc(memory, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {  // the aligned `new` too
  ++count;
  return __libc_memalign(alignment, size);
}
}
#endif

namespace posthaste::testing_support {

std::uint64_t allocations_here() noexcept {
  return count;
}

}  // namespace posthaste::testing_support
