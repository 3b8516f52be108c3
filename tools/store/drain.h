#pragma once

/// Empties a store by hand: `posthaste store drain`. Sends each stored body to an ingestion
/// endpoint, oldest first, and forgets what was accepted or refused for good. It takes the store
/// over as a restarted process would, so it works only when no process owns it.
///
/// Stops at the first answer that says "later" (or none at all): what is left stays stored.
/// Threads: one, and the client's io thread. Blocking: as long as the network, within deadlines.

#include <posthaste/result.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace posthaste::tools {

struct DrainOptions {
  std::string directory;
  std::string connection_string;
  std::string ca_file;      // trusted besides the system's; empty: none
  bool all_queues = false;  // also those of other endpoints and keys
};

struct DrainReport {
  std::uint64_t requests = 0;
  std::uint64_t items_accepted = 0;
  std::uint64_t items_rejected = 0;   // refused for good, and forgotten
  std::uint64_t batches_damaged = 0;  // dropped by the store as it read them
  std::uint64_t batches_left = 0;     // of the queues that were to be emptied
  std::uint64_t batches_other = 0;    // of other endpoints or keys
  std::string stopped_by;             // why it ended early; empty: it did not

  /// Everything went to the endpoint and was accepted.
  bool complete() const noexcept {
    return stopped_by.empty() && items_rejected == 0 && batches_left == 0 && batches_damaged == 0;
  }
  std::string to_json() const;
  std::string to_text() const;
};

/// `progress` is called after each request.
Result<DrainReport> drain_store(const DrainOptions& options,
                                const std::function<void(const DrainReport&)>& progress);

}  // namespace posthaste::tools
