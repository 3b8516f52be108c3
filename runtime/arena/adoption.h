#pragma once

/// Takes over what a dead process left in its arena. Nothing in there is believed: a damaged or
/// malicious arena loses its own records, never more. After `prepare` the ordinary
/// LaneReader(Holes::skip), LogWriter, LogCursor, BodyWriter and BodyTable work on it; their
/// progress is kept in it, so the adopter may die as well, and the next one goes on.
///
/// Threads: one, until `prepare` has returned. Blocking: Orphan::open makes system calls.

#include "runtime/arena/open_spans.h"
#include "runtime/arena/orphans.h"

namespace posthaste::arena {

inline constexpr std::uint64_t most_in_a_body = 10'000;  // records; the largest batch.size

/// What prepare found.
struct AdoptionReport {
  std::uint32_t bodies = 0;             // not settled, intact
  std::uint32_t bodies_in_flight = 0;   // a request may have delivered these
  std::uint64_t records_in_bodies = 0;  // of all outputs
  std::uint64_t records_in_flight = 0;  // of these
  std::uint32_t corrupt_bodies = 0;     // dropped
  /// Lost, by output: in those bodies, as their entries say, none believed to be above
  /// `most_in_a_body`; and in the log, as its counts say, not believed to be above what could fit.
  std::array<std::uint64_t, most_outputs> corrupt_records{};
  std::uint32_t damaged_log_places = 0;  // where bytes in the log made no sense
  std::uint32_t unusable_segments = 0;   // belonged to nothing; free again
};

/// Makes an arena that Arena::open has accepted, and nobody vouches for, fit for use. May be
/// repeated.
AdoptionReport prepare(const Arena& arena);

/// An adopted region with the arena in it.
class Orphan {
public:
  /// Maps the file and prepares the arena. On an error the file is left as it is.
  static Result<Orphan> open(OrphanFile file);

  const Arena& arena() const noexcept { return arena_; }
  Region& region() noexcept { return region_; }
  const AdoptionReport& report() const noexcept { return report_; }
  /// Nothing is left in it: the file goes. Same as destroying it; nobody may use the arena after.
  void remove() noexcept { region_.release(); }

private:
  Orphan(Region region, const Arena& arena, const AdoptionReport& report) noexcept
      : region_(std::move(region)), arena_(arena), report_(report) {}

  Region region_;
  Arena arena_;
  AdoptionReport report_;
};

}  // namespace posthaste::arena
