#include "actors/sampler.h"

#include "actors/collected_batch.h"
#include "runtime/base/tick_clock.h"

#include <algorithm>
#include <new>
#include <string>

namespace posthaste::actors {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t records_at_once = 64;
constexpr std::size_t batches_at_once = 64;  // together about 30 µs per 64 records: 1 to 2 ms
constexpr std::size_t folded_at_once = 16;   // a record that is measured takes about 1 µs more
constexpr milliseconds busy_tick{20};
constexpr milliseconds quiet_tick{100};
constexpr milliseconds idle_tick{1'000};
constexpr milliseconds busy_time{500};
constexpr seconds quiet_time{5};
constexpr seconds scale_age{1};
constexpr seconds life_sign{60};
constexpr seconds refusal_watch{1};
constexpr seconds collect_patience{1};
constexpr std::uint32_t segments_at_once = 16;  // a mebibyte: where memory is short, the last of it

}  // namespace

Sampler::Sampler(Durable& durable)
    : durable_(durable),
      lanes_(durable.arena),
      log_(durable.arena),
      filter_(durable.settings->drop_rules(), durable.arena) {
  if (durable.measures_records()) measurer_.emplace();
}

SteadyTime Sampler::step(SteadyTime now) {
  durable_.bell->awake();
  if (now >= scale_at_) {
    durable_.arena.set_tick_scale(TickCalibration::refreshed());
    scale_at_ = now + scale_age;
  }
  keep_pages_ahead(now);
  copied_ = drained_ = false;
  steer_rate(now);
  const bool more = drain_for_a_while();
  log_.trim();
  watch_share_of_logs();
  tell_refusals(now);
  serve_flushes();
  serve_last_fold();
  tell_callback_failures();
  if (copied_ || log_full_) {
    for (const auto& output : durable_.outputs) {
      durable_.kicks->kick(output->remote ? Role::batcher : Role::local_output, output->number);
    }
  }
  if (drained_) last_record_ = now;
  return next_step(more, now);
}

/// True if it stopped because it had done enough for one step.
bool Sampler::drain_for_a_while() {
  log_full_ = false;
  const std::size_t most = measurer_ ? folded_at_once : batches_at_once;
  for (std::size_t i = 0; i < most; ++i) {
    if (!lanes_.next_batch(batch_, records_at_once)) return false;
    const std::size_t records = batch_.records.size();
    const std::size_t copied = copy(batch_);
    if (copied < records) {
      log_full_ = true;
      return false;
    }
  }
  return true;
}

/// Gives how many of the records are done with: copied, filtered, or only measured.
std::size_t Sampler::copy(const arena::LaneReader::Batch& batch) noexcept {
  const CollectedBatch done = collect(batch, filter_, log_);
  if (done.is_nothing_of(batch)) return 0;
  log_.publish();
  const std::uint64_t copied = done.copied.total();
  durable_.arena.header().accepted.fetch_add(copied, std::memory_order_relaxed);
  durable_.collected.add(done.copied);
  count_filtered(durable_.arena, done.filtered);
  if (measurer_) fold({batch.records.data(), done.records});
  lanes_.drained(batch, done.records);
  copied_ = copied_ || copied > 0;
  drained_ = true;
  return done.records;
}

void Sampler::fold(std::span<const model::RecordHead* const> records) noexcept {
  const TickScale scale = durable_.arena.tick_scale();
  for (const model::RecordHead* record : records) {
    const auto view =
        model::RecordView::from({reinterpret_cast<const std::byte*>(record), record->length()});
    if (!view) continue;
    try {
      const wire::Measure measure = measurer_->measure(*view, scale);
      if (durable_.standard != nullptr) durable_.standard->add(measure);
      if (durable_.request_counters != nullptr) durable_.request_counters->count(measure);
    } catch (const std::bad_alloc&) {
      if (durable_.standard != nullptr) durable_.standard->add_unknown(*record, scale);
      if (durable_.request_counters != nullptr) {
        durable_.request_counters->count_unknown(*record, scale);
      }
    }
  }
}

/// First touches of a page cost an application thread more than its whole span: they are made here.
void Sampler::keep_pages_ahead(SteadyTime now) {
  if (now >= alive_at_) {
    durable_.region->mark_alive();
    alive_at_ = now + life_sign;
  }
  if (durable_.arena_exhausted.load(std::memory_order_relaxed)) return;
  while (const std::uint32_t missing = durable_.arena.missing_ahead()) {
    const std::uint32_t few = std::min(missing, segments_at_once);
    const auto extended = durable_.region->extend(durable_.arena, few);
    if (extended && *extended == few) continue;
    durable_.arena_exhausted.store(true, std::memory_order_relaxed);
    if (!extended) {
      durable_.diagnostics->report(Severity::warn, DiagnosticCode::flight_recorder,
                                   extended.error().message());
    }
    return;
  }
}

/// Traces that are not kept leave no record: they are what keeps it awake as well.
void Sampler::steer_rate(SteadyTime now) noexcept {
  if (!durable_.rate_limiter) return;
  const std::uint64_t traces = durable_.steered_rate->asked();
  durable_.rate_limiter->began(traces, now);
  durable_.steered_rate->steer(durable_.rate_limiter->percent(now));
  if (traces > 0) last_record_ = now;
}

void Sampler::tell_callback_failures() {
  if (durable_.callback_failures == nullptr) return;
  while (const auto line = durable_.callback_failures->untold()) {
    durable_.diagnostics->report(Severity::warn, DiagnosticCode::callback_failed, *line);
  }
}

void Sampler::watch_share_of_logs() noexcept {
  const std::uint64_t all = std::uint64_t{durable_.arena.geometry().segments} * arena::segment_size;
  const std::uint64_t logs =
      durable_.arena.header().log_record_bytes.load(std::memory_order_relaxed);
  const bool refused = (durable_.ingress->flags() & Ingress::logs_refused) != 0;
  if (!refused && logs > all / 2) {
    durable_.ingress->set(Ingress::logs_refused);
  } else if (refused && logs < all / 2 - all / 16) {
    durable_.ingress->clear(Ingress::logs_refused);
  }
}

/// The application threads that refuse records say nothing themselves.
void Sampler::tell_refusals(SteadyTime now) {
  if (now < tell_at_) return;
  tell_at_ = now + refusal_watch;
  const Counts<RefusalReason> counts = durable_.arena.refused();
  std::uint64_t sum = 0;
  std::string reasons;
  for (const RefusalReason reason :
       {RefusalReason::arena_full, RefusalReason::slots_full, RefusalReason::logs_share}) {
    if (counts[reason] == 0) continue;
    sum += counts[reason];
    reasons += (reasons.empty() ? "" : ", ") + std::to_string(counts[reason]) + " " +
               std::string(to_string(reason));
  }
  if (sum == refused_) return;
  refused_ = sum;
  durable_.diagnostics->report(Severity::warn, DiagnosticCode::records_refused,
                               "no room for new records; refused so far: " + reasons);
}

void Sampler::serve_flushes() {
  const std::uint64_t asked = durable_.flushes.intake_asked();
  if (asked == durable_.flushes.intake_done() || !folded(asked)) return;
  if (!mark_ || marked_for_ != asked) {
    if (!collected(asked)) return;
    mark_.emplace(durable_.arena);
    marked_for_ = asked;
  }
  if (!mark_->reached()) return;
  const std::uint64_t tail = durable_.arena.header().log_tail.load(std::memory_order_relaxed);
  durable_.flushes.intake_reached(asked, tail);
  mark_.reset();
  for (const auto& output : durable_.outputs) {
    durable_.kicks->kick(output->remote ? Role::batcher : Role::local_output, output->number);
  }
}

/// Whether what the lanes held when the flush was asked for has been measured.
bool Sampler::folded(std::uint64_t flush) {
  if (!measurer_ || durable_.flushes.folded() >= flush) return true;
  if (!fold_mark_) {
    fold_mark_.emplace(durable_.arena);
    folding_for_ = flush;
  }
  if (!fold_mark_->reached()) return false;
  fold_mark_.reset();
  durable_.flushes.fold_reached(folding_for_);
  durable_.kick_aggregators();
  return folding_for_ >= flush;
}

/// Nothing more is offered, and the aggregators wait to collect for the last time.
void Sampler::serve_last_fold() {
  if (!durable_.last_fold.load(std::memory_order_acquire) ||
      durable_.last_fold_done.load(std::memory_order_relaxed)) {
    return;
  }
  if (!last_mark_) last_mark_.emplace(durable_.arena);
  if (!last_mark_->reached()) return;
  durable_.last_fold_done.store(true, std::memory_order_release);
  durable_.kicks->kick(Role::supervisor);
}

/// Whether the points that the flush is to take along are in the lanes. A meter that does not answer
/// holds it up for no longer than `collect_patience`.
bool Sampler::collected(std::uint64_t flush) {
  const bool ending = durable_.mode.load(std::memory_order_acquire) != Mode::running;
  if (ending || durable_.collected_for(flush)) return true;
  const SteadyTime now = durable_.clock->steady();
  if (waiting_for_ != flush) {
    waiting_for_ = flush;
    waiting_until_ = now + collect_patience;
  }
  return now >= waiting_until_;
}

SteadyTime Sampler::next_step(bool more, SteadyTime now) {
  if (more) return now;
  const auto idle = now - last_record_;
  const bool marked = mark_ || fold_mark_ || last_mark_;
  const bool busy = log_full_ || marked || is_waiting() || idle < busy_time;
  if (busy || idle < quiet_time) {
    durable_.bell->doze();
    return now + (busy ? busy_tick : quiet_tick);
  }
  durable_.bell->sleep();
  // Whoever filled a segment before it saw the sleeper has not rung: look once more.
  if (lanes_.next_batch(batch_, 1)) {
    durable_.bell->awake();
    return now;
  }
  return now + idle_tick;
}

}  // namespace posthaste::actors
