#pragma once

/// The faults that are set, and which of them meet the next request or connection.
///
/// Threads: one. Pure: the time is passed in, a rate is an even spread instead of chance, so a
/// run can be repeated.

#include "tools/emulator/fault.h"

#include "runtime/base/clock.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste::tools {

class FaultPlan {
public:
  static constexpr std::size_t most_faults = 64;

  /// Adds one, its scope counted from `now`. The caller keeps the bound.
  void add(Fault fault, SteadyTime now) { active_.push_back({std::move(fault), now}); }
  void clear() { active_.clear(); }
  std::size_t size() const noexcept { return active_.size(); }

  /// All that meet a request that begins now; counts it.
  FaultEffect at_request(SteadyTime now, IntakeKind kind);
  /// The same for a connection that was accepted now (stall-handshake, tls).
  FaultEffect at_connection(SteadyTime now);
  /// The ports of these requests should be closed.
  bool refusing(SteadyTime now, IntakeKind kind) const;
  /// When `refusing` may next change by itself.
  std::optional<SteadyTime> next_change(SteadyTime now) const;

  /// [{"spec":"...","met":n,"over":bool}, ...]
  std::string to_json(SteadyTime now) const;

private:
  struct Active {
    Fault fault;
    SteadyTime set;
    double credit = 0;      // of the rate; a whole one is spent on a request
    std::uint64_t met = 0;  // requests that it applied to
  };
  static bool in_time(const Active& active, SteadyTime now);
  static bool is_meant(const Active& active, IntakeKind kind);
  static bool used_up(const Active& active);
  static bool meets(Active& active, SteadyTime now);

  std::vector<Active> active_;
};

/// PUT /control/fault: specs line by line, or JSON: a spec, an object of parts
/// ({"status":503,"for":"6s"}), or an array of these.
Result<std::vector<Fault>> read_faults(std::string_view text);

}  // namespace posthaste::tools
