#pragma once

/// Units that settings and reports are written in. Times are std::chrono durations.

#include <compare>
#include <cstdint>

namespace posthaste {

/// A number of bytes: of memory, of a store, of a body. `using namespace posthaste::literals`
/// allows `32_MiB`.
struct Bytes {
  std::uint64_t count = 0;

  friend constexpr auto operator<=>(const Bytes&, const Bytes&) = default;
  friend constexpr Bytes operator+(Bytes a, Bytes b) { return {a.count + b.count}; }
  friend constexpr Bytes operator-(Bytes a, Bytes b) { return {a.count - b.count}; }
};

namespace literals {
constexpr Bytes operator""_B(unsigned long long n) {
  return {n};
}
constexpr Bytes operator""_KiB(unsigned long long n) {
  return {n * 1024};
}
constexpr Bytes operator""_MiB(unsigned long long n) {
  return {n * 1024 * 1024};
}
constexpr Bytes operator""_GiB(unsigned long long n) {
  return {n * 1024 * 1024 * 1024};
}
}  // namespace literals

}  // namespace posthaste
