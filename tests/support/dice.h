#pragma once

/// Random numbers for a test that a seed repeats.

#include <cstdint>
#include <random>

namespace posthaste::testing_support {

class Dice {
public:
  explicit Dice(std::uint32_t seed) : engine_(seed) {}
  std::uint32_t operator()() { return static_cast<std::uint32_t>(engine_()); }

private:
  std::mt19937 engine_;
};

}  // namespace posthaste::testing_support
