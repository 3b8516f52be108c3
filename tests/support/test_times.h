#pragma once

/// How often a test that tries random cases is to do so: $POSTHASTE_TEST_TIMES as often as it usually does. The
/// fault matrix runs some of them with counts that would take too long here.

#include <algorithm>
#include <cstdlib>

namespace posthaste::testing_support {

inline unsigned times(unsigned usual) {
  const char* const given = std::getenv("POSTHASTE_TEST_TIMES");
  return usual *
         static_cast<unsigned>(given == nullptr ? 1 : std::clamp(std::atoi(given), 1, 1000));
}

}  // namespace posthaste::testing_support
