#pragma once

/// An output's account by signal, beside the ledger of all records together: what self-metrics are
/// made of. It counts where the ledger counts, and outlives the parts that do.
///
/// Threads: each row has one writer at a time, as said; read from any.

#include "runtime/base/drop_reason.h"
#include "runtime/model/signal.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace posthaste::actors {

class SignalRow {
public:
  void add(const model::SignalCounts& counts) noexcept {
    for (std::size_t i = 0; i < model::signal_count; ++i) {
      const std::uint64_t count = counts[static_cast<model::Signal>(i)];
      if (count != 0) counts_[i].fetch_add(count, std::memory_order_relaxed);
    }
  }
  /// Of a level.
  void set(const model::SignalCounts& counts) noexcept {
    for (std::size_t i = 0; i < model::signal_count; ++i) {
      counts_[i].store(counts[static_cast<model::Signal>(i)], std::memory_order_relaxed);
    }
  }
  model::SignalCounts read() const noexcept {
    model::SignalCounts counts;
    for (std::size_t i = 0; i < model::signal_count; ++i) {
      counts[static_cast<model::Signal>(i)] = counts_[i].load(std::memory_order_relaxed);
    }
    return counts;
  }

private:
  std::array<std::atomic<std::uint64_t>, model::signal_count> counts_{};
};

struct SignalAccount {
  SignalRow encoded;    // taken out of the log, dropped ones included; the batcher
  SignalRow delivered;  // the transmitter, or the local output
  SignalRow in_memory;  // a level: in bodies, and in stored batches that were taken to be sent
  std::array<SignalRow, drop_count> dropped;  // by DropReason, each that part which drops for it

  void drop(DropReason reason, const model::SignalCounts& counts) noexcept {
    dropped[static_cast<std::size_t>(reason)].add(counts);
  }
};

}  // namespace posthaste::actors
