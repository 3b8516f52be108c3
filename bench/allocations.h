#pragma once

/// What a program of this folder tells cost.py about allocations.

#include "tests/support/allocations.h"

#include <cstdio>

namespace bench {

using posthaste::testing_support::allocations_here;

/// What one of `times` repetitions allocated.
inline void print_allocations(std::uint64_t before, std::uint64_t after, long times) {
  std::printf("allocations %g\n", static_cast<double>(after - before) / static_cast<double>(times));
  std::fflush(stdout);
}

}  // namespace bench
