#pragma once

/// Exceptions that callbacks of the application threw, most of them on its own threads: counted
/// there, said once for each kind of callback by the sampler actor, as a recording call may not wait
/// for anything.
///
/// Threads:  count from any; untold from the sampler's, one at a time.
/// Blocking: never.
/// Full:     of each kind the first text is kept, 200 bytes of it; later ones are counted.

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

namespace posthaste {

enum class Callback : std::uint8_t { sampler, on_start, on_end, on_emit, done, count_ };

class CallbackFailures {
public:
  /// Inside a catch block: takes the text of the exception that is being handled.
  void count_current(Callback callback) noexcept;

  std::uint64_t total() const noexcept { return total_.load(std::memory_order_relaxed); }

  /// One line about a callback that failed for the first time; empty when all has been said.
  std::optional<std::string> untold();

  /// As new. Nobody else may use it meanwhile.
  void reset() noexcept;

private:
  enum class State : std::uint8_t { none, writing, untold, told };
  struct First {
    std::atomic<State> state{State::none};
    std::array<char, 200> text{};
  };

  std::atomic<std::uint64_t> total_{0};
  std::array<First, static_cast<std::size_t>(Callback::count_)> firsts_;
};

}  // namespace posthaste
