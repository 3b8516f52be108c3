#pragma once

/// Random numbers of 32 bits that are the same in every run.

#include <cstdint>
#include <random>

namespace posthaste::wire {

class SeededRandom {
public:
  explicit SeededRandom(std::uint32_t seed) : engine_(seed) {}
  std::uint32_t operator()() { return static_cast<std::uint32_t>(engine_()); }

private:
  std::mt19937 engine_;
};

}  // namespace posthaste::wire
