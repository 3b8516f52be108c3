#pragma once

/// How long one repetition takes, on so many threads at once: the mean, and quantiles of single
/// calls. What a program of this folder tells speed.py.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

namespace bench {

struct Timing {
  double mean = 0;  // ns, as are all
  std::vector<float> single;
};

inline double nanoseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
}

/// How many repetitions come right after one another, and what is between two such bursts.
struct Bursts {
  long length = 200;
  std::chrono::milliseconds pause{4};
};

/// As often, but long enough that whoever exports is at work beside most of the calls.
inline constexpr Bursts long_bursts{2'000, std::chrono::milliseconds{40}};

/// `repeat(i)` does the i-th repetition, in bursts with pauses between them, as requests come to a
/// server: flooded, a runtime refuses records or drops them, which is cheaper than what is to be
/// timed. Every other burst is timed as a whole, for the mean, the others call by call: reading the
/// clock twice costs some 50 ns.
template <class Repeat>
Timing timed(long times, const Bursts& bursts, Repeat&& repeat) {
  const long burst = bursts.length;
  Timing timing;
  timing.single.reserve(static_cast<std::size_t>(times));
  double in_bursts = 0;
  long counted = 0;
  for (long i = -10 * burst; i < times; i += burst) {
    const bool warm = i >= 0;
    const bool whole = i / burst % 2 == 0;
    const auto start = std::chrono::steady_clock::now();
    for (long at = 0; at < burst; ++at) {
      if (whole || !warm) {
        repeat(at);
        continue;
      }
      const auto before = std::chrono::steady_clock::now();
      repeat(at);
      timing.single.push_back(static_cast<float>(nanoseconds_since(before)));
    }
    if (whole && warm) {
      in_bursts += nanoseconds_since(start);
      counted += burst;
    }
    std::this_thread::sleep_for(bursts.pause);
  }
  timing.mean = in_bursts / static_cast<double>(counted);
  return timing;
}

/// `make()` gives what one thread repeats; it is called on that thread. Prints the mean over all
/// threads, of processor time that a repetition keeps a thread busy, and the quantiles over all.
template <class Make>
void print_timing(unsigned threads, long times, Make&& make, const Bursts& bursts = {}) {
  std::vector<Timing> timings(threads);
  std::atomic<unsigned> ready{0};
  std::vector<std::thread> workers;
  for (unsigned i = 0; i < threads; ++i) {
    workers.emplace_back([&, i] {
      auto repeat = make();
      ready.fetch_add(1);
      while (ready.load() < threads) std::this_thread::yield();
      timings[i] = timed(times, bursts, repeat);
    });
  }
  for (std::thread& worker : workers) worker.join();
  std::vector<float> single;
  double mean = 0;
  for (const Timing& timing : timings) {
    mean += timing.mean / threads;
    single.insert(single.end(), timing.single.begin(), timing.single.end());
  }
  const auto quantile = [&](double share) {
    const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(single.size() - 1));
    std::nth_element(single.begin(), single.begin() + at, single.end());
    return static_cast<double>(single[static_cast<std::size_t>(at)]);
  };
  std::printf("mean %.1f\np50 %.0f\np99 %.0f\np99.9 %.0f\n", mean, quantile(0.5), quantile(0.99),
              quantile(0.999));
  std::fflush(stdout);
}

}  // namespace bench
