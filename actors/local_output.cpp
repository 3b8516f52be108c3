#include "actors/local_output.h"

#include "actors/log_stretch.h"
#include "runtime/arena/log.h"
#include "runtime/arena/scopes.h"
#include "runtime/base/tick_clock.h"
#include "runtime/model/metric_point.h"

namespace posthaste::actors {
namespace {

constexpr std::uint32_t records_at_once = 64;

std::chrono::sys_time<std::chrono::nanoseconds> wall_of(const TickScale& scale, std::uint64_t time,
                                                        bool is_wall) {
  return is_wall ? WallTime{std::chrono::nanoseconds{static_cast<std::int64_t>(time)}}
                 : scale.to_wall(time);
}

}  // namespace

LocalOutput::LocalOutput(Durable& durable, std::uint32_t output)
    : durable_(durable),
      output_(durable.settings->outputs()[output]),
      custody_(*durable.outputs[output]),
      sink_(*durable.sinks[output]),
      writer_(durable.arena, output, arena::BodyAuthor::batcher) {}

SteadyTime LocalOutput::step(SteadyTime now) {
  arena::LogCursor cursor = arena::LogCursor::unencoded(durable_.arena, custody_.number);
  const TickScale scale = durable_.arena.tick_scale();
  std::uint32_t taken = 0;
  std::uint32_t for_others = 0;
  model::SignalCounts signals;
  while (taken + for_others < records_at_once) {
    const model::RecordHead* record = cursor.next();
    if (record == nullptr) break;
    if (!takes(output_, *record, custody_.number)) {
      ++for_others;
      continue;
    }
    const arena::Scope scope = arena::scope_at(durable_.arena, record->scope);
    sink_.take({.bytes = {reinterpret_cast<const std::byte*>(record), record->length()},
                .scope_name = scope.name,
                .scope_version = scope.version,
                .start = wall_of(scale, record->start,
                                 (record->flags & model::record_flag::start_is_wall) != 0),
                .end = wall_of(scale, record->end,
                               (record->flags & model::record_flag::end_is_wall) != 0)});
    ++taken;
    ++signals[model::signal_of(*record)];
  }
  if (taken + for_others == 0) return only_when_kicked;
  custody_.delivered_rate.note(now, custody_.head().delivered.load(std::memory_order_relaxed));
  custody_.signals.encoded.add(signals);
  custody_.count_delivered(signals);
  custody_.head().for_others.fetch_add(for_others, std::memory_order_relaxed);
  writer_.skip(cursor.position(), taken + for_others);
  return now;
}

}  // namespace posthaste::actors
