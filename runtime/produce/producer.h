#pragma once

/// What application threads run: starts and ends spans, writes logs, and puts what is finished into
/// a lane. One Producer per Telemetry; it outlives it for ever, so that late calls find it closed.
///
/// Threads:  any, at once; lock-free.
/// Blocking: never. No system call, no allocation once a thread is warm; one eventfd write when a
///           segment fills up while the sampler sleeps.
/// Full:     the record is refused, and counted by reason in the lane.

#include "runtime/arena/lane.h"
#include "runtime/arena/scopes.h"
#include "runtime/arena/slots.h"
#include "runtime/base/bell.h"
#include "runtime/base/callback_failures.h"
#include "runtime/base/ingress.h"
#include "runtime/base/steered_rate.h"
#include "runtime/model/head_sampling.h"
#include "runtime/produce/ended_operations.h"
#include "runtime/produce/logger_state.h"
#include "runtime/produce/operation_name.h"
#include "runtime/produce/span_slot.h"
#include "runtime/produce/thread_state.h"

#include <posthaste/ledger.h>
#include <posthaste/logger.h>
#include <posthaste/processor.h>
#include <posthaste/sampler.h>
#include <posthaste/span.h>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace posthaste::produce {

struct ProducerSetup {
  arena::Arena arena = {};
  std::uint32_t generation_base = 0;
  RecordLimits span_limits = {};
  RecordLimits log_limits = {};
  double sample_rate = 100;                                              // percent
  std::optional<double> traces_per_second = {};                          // instead of it, where set
  std::function<SamplingDecision(const SamplingRequest&)> sampler = {};  // instead of both
  SamplingHash sampling_hash = SamplingHash::application_insights;
  ParentRule parents = ParentRule::follow;
  bool logs_with_trace = false;  // logs of a trace that is not kept are not kept
  std::vector<SpanProcessor> span_processors = {};
  std::vector<LogProcessor> log_processors = {};
  bool exception_stacks = true;
  bool measures = false;  // for standard metrics and request counters: what is not sampled or kept
                          // leaves a record that the sampler measures, and nobody sends
};

class Producer {
public:
  static constexpr std::uint16_t most = 64;  // number 0 stands for none

  /// By number; null for 0 and for numbers that were never given.
  static Producer* at(std::uint16_t number) noexcept {
    return number < most ? producers[number].load(std::memory_order_acquire) : nullptr;
  }
  /// The one of a number that a Span or Tracer of ours holds; null for 0 alone.
  static Producer* known(std::uint16_t number) noexcept {
    return producers[number].load(std::memory_order_relaxed);
  }
  /// One that no Telemetry uses now; null when all are in use or there is no memory.
  static Producer* acquire() noexcept;
  /// Closed, and free for the next Telemetry.
  void release() noexcept;

  /// Takes over the arena and lets records in.
  void open(ProducerSetup setup);
  /// Nothing is accepted any more; what was reserved is still committed.
  void close() noexcept;

  std::uint16_t number() const noexcept { return number_; }
  Ingress& ingress() noexcept { return ingress_; }
  Bell& bell() noexcept { return bell_; }
  arena::ScopeTable& scopes() noexcept { return *scopes_; }
  LoggerTable& loggers() noexcept { return *loggers_; }
  /// Whether an exception is recorded with the calls that lead to where it is recorded.
  bool takes_stacks() const noexcept { return takes_stacks_; }
  /// Refused so far, by reason; any thread.
  Counts<RefusalReason> refused() const noexcept;
  /// Spans and logs that standard metrics and request counters do not know of, as there was no room.
  std::uint64_t unmeasured() const noexcept { return unmeasured_.load(std::memory_order_relaxed); }
  /// A thread ends that kept a spare slot, or was in a span that has it.
  static void return_spare(const SpareSlot& spare) noexcept;
  /// A span ended after the close.
  void refuse_late() noexcept { late_calls_.fetch_add(1, std::memory_order_relaxed); }
  /// Exceptions that the application's callbacks threw.
  CallbackFailures& callback_failures() noexcept { return callback_failures_; }
  /// Steered by the sampler actor where traces_per_second is set.
  SteeredRate& steered_rate() noexcept { return steered_rate_; }

  SpanParts start_span(std::string_view name, const SpanOptions& options,
                       std::uint16_t scope) noexcept;
  /// The same for what most spans are started with.
  SpanParts start_plain(std::string_view name, SpanKind kind, bool record_unwinding,
                        std::uint16_t scope) noexcept;
  /// Commits the record of a living span. The slot stays, for its ids.
  void end_span(arena::Slot& slot, std::optional<TimePoint> time) noexcept;
  /// The handle of a living span is gone: ends the span if it is recording, and the slot goes home.
  /// `flags` are the handle's: they tell how many exceptions were on their way when the span began;
  /// more now mean that it is left by one.
  void finish_span(arena::Slot& slot, std::uint16_t flags) noexcept;
  /// What its children stand for as well: its own rate, or what its attribute
  /// `microsoft.sample_rate` says instead.
  SamplingHash sampling_hash() const noexcept { return sampling_hash_; }
  double rate_of(arena::Slot& slot) const noexcept {
    const double recorded =
        reinterpret_cast<const model::RecordHead*>(slot.image.data())->sample_rate;
    return (slot.head.bloom >> KeyHash(rate_attribute).bloom_bit() & 1) == 0
               ? recorded
               : stated_rate(slot, recorded);
  }
  SpanSlot span(arena::Slot& slot) const noexcept { return {slot, slots_, span_limits_}; }

  /// The operation name of what the frame names, or of its local root if the span has gone; false
  /// when neither is known any more.
  bool operation_of(const ParentFrame& frame, OperationName& name) const noexcept;

  void emit(std::uint16_t logger, Severity severity, const AttributeValue& body,
            const LogOptions& options) noexcept;
  /// A logger, and whose it is.
  struct LoggerId {
    std::uint16_t runtime;
    std::uint16_t logger;
  };
  /// The same for what most records are: a text and short attributes, written in one go.
  static void emit_text(LoggerId id, Severity severity, std::string_view body,
                        Attributes attributes) noexcept;

  std::uint64_t now() const noexcept { return read_ticks(tick_source_); }
  TickScale tick_scale() const noexcept { return arena_.tick_scale(); }

private:
  explicit Producer(std::uint16_t number) noexcept : number_(number) {}

  static constexpr std::string_view rate_attribute = "microsoft.sample_rate";
  double stated_rate(arena::Slot& slot, double recorded) const noexcept;

  struct Origin;
  struct Child;
  struct Lineage;
  void open_sampling(ProducerSetup& setup);
  void open_processors(ProducerSetup& setup);
  void decide(Lineage& lineage, std::string_view name, const SpanOptions& options,
              ThreadState& thread) noexcept;
  double rate_of_next() noexcept;
  void ask_sampler(Lineage& lineage, std::string_view name, const SpanOptions& options,
                   ThreadState& thread) noexcept;
  static void add_sampler_attributes(const SpanSlot& span,
                                     const std::vector<OwnedAttribute>& attributes) noexcept;
  void inherit(arena::Slot& slot, const Lineage& lineage, std::string_view name) const noexcept;
  void inherit_from_root(arena::Slot& slot, const Child& lineage,
                         std::string_view known) const noexcept;
  void inherit_plainly(arena::Slot& slot, const Child& child) const noexcept;
  bool is_plainly_kept(const ParentFrame& frame) const noexcept;
  RootRef root_of(const ParentFrame& frame) const noexcept;
  bool read_root(RootRef root, OperationName& name) const noexcept;
  /// Whether the slot's name is that of its local root, which lives: not changed since it was copied.
  bool has_roots_name(const arena::Slot& slot) const noexcept {
    const arena::SlotHead& head = slot.head;
    if (head.root >= slot_count_) return false;
    const arena::Slot& root = arena_.slot(head.root);
    return root.head.generation.load(std::memory_order_acquire) == head.root_generation &&
           root.operation.sequence.load(std::memory_order_relaxed) == head.operation_sequence;
  }
  bool current_operation(const arena::Slot& slot, std::uint32_t generation,
                         OperationName& name) const noexcept;
  void follow(Lineage& lineage, const ParentFrame& parent, const Context* given,
              ThreadState& thread) const noexcept;
  SpanParts start_first(std::string_view name, const SpanOptions& options,
                        std::uint16_t scope) noexcept;
  SpanParts start_beneath(std::string_view name, const SpanOptions& options, std::uint16_t scope,
                          ThreadState& thread) noexcept;
  SpanParts start_plain_first(std::string_view name, SpanKind kind, bool record_unwinding,
                              std::uint16_t scope) noexcept;
  SpanParts start_plain_current(std::string_view name, SpanKind kind, bool record_unwinding,
                                std::uint16_t scope) noexcept;
  SpanParts start_child(std::string_view name, SpanKind kind, bool record_unwinding,
                        std::uint16_t scope) noexcept;
  SpanParts start_kept_root(std::string_view name, SpanKind kind, bool record_unwinding,
                            std::uint16_t scope) noexcept;
  SpanParts start_root(std::string_view name, SpanKind kind, bool record_unwinding,
                       std::uint16_t scope) noexcept;
  struct Decision {
    double rate;  // percent
    bool keeps;
  };
  Decision decide_root(TraceId trace) noexcept;
  Decision decide_by_rate(TraceId trace) noexcept;
  SpanParts start_any(std::string_view name, const SpanOptions& options, std::uint16_t scope,
                      const ParentFrame* parent, ThreadState& thread) noexcept;
  SpanParts leave_out_root(std::string_view name, const Origin& trace, IdSource& ids,
                           ThreadState& thread) noexcept;
  template <class From>
  SpanParts start(std::string_view name, SpanKind kind, bool record_unwinding, std::uint16_t scope,
                  const From& lineage, IdSource& ids, ThreadState& thread,
                  const SpanOptions* options) noexcept;
  model::RecordHead& begin(arena::Slot& slot, const Origin& lineage, std::uint16_t scope,
                           SpanKind kind, SpanId id) const noexcept;
  SpanParts refuse_start(std::uint16_t flags, const Context* parent) noexcept;
  void append_long_name(arena::Slot& slot, std::string_view name) noexcept;
  SpanParts add_options(const SpanParts& parts, std::string_view name, const SpanOptions& options,
                        bool sampled,
                        const std::vector<OwnedAttribute>* sampler_attributes) noexcept;
  void run_on_start(Span& span) noexcept;
  bool run_on_end(arena::Slot& slot) noexcept;
  bool run_on_emit(LogDraft& draft, ThreadState& thread) noexcept;
  void process_log(std::uint16_t scope, Severity severity, const AttributeValue& body,
                   const LogOptions& options, const ParentFrame* parent,
                   ThreadState& thread) noexcept;
  void add_unwinding(arena::Slot& slot) noexcept;
  void commit_record(arena::Slot& slot, std::uint32_t lane) noexcept;
  void commit_beneath(arena::Slot& slot, std::uint32_t lane) noexcept;
  template <class Operation>
  void commit_image(arena::Slot& slot, std::uint32_t lane, const Operation& operation) noexcept;
  void copy_chained(arena::Slot& slot, std::byte* to) const noexcept;
  void finish_recorded(arena::Slot& slot, std::uint16_t flags) noexcept;
  void finish_marked(arena::Slot& slot, ThreadState* thread) noexcept;
  void send_home(arena::Slot& slot, ThreadState* thread) noexcept;
  arena::Slot* take_slot(ThreadState& thread, std::uint32_t lane) noexcept {
    arena::Slot* const spare = thread.spare().take(opening_.load(std::memory_order_relaxed));
    return spare != nullptr ? spare : slots_.take(lane);
  }
  void give_slot_back(arena::Slot& slot, ThreadState* thread) noexcept;
  void consider_log(LoggerState& state, Severity severity, const AttributeValue& body,
                    const LogOptions& options, const ParentFrame* parent) noexcept;
  void write_log(std::uint16_t scope, Severity severity, const AttributeValue& body,
                 const LogOptions& options, const ParentFrame* parent) noexcept;
  static void emit_slowly(LoggerId id, Severity severity, std::string_view body,
                          Attributes attributes) noexcept;
  bool write_text(std::uint16_t scope, Severity severity, std::string_view body,
                  Attributes attributes, const ThreadState& thread) noexcept;
  void leave_out_log(RefusalReason reason, Severity severity, Attributes attributes) noexcept;
  bool keeps_record(arena::Slot& slot) noexcept;
  [[gnu::always_inline]] arena::Reservation reserve(std::uint32_t lane, std::uint32_t length,
                                                    bool failure) noexcept {
    arena::Reservation room = lanes_.reserve(lane, length);
    if (room.bytes == nullptr && failure) room = lanes_.reserve(lane_count_, length);
    // The first record of a segment: another one has just filled up.
    if (room.bytes != nullptr && (room.place & 0xffff) == 0) [[unlikely]]
      arena_.is_short() ? bell_.shout() : bell_.ring();
    return room;
  }
  void count_refused(arena::RefusalRow arena::LaneHead::*row, RefusalReason reason) noexcept;
  /// Of a span that is being started: the arena is there.
  void count_sampled(std::uint32_t lane) noexcept {
    arena_.lane(lane).refused[static_cast<std::size_t>(RefusalReason::sampled)].fetch_add(
        1, std::memory_order_relaxed);
  }
  void refuse(RefusalReason reason) noexcept;
  void refuse_log(RefusalReason reason) noexcept;
  void refuse_for_room(bool measured) noexcept;

  static std::atomic<Producer*> producers[most];

  const std::uint16_t number_;
  std::atomic<bool> in_use_{false};
  Ingress ingress_;
  Bell bell_;

  arena::Arena arena_;
  arena::LaneWriter lanes_;
  arena::SlotPool slots_;
  std::uint32_t lane_count_ = 1;
  std::uint32_t slot_count_ = 0;
  std::atomic<std::uint64_t> opening_{0};      // of which Telemetry in this process
  std::atomic<std::uint32_t> spare_slots_{0};  // threads that may keep one
  TickSource tick_source_ = TickSource::monotonic_clock;
  bool keeps_all_ = true;       // what is left to decide is kept
  bool plain_starts_ = true;    // no callback sees a span that starts
  bool keeps_children_ = true;  // of kept spans of this runtime
  bool rate_is_steered_ = false;
  bool logs_with_trace_ = false;
  SamplingHash sampling_hash_ = SamplingHash::application_insights;
  std::array<ParentRule::Then, 4> parents_{};  // by remote * 2 + sampled
  bool processes_spans_ = false;               // at their start, or their end, or both
  bool has_on_end_ = false;
  bool has_on_emit_ = false;
  bool considers_logs_ = false;  // a setting may refuse or change them
  bool writes_texts_ = false;    // no setting changes what a log is, not by cutting it either
  bool takes_stacks_ = true;
  bool measures_ = false;
  double sample_rate_ = 100;
  model::SamplingNumber number_of_ = nullptr;  // null: only the rate says what is kept
  std::uint32_t kept_below_ = 0;               // of these numbers
  std::uint64_t ticks_per_second_ = 1'000'000'000;
  RecordLimits span_limits_;
  std::uint64_t quick_bounds_ = 0;  // out of them
  RecordLimits log_limits_;
  std::function<SamplingDecision(const SamplingRequest&)> sampler_;
  std::vector<std::function<void(Span&)>> on_start_;
  std::vector<std::function<void(EndingSpan&)>> on_end_;
  std::vector<std::function<void(EmittedLog&)>> on_emit_;
  std::unique_ptr<arena::ScopeTable> scopes_;
  std::unique_ptr<LoggerTable> loggers_;
  EndedOperations ended_operations_;
  std::atomic<std::uint64_t> late_calls_{0};  // after the close; the lanes may be gone then
  std::atomic<std::uint64_t> unmeasured_{0};
  CallbackFailures callback_failures_;
  SteeredRate steered_rate_;
};

}  // namespace posthaste::produce
