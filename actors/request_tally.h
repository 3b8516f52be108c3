#pragma once

/// What became of one output's requests, and of the store's work for it: Statsbeat's measures, kept
/// in this process and sent to nobody by themselves.
///
/// Threads:  counted by the transmitter and the storekeeper, read from any.
/// Blocking: a short mutex. Full: 24 statuses of each kind; further ones count as status 0.

#include "actors/judge.h"

#include <posthaste/diagnostics.h>
#include <posthaste/result.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace posthaste::actors {

class RequestTally {
public:
  /// An answer, or none: then `why` says. `took`: from the first byte to the answer.
  void count(const Judgement& judgement, ErrorCode why, std::chrono::nanoseconds took) noexcept;
  /// A request that carried nothing but self-metrics.
  void count_own() noexcept;
  void count_store_failures(std::uint64_t reads, std::uint64_t writes) noexcept;

  RequestStatistics read() const;
  /// Requests that `average_duration` is of, and their time together.
  struct Timed {
    std::uint64_t requests;
    std::chrono::nanoseconds time;
  };
  Timed timed() const noexcept;

private:
  struct Table {
    static constexpr std::size_t most = 24;
    struct Entry {
      int code = 0;
      std::uint64_t count = 0;
    };
    std::array<Entry, most> entries{};
    std::size_t size = 1;  // the first is for those that find no place

    void count(int code) noexcept;
  };
  static void append(const Table& table, std::vector<StatusCount>& to);

  mutable std::mutex mutex_;
  std::uint64_t succeeded_ = 0;
  std::uint64_t inconsistent_ = 0;
  Table failed_;
  Table retried_;
  Table throttled_;
  Table exceptions_;  // by ErrorCode
  std::uint64_t timed_ = 0;
  std::chrono::nanoseconds time_{};
  std::uint64_t own_ = 0;
  std::uint64_t read_failures_ = 0;
  std::uint64_t write_failures_ = 0;
};

}  // namespace posthaste::actors
