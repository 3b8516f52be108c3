#pragma once

/// The account of every record. Nothing that was offered goes without a name:
///
///   offered = accepted + Σ refused                                     (one for the runtime)
///   accepted + recovered = delivered + in_store + resident + for_others + Σ dropped
///                                                                      (one for each output)

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <posthaste/export.h>

namespace posthaste {

/// Why a record was not accepted. Decided on the application thread.
enum class RefusalReason : std::uint8_t {
  sampled,       // the head sampling decision
  filtered,      // a processor or a rule of `drop` dropped it
  rate_limited,  // a logger's limit
  arena_full,    // the memory budget is used up; failures have a reserve of their own
  slots_full,    // too many spans are open at once (a quarter of the budget)
  logs_share,    // logs hold half of the budget already
  shutdown,      // the runtime has been stopped
  count_,
};

/// Why a record that was accepted will not be delivered to an output.
enum class DropReason : std::uint8_t {
  not_encodable,      // its bytes make no sense to the encoder
  rejected,           // the service refused the item, for good
  poison,             // the batch failed 10 times other than by the network
  too_large,          // one item is above what the service takes in a request
  expired,            // older than the store keeps (47 h)
  evicted_size,       // the store was at its cap, oldest first
  corrupt,            // damaged in the store
  store_io,           // the store could not be written and there was no time or room left to wait
  lag,                // the output held more than its share and has no store
  shutdown_deadline,  // not delivered nor stored when the shutdown deadline passed
  adoption_limit,     // left by a dead process beyond what is adopted
  over_budget,        // the output's daily budget is used up
  count_,
};

/// Why a measurement of an instrument was not taken. Measurements are summed up before they become
/// records, so they are no part of the ledger; Health has their counts.
enum class MeasurementRefusal : std::uint8_t {
  negative,    // for a Counter or Histogram
  not_finite,  // not a number, or infinite
  no_memory,   // for so much as a shared cell
  contended,   // a shared histogram cell stayed taken
  late,        // after the shutdown
  count_,
};

POSTHASTE_API std::string_view to_string(RefusalReason reason) noexcept;
POSTHASTE_API std::string_view to_string(DropReason reason) noexcept;
POSTHASTE_API std::string_view to_string(MeasurementRefusal refusal) noexcept;

/// Counts by reason: `refused[RefusalReason::sampled]`.
template <class Reason>
class Counts {
public:
  std::uint64_t& operator[](Reason reason) noexcept { return counts_[index(reason)]; }
  std::uint64_t operator[](Reason reason) const noexcept { return counts_[index(reason)]; }
  std::uint64_t total() const noexcept {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : counts_) sum += count;
    return sum;
  }
  static constexpr std::size_t size() noexcept { return static_cast<std::size_t>(Reason::count_); }

private:
  static constexpr std::size_t index(Reason reason) noexcept {
    return static_cast<std::size_t>(reason);
  }
  std::array<std::uint64_t, static_cast<std::size_t>(Reason::count_)> counts_{};
};

/// One output's side of the account, in records.
struct OutputLedger {
  std::string name;                  // as in the settings, e.g. "azure_monitor"
  std::uint64_t recovered = 0;       // taken over from processes that died
  std::uint64_t delivered = 0;       // the receiver has it
  std::uint64_t replayed = 0;        // delivered after a time in the store; part of `delivered`
  std::uint64_t in_store = 0;        // a level
  std::uint64_t resident = 0;        // in memory, a level
  std::uint64_t for_others = 0;      // metric points in the temporality of other outputs
  std::uint64_t ambiguous = 0;       // sent without seeing the answer: may arrive twice
  std::uint64_t items_rejected = 0;  // side envelopes (span events) that the service refused
  Counts<DropReason> dropped;
  std::string last_error;  // empty: none so far
};

struct Ledger {
  std::uint64_t accepted = 0;
  Counts<RefusalReason> refused;
  std::vector<OutputLedger> outputs;

  std::uint64_t offered() const noexcept { return accepted + refused.total(); }
};

}  // namespace posthaste
