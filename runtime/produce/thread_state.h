#pragma once

/// What one application thread keeps: the stack of its current spans, and its source of ids.
/// Allocated when the thread first needs it, freed when the thread ends; a thread that records
/// while it is being torn down gets a new one.

#include "runtime/arena/layout.h"

#include <posthaste/ids.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>

namespace posthaste::produce {

/// What a hand-carried Context has beyond a span of this process. Rare, so by pointer.
struct CarriedText {
  std::shared_ptr<const std::string> trace_state;
  std::string operation_name;
};

/// Names a parent: a span of this process by its slot, or any other by its ids alone.
struct ParentFrame {
  TraceId trace_id;
  SpanId span_id;
  arena::Slot* slot = nullptr;
  std::uint32_t generation = 0;
  std::uint16_t runtime = 0;
  std::uint8_t trace_flags = 0;
  bool remote = false;
  double sample_rate = 100;
  const CarriedText* carried = nullptr;  // may be null

  bool sampled() const noexcept { return (trace_flags & 1) != 0; }
};

/// xoshiro256++: fast, and long enough for ids; not for secrets.
class IdSource {
public:
  void seed(std::uint64_t seed) noexcept;
  TraceId trace_id() noexcept;  // never invalid
  SpanId span_id() noexcept;

private:
  std::uint64_t next() noexcept;
  std::array<std::uint64_t, 4> state_{};
};

class ThreadState {
public:
  /// This thread's; null when there is no memory for one.
  static ThreadState* current() noexcept;
  /// Ids of every thread start anew from fresh entropy: a child of fork must not repeat its
  /// parent's.
  static void reseed_all() noexcept;

  IdSource& ids() noexcept;

  /// The current parent; null if there is none.
  const ParentFrame* top() const noexcept {
    return depth_ == 0 ? nullptr : &frames_[depth_ - 1].parent;
  }

  /// For texts that are put together for a callback.
  std::string& name_buffer() noexcept { return name_buffer_; }
  std::string& value_buffer() noexcept { return value_buffer_; }

  struct Mark {
    std::uint32_t depth = 0;  // 0: nothing was pushed
    std::uint32_t sequence = 0;
  };
  /// Takes over `carried`. Without memory for a deeper stack nothing is pushed.
  Mark push(const ParentFrame& parent, std::unique_ptr<CarriedText> carried) noexcept;
  /// Takes away the frame and all above it; nothing if it is gone already.
  void pop(const Mark& mark) noexcept;

  ThreadState() noexcept;
  ~ThreadState();

private:
  struct Frame {
    ParentFrame parent;
    std::uint32_t sequence = 0;
    std::unique_ptr<CarriedText> carried;
  };
  static constexpr std::uint32_t first_frames = 16;
  bool grow() noexcept;

  IdSource ids_;
  std::uint32_t seed_epoch_ = 0;
  std::uint32_t depth_ = 0;
  std::uint32_t capacity_ = 0;
  std::uint32_t next_sequence_ = 1;
  Frame* frames_ = nullptr;
  std::string name_buffer_;
  std::string value_buffer_;
};

/// Scopes that ended on a thread which is not theirs, in this process.
std::uint64_t misplaced_scopes() noexcept;
void count_misplaced_scope() noexcept;

/// The lane that suits the CPU this thread runs on.
std::uint32_t lane_hint(std::uint32_t lanes) noexcept;

}  // namespace posthaste::produce
