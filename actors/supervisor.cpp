#include "actors/supervisor.h"

#include "runtime/arena/lane.h"

#include <algorithm>

namespace posthaste::actors {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds watch{10};
constexpr seconds store_first_below{1};
constexpr seconds longest_collection{1};
constexpr milliseconds last_words{20};  // kept of the deadline for telling

}  // namespace

Supervisor::Supervisor(Durable& durable, const RestartRule& rule)
    : durable_(durable), rule_(rule) {}

SteadyTime Supervisor::step(SteadyTime now) {
  const auto settled = [this](std::uint64_t position) {
    return std::all_of(durable_.outputs.begin(), durable_.outputs.end(),
                       [position](const auto& output) { return output->settled_up_to(position); });
  };
  const Mode mode = durable_.mode.load(std::memory_order_acquire);
  const SteadyTime until = mode == Mode::ended ? SteadyTime::max() : now;
  for (FlushBoard::Ended& flush : durable_.flushes.due(until, settled)) flush.done(flush.complete);

  const auto deadline = durable_.endings.deadline();
  if (mode == Mode::ended || (!deadline && durable_.flushes.empty())) return only_when_kicked;
  if (!deadline) return now + watch;
  if (mode == Mode::running) {
    if (!collected_for_the_end(now, *deadline)) return now + watch;
    begin_ending(now);
  }
  const bool done = all_settled();
  if (done && nothing_under_way()) {
    finish(true);
  } else if (now >= *deadline - last_words) {
    finish(done);
  } else if (mode == Mode::draining && now >= durable_.endings.send_until()) {
    durable_.mode.store(Mode::storing, std::memory_order_release);
    for (const auto& output : durable_.outputs) {
      durable_.kicks->kick(Role::transmitter, output->number);
    }
  }
  return now + watch;
}

/// Measurements stop first; the sampler measures what the lanes hold; then what
/// they came to is put into the lanes, for which callbacks get no more than a quarter of the time.
bool Supervisor::collected_for_the_end(SteadyTime now, SteadyTime deadline) {
  if (durable_.metrics == nullptr) return true;
  if (!collect_until_) {
    durable_.ingress->close();
    durable_.last_fold.store(true, std::memory_order_release);
    collect_until_ = now + std::min<SteadyTime::duration>((deadline - now) / 4, longest_collection);
    durable_.kicks->kick(Role::sampler);
  }
  if (!durable_.last_collection.load(std::memory_order_relaxed)) {
    const bool folded = !durable_.measures_records() || durable_.last_fold_done.load();
    if (!folded && now < *collect_until_) return false;
    durable_.last_collection.store(true, std::memory_order_release);
    durable_.kick_aggregators();
  }
  if (!durable_.collections_finished() && now < *collect_until_) return false;
  durable_.metrics->close();
  return true;
}

/// The door first, so that what is to be settled is finite; then the lanes, whose last records the
/// sampler takes to the log for a flush that nobody waits for.
void Supervisor::begin_ending(SteadyTime now) {
  durable_.ingress->close();
  arena::LaneWriter(durable_.arena).close_all();
  const SteadyTime deadline = *durable_.endings.deadline();
  const bool can_store = durable_.desk.usable();
  const bool store_first = can_store && deadline - now < store_first_below;
  durable_.endings.set_send_until(can_store ? now + (deadline - now) / 2 : deadline);
  durable_.mode.store(store_first ? Mode::storing : Mode::draining, std::memory_order_release);
  durable_.flushes.add(deadline, [](bool) {});
  durable_.kicks->kick(Role::sampler);
  for (const auto& output : durable_.outputs) {
    durable_.kicks->kick(Role::transmitter, output->number);
  }
}

bool Supervisor::all_settled() const noexcept {
  if (durable_.flushes.intake_done() != durable_.flushes.intake_asked()) return false;
  const std::uint64_t tail = durable_.arena.header().log_tail.load(std::memory_order_acquire);
  return std::all_of(durable_.outputs.begin(), durable_.outputs.end(),
                     [tail](const auto& output) { return output->settled_up_to(tail); });
}

bool Supervisor::nothing_under_way() const noexcept {
  const bool quiet = std::all_of(
      durable_.outputs.begin(), durable_.outputs.end(),
      [](const auto& output) { return output->in_flight.load(std::memory_order_relaxed) == 0; });
  return quiet && durable_.desk.orders.empty();
}

void Supervisor::finish(bool complete) {
  durable_.mode.store(Mode::ended, std::memory_order_release);
  if (!complete) {
    const bool kept = durable_.region->is_recorder();
    durable_.abandoned.store(!kept, std::memory_order_release);
    durable_.diagnostics->report(
        Severity::warn, DiagnosticCode::shutdown_incomplete,
        kept ? "the deadline passed; the flight recorder keeps what is left for the next start"
             : "the deadline passed; what was neither delivered nor stored is dropped");
  }
  for (FlushBoard::Ended& flush :
       durable_.flushes.due(SteadyTime::max(), [complete](std::uint64_t) { return complete; })) {
    flush.done(flush.complete);
  }
  for (const EndingBoard::Done& done : durable_.endings.finish(complete)) done(complete);
}

bool Supervisor::may_restart(Role role, std::uint32_t output, const std::string& name,
                             SteadyTime now) {
  const auto at = limits_.try_emplace({role, output}, rule_).first;
  if (at->second.allow(now)) return true;
  if (durable_.endings.deadline()) return false;
  at->second = RestartLimit(rule_);  // once more as often, to end in order
  durable_.diagnostics->report(
      Severity::error, DiagnosticCode::restart_limit,
      name + " failed more than " + std::to_string(rule_.most) + " times in " +
          std::to_string(std::chrono::duration_cast<seconds>(rule_.within).count()) +
          " s; telemetry is closed, and what it holds is stored");
  durable_.endings.ask(now + durable_.settings->shutdown_deadline(), {});
  return true;
}

}  // namespace posthaste::actors
