#include "tests/persistence/failing_allocator.h"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace posthaste::persistence {
namespace {

long allocations_left = 0;
bool armed = false;
bool failed = false;

}  // namespace

void fail_allocation(long n) {
  allocations_left = n;
  failed = false;
  armed = true;
}

bool stop_failing() {
  armed = false;
  return failed;
}

static bool fails_now() {
  if (!armed || allocations_left-- > 0) return false;
  armed = false;
  failed = true;
  return true;
}

}  // namespace posthaste::persistence

void* operator new(std::size_t size) {
  if (posthaste::persistence::fails_now()) throw std::bad_alloc{};
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc{};
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
