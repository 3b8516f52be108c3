#include "actors/aggregator.h"

#include "runtime/produce/lane_hint.h"

#include <algorithm>
#include <cstring>

namespace posthaste::actors {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds lanes_full_pause{20};
constexpr milliseconds longest_callback{1'000};
constexpr milliseconds longest_when_flushing{200};

/// Puts points into a lane as an application thread does its records.
class LaneSink final : public metrics::PointSink {
public:
  LaneSink(const arena::Arena& arena, const arena::LaneWriter& lanes) noexcept
      : lanes_(lanes), lane_(produce::lane_hint(arena.geometry().lanes)) {}

  bool put(std::span<const std::byte> record) noexcept override {
    const auto length = static_cast<std::uint32_t>(record.size());
    const arena::Reservation room = lanes_.reserve(lane_, length);
    if (room.bytes == nullptr) return false;
    std::memcpy(room.bytes + 8, record.data() + 8, length - 8);
    std::memcpy(room.bytes + offsetof(model::RecordHead, origin), &room.place, sizeof room.place);
    lanes_.commit(room, length);
    return true;
  }

private:
  const arena::LaneWriter& lanes_;
  const std::uint32_t lane_;
};

}  // namespace

Aggregator::Aggregator(Durable& durable, std::uint32_t meter)
    : durable_(durable),
      number_(meter),
      meter_(durable.metrics->meter_at(meter)),
      collector_(meter_),
      lanes_(durable.arena) {}

SteadyTime Aggregator::step(SteadyTime now) {
  if (meter_.finished().load(std::memory_order_acquire)) return only_when_kicked;
  const auto interval =
      std::chrono::duration_cast<SteadyTime::duration>(durable_.settings->metrics().interval);
  SteadyTime due = meter_.due().load(std::memory_order_relaxed);
  if (due == SteadyTime::min()) {
    for (const auto& source : meter_.sources()) source->begin(now);
    due = now + interval;
    meter_.due().store(due, std::memory_order_relaxed);
  }
  if (!collection_ && collector_.emitting()) go_on(now);
  if (!collection_) {
    if (!wanted(now)) return due;
    begin(now);
  }
  if (!collection_->gathered) {
    if (!observed(now)) return collection_->observe_until;
    for (const auto& source : meter_.sources()) source->observe(collection_->number, now);
    collector_.gather(collection_->number, durable_.clock->wall());
    collection_->gathered = true;
  }
  if (!write_points()) return now + lanes_full_pause;
  finish(now);
  return wanted(now) ? now : meter_.due().load(std::memory_order_relaxed);
}

/// Flushes that it may collect for: where the sampler measures, it must have measured.
std::uint64_t Aggregator::flushes_asked() const noexcept {
  const bool waits = meter_.is_own() && durable_.measures_records();
  return waits ? durable_.flushes.folded() : durable_.flushes.intake_asked();
}

bool Aggregator::wanted(SteadyTime now) const {
  return now >= meter_.due().load(std::memory_order_relaxed) ||
         flushes_asked() > meter_.served().load(std::memory_order_relaxed) ||
         durable_.last_collection.load(std::memory_order_acquire);
}

void Aggregator::begin(SteadyTime now) {
  const std::uint64_t asked = flushes_asked();
  const bool final = durable_.last_collection.load(std::memory_order_acquire);
  const bool hurry = final || asked > meter_.served().load(std::memory_order_relaxed);
  const milliseconds patience = std::min(hurry ? longest_when_flushing : longest_callback,
                                         durable_.settings->metrics().timeout);
  collection_ = {.number = meter_.collections().fetch_add(1, std::memory_order_relaxed) + 1,
                 .flushes = asked,
                 .final = final,
                 .begun = durable_.clock->steady(),
                 .observe_until = now + patience};
  const bool none = meter_.callbacks().empty();
  if (none || !durable_.callbacks->run(number_, collection_->number)) {
    meter_.observed().store(collection_->number, std::memory_order_relaxed);
  }
}

/// With the points of a collection whose aggregator died. For whom it was is not known any more:
/// flushes and the end get one of their own.
void Aggregator::go_on(SteadyTime now) {
  collection_ = {.number = meter_.emission().collection,
                 .flushes = 0,
                 .final = false,
                 .begun = durable_.clock->steady(),
                 .observe_until = now,
                 .gathered = true};
}

/// Whether the callbacks have returned, or had their time.
bool Aggregator::observed(SteadyTime now) {
  const bool all = meter_.observed().load(std::memory_order_acquire) >= collection_->number;
  if (!all && now < collection_->observe_until) return false;
  report_failures();
  if (all) return true;
  const std::string hung = durable_.callbacks->pass_by(number_, collection_->number);
  if (hung.empty()) return true;  // it waits behind another meter's
  collection_->failed = true;
  meter_.callback_failures().fetch_add(1, std::memory_order_relaxed);
  durable_.diagnostics->report(
      Severity::warn, DiagnosticCode::observation_failed,
      "a callback of \"" + hung + "\" of meter \"" + meter_.name() +
          "\" has not returned in time; the collection goes on without it");
  return true;
}

bool Aggregator::write_points() {
  LaneSink sink(durable_.arena, lanes_);
  const bool all = collector_.emit(sink);
  durable_.kicks->kick(Role::sampler);
  return all;
}

void Aggregator::finish(SteadyTime now) {
  const Collection done = *collection_;
  collection_.reset();
  for (const auto& source : meter_.sources()) source->sent();
  if (durable_.self_metrics != nullptr && !meter_.is_self()) {
    durable_.self_metrics->collected(durable_.clock->steady() - done.begun, done.failed);
  }
  report_overflow();
  if (now >= meter_.due().load(std::memory_order_relaxed)) {
    const auto interval =
        std::chrono::duration_cast<SteadyTime::duration>(durable_.settings->metrics().interval);
    // Not from `now`: the intervals would drift. But no collection is made up for.
    SteadyTime due = meter_.due().load(std::memory_order_relaxed) + interval;
    if (due <= now) due = now + interval;
    meter_.due().store(due, std::memory_order_relaxed);
  }
  if (done.final) {
    // Once more, for histograms of threads that were interrupted in the middle.
    collector_.gather(meter_.collections().fetch_add(1, std::memory_order_relaxed) + 1,
                      durable_.clock->wall());
    write_points();
    meter_.finished().store(true, std::memory_order_release);
    durable_.kicks->kick(Role::supervisor);
  }
  if (done.flushes > meter_.served().load(std::memory_order_relaxed)) {
    meter_.served().store(done.flushes, std::memory_order_release);
    durable_.kicks->kick(Role::sampler);
  }
}

void Aggregator::report_failures() {
  for (const metrics::CallbackFailure& failure : durable_.callbacks->take_failures(number_)) {
    collection_->failed = true;
    meter_.callback_failures().fetch_add(1, std::memory_order_relaxed);
    durable_.diagnostics->report(Severity::warn, DiagnosticCode::observation_failed,
                                 "a callback of \"" + failure.instrument + "\" of meter \"" +
                                     meter_.name() + "\" threw: " + failure.what);
  }
}

void Aggregator::report_overflow() {
  const metrics::StreamSpec* example = nullptr;
  const std::uint64_t overflowed = meter_.overflowed(&example);
  if (overflowed <= overflowed_) return;
  durable_.diagnostics->report(
      Severity::warn, DiagnosticCode::series_overflow,
      std::to_string(overflowed - overflowed_) + " measurements of meter \"" + meter_.name() +
          "\" were beyond the limit of attribute sets (\"" + example->name +
          "\": " + std::to_string(example->cardinality_limit) +
          ") or of memory, and are summed up under otel.metric.overflow");
  overflowed_ = overflowed;
}

}  // namespace posthaste::actors
