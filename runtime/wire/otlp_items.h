#pragma once

/// One record as one OTLP item in protobuf: a Span, a LogRecord or a data point, without tag and
/// length in front. One walk over the record, no memory of its own. Pure; for otlp_request.h, which
/// makes room (`otlp_bound`) and puts items of one scope or metric together.
///
/// Beyond what was recorded an item says, as attributes: `posthaste.interrupted` = true of a span
/// that a dead process left open, and `microsoft.sample_rate` (percent) of what stands for more
/// than itself and does not say so already. A span says the latter in its trace state too, as
/// OpenTelemetry's samplers do (`ot=th:`).

#include "runtime/base/tick_clock.h"
#include "runtime/model/metric_point_view.h"
#include "runtime/model/record_times.h"
#include "runtime/model/record_view.h"
#include "runtime/model/trace_state_threshold.h"

#include <posthaste/sample_rate.h>

#include <span>
#include <string_view>

namespace posthaste::wire {

inline constexpr std::string_view interrupted_key = "posthaste.interrupted";
inline constexpr std::string_view sample_rate_key = "microsoft.sample_rate";

/// The end of what was written, or null where the record's bytes make no sense. `scope_attributes`
/// is set to the record's own, entries for an EntryRange. `hash`: by which traces are kept.
char* put_otlp_span(char* at, const model::RecordView& record, const TickScale& scale,
                    SamplingHash hash, std::string_view& scope_attributes) noexcept;
char* put_otlp_log(char* at, const model::RecordView& record, const TickScale& scale,
                   std::string_view& scope_attributes) noexcept;
char* put_otlp_point(char* at, const model::MetricPointView& point,
                     const TickScale& scale) noexcept;

/// What a span says about its flags in OTLP: those of W3C, and whether its parent is remote.
std::uint32_t otlp_flags_of(const model::RecordHead& span) noexcept;

/// Whether the record stands for more than itself.
bool is_otlp_sampled(const model::RecordHead& head) noexcept;

/// What the trace state of such a span says: what it was recorded with, and its threshold. A view of
/// `recorded` or `buffer`.
std::string_view otlp_trace_state(const model::RecordHead& span, std::string_view recorded,
                                  SamplingHash hash,
                                  std::span<char, model::most_trace_state_bytes> buffer) noexcept;

/// Nanoseconds since the epoch; times before it are 0. Here for speed: twice for each span.
[[gnu::always_inline]] inline std::uint64_t otlp_time(std::uint64_t value, bool is_wall,
                                                      const TickScale& scale) noexcept {
  const auto time = model::wall_time(value, is_wall, scale).time_since_epoch().count();
  return time > 0 ? static_cast<std::uint64_t>(time) : 0;
}

}  // namespace posthaste::wire
