#pragma once

/// What one application thread keeps: the stack of its current spans, and its source of ids.
/// Allocated when the thread first needs it, freed when the thread ends; a thread that records
/// while it is being torn down gets a new one.

#include "runtime/arena/layout.h"
#include "runtime/base/tick_clock.h"
#include "runtime/produce/lane_hint.h"
#include "runtime/produce/log_draft.h"

#include <posthaste/baggage.h>
#include <posthaste/ids.h>
#include <posthaste/sampler.h>

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace posthaste::produce {

/// What a hand-carried Context has beyond a span of this process. Rare, so by pointer.
struct CarriedText {
  std::shared_ptr<const std::string> trace_state;
  std::string operation_name;
  Baggage baggage;
};

/// Names a parent: a span of this process by its slot, or any other by its ids alone.
struct ParentFrame {
  TraceId trace_id;
  SpanId span_id;
  arena::Slot* slot = nullptr;
  std::uint32_t generation = 0;
  std::uint32_t root = arena::no_slot;  // slot of the local root; none: the span is one itself
  std::uint32_t root_generation = 0;
  std::uint16_t runtime = 0;
  std::uint8_t trace_flags = 0;
  bool remote = false;
  bool deferred = false;  // its sampling is decided here
  double sample_rate = 100;
  const CarriedText* carried = nullptr;  // may be null
  const CarriedText* baggage = nullptr;  // who has it: of this frame or one below; may be null

  bool sampled() const noexcept { return (trace_flags & 1) != 0; }
};

/// A multiplicative congruential generator of 128 bits: fast, and long enough for ids; not for
/// secrets.
class IdSource {
public:
  void seed(std::uint64_t high, std::uint64_t low) noexcept {
    state_ = static_cast<Uint128>(high) << 64 | low | 1;  // odd: the full period of 2^126
  }
  TraceId trace_id() noexcept {
    const std::uint64_t words[2] = {next(), next() | 1};  // never invalid
    return std::bit_cast<TraceId>(words);
  }
  SpanId span_id() noexcept {
    const std::uint64_t word = next();
    return std::bit_cast<SpanId>(word == 0 ? 1 : word);
  }

private:
  std::uint64_t next() noexcept {
    state_ *= 0xda94'2042'e4dd'58b5;
    return static_cast<std::uint64_t>(state_ >> 64);
  }
  Uint128 state_ = 1;
};

/// A free slot that a thread keeps for its next span: taken and given back without the lane's
/// stack, which costs two locked instructions. It belongs to one opening of one producer; so many
/// threads only may keep one that they never hold much of what there is.
struct SpareSlot {
  arena::Slot* slot = nullptr;  // null: a span has it
  std::uint64_t opening = 0;    // of the producer's; 0: this thread may keep none
  std::uint16_t runtime = 0;
  void (*give_up)(const SpareSlot&) noexcept = nullptr;  // at the thread's end

  arena::Slot* take(std::uint64_t now_open) noexcept {
    arena::Slot* const taken = slot;
    if (opening != now_open) [[unlikely]]
      return nullptr;
    slot = nullptr;
    return taken;
  }
  bool keep(arena::Slot& free, std::uint64_t now_open) noexcept {
    if (opening != now_open || slot != nullptr) [[unlikely]]
      return false;
    slot = &free;
    return true;
  }
};

class ThreadState {
public:
  /// This thread's; null when there is no memory for one.
  static ThreadState* current() noexcept { return this_thread != nullptr ? this_thread : make(); }
  /// Null also for a thread that has none yet.
  static ThreadState* known() noexcept { return this_thread; }
  /// Ids of every thread start anew from fresh entropy: a child of fork must not repeat its
  /// parent's.
  static void reseed_all() noexcept;

  IdSource& ids() noexcept {
    if (seed_epoch_ != wanted_epoch.load(std::memory_order_relaxed)) [[unlikely]]
      seed();
    return ids_;
  }
  /// As lane_hint() gives it, without looking for what stays the same.
  std::uint32_t lane(std::uint32_t lanes) const noexcept {
    return lane_of(__atomic_load_n(cpu_, __ATOMIC_RELAXED), number_, lanes);
  }
  SpareSlot& spare() noexcept { return spare_; }
  /// Exceptions on their way now, as std::uncaught_exceptions() counts them.
  std::uint32_t uncaught_exceptions() const noexcept { return exceptions_->uncaught; }

  bool has_top() const noexcept { return depth_ != 0; }
  /// The current parent; null if there is none.
  const ParentFrame* top() const noexcept {
    return depth_ == 0 ? nullptr : &frames_[depth_ - 1].parent;
  }

  /// For texts that are put together for a callback.
  std::string& name_buffer() noexcept { return name_buffer_; }
  std::string& value_buffer() noexcept { return value_buffer_; }
  /// For the parent's trace state while the sampler is asked.
  std::string& trace_state_buffer() noexcept { return trace_state_buffer_; }

  /// What the sampler added to the span that is being started.
  std::vector<OwnedAttribute>& sampler_attributes() noexcept { return sampler_attributes_; }

  /// For the log processors; throws std::bad_alloc on its first use.
  LogDraft& log_draft() {
    if (log_draft_ == nullptr) log_draft_ = std::make_unique<LogDraft>();
    return *log_draft_;
  }

  /// True inside a callback of the application, which is not called for what it records itself.
  bool in_callback() const noexcept { return in_callback_; }
  class InCallback {
  public:
    explicit InCallback(ThreadState& thread) noexcept : thread_(thread) {
      thread_.in_callback_ = true;
    }
    ~InCallback() { thread_.in_callback_ = false; }
    InCallback(const InCallback&) = delete;
    InCallback& operator=(const InCallback&) = delete;

  private:
    ThreadState& thread_;
  };

  struct Mark {
    std::uint32_t depth = 0;  // 0: nothing was pushed
    std::uint32_t sequence = 0;
  };
  /// A new frame on top, which the caller fills; null, with nothing pushed, without memory for a
  /// deeper stack.
  ParentFrame* push(Mark& mark) noexcept {
    if (depth_ == capacity_ && !grow()) [[unlikely]]
      return nullptr;
    Frame& frame = frames_[depth_];
    frame.sequence = next_sequence_++;
    mark = {++depth_, frame.sequence};
    return &frame.parent;
  }
  /// Takes over `carried`.
  Mark push(const ParentFrame& parent, std::unique_ptr<CarriedText> carried) noexcept;
  /// Takes away the frame and all above it; nothing if it is gone already.
  void pop(const Mark& mark) noexcept {
    if (mark.depth == 0 || mark.depth > depth_) [[unlikely]]
      return;
    const Frame& frame = frames_[mark.depth - 1];
    if (frame.sequence != mark.sequence) [[unlikely]]
      return;
    if (mark.depth != depth_ || frame.carried != nullptr) [[unlikely]]
      clear_above(mark.depth);
    depth_ = mark.depth - 1;
  }

  ThreadState() noexcept;
  ~ThreadState();

private:
  struct Frame {
    ParentFrame parent;
    std::uint32_t sequence = 0;
    std::unique_ptr<CarriedText> carried;
  };
  /// What the Itanium C++ ABI keeps for each thread (`__cxa_eh_globals`); reading it in place
  /// spares two calls a span.
  struct Exceptions {
    void* caught;
    unsigned uncaught;
  };
  static constexpr std::uint32_t first_frames = 16;

  static ThreadState* make() noexcept;
  static void end_of_thread(void* state);
  void seed() noexcept;
  bool grow() noexcept;
  void clear_above(std::uint32_t depth) noexcept;

  // Initial-exec: eight bytes of static TLS, also in a library that is loaded late.
  [[gnu::tls_model("initial-exec")]] static thread_local constinit ThreadState* this_thread;
  static std::atomic<std::uint32_t> wanted_epoch;

  IdSource ids_;
  SpareSlot spare_;
  const Exceptions* exceptions_;
  const std::uint32_t* cpu_;  // this thread's, as the kernel keeps it
  std::uint32_t number_;
  std::uint32_t seed_epoch_ = 0;
  std::uint32_t depth_ = 0;
  std::uint32_t capacity_ = 0;
  std::uint32_t next_sequence_ = 1;
  Frame* frames_ = nullptr;
  std::string name_buffer_;
  std::string value_buffer_;
  std::string trace_state_buffer_;
  std::vector<OwnedAttribute> sampler_attributes_;
  std::unique_ptr<LogDraft> log_draft_;
  bool in_callback_ = false;
};

/// Scopes that ended on a thread which is not theirs, in this process.
std::uint64_t misplaced_scopes() noexcept;
void count_misplaced_scope() noexcept;

}  // namespace posthaste::produce
