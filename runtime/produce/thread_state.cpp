#include "runtime/produce/thread_state.h"

#include <pthread.h>
#include <sys/random.h>
#include <sys/rseq.h>

#include <atomic>
#include <cstring>
#include <new>

namespace posthaste::produce {
namespace {

std::atomic<std::uint32_t> seed_epoch{1};
std::atomic<std::uint64_t> misplaced{0};

// Initial-exec: eight bytes of static TLS, also in a library that is loaded late.
[[gnu::tls_model("initial-exec")]] thread_local ThreadState* this_thread = nullptr;

void end_of_thread(void* state) {
  this_thread = nullptr;
  delete static_cast<ThreadState*>(state);
}

pthread_key_t end_key() noexcept {
  // A key's destructor runs after those of C++ thread_local objects, which may still end spans.
  static const pthread_key_t key = [] {
    pthread_key_t made{};
    pthread_key_create(&made, end_of_thread);
    return made;
  }();
  return key;
}

ThreadState* make_state() noexcept {
  auto* state = new (std::nothrow) ThreadState;
  if (state == nullptr) return nullptr;
  this_thread = state;
  pthread_setspecific(end_key(), state);
  return state;
}

std::uint64_t entropy() noexcept {
  std::uint64_t value = 0;
  if (getrandom(&value, sizeof value, GRND_NONBLOCK) == sizeof value) return value;
  // No entropy yet, early at boot: an address and a counter still tell threads and processes apart.
  static std::atomic<std::uint64_t> turn{0x9e37'79b9'7f4a'7c15};
  return turn.fetch_add(0x9e37'79b9'7f4a'7c15) ^ reinterpret_cast<std::uintptr_t>(&value);
}

constexpr std::uint64_t rotate(std::uint64_t x, int by) noexcept {
  return x << by | x >> (64 - by);
}

}  // namespace

void IdSource::seed(std::uint64_t seed) noexcept {
  for (std::uint64_t& word : state_) {  // splitmix64, as the generator's authors advise
    seed += 0x9e37'79b9'7f4a'7c15;
    std::uint64_t z = seed;
    z = (z ^ z >> 30) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ z >> 27) * 0x94d0'49bb'1331'11eb;
    word = z ^ z >> 31;
  }
}

std::uint64_t IdSource::next() noexcept {
  const std::uint64_t result = rotate(state_[0] + state_[3], 23) + state_[0];
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = rotate(state_[3], 45);
  return result;
}

TraceId IdSource::trace_id() noexcept {
  const std::uint64_t words[2] = {next(), next() | 1};
  TraceId id;
  std::memcpy(id.bytes.data(), words, sizeof words);
  return id;
}

SpanId IdSource::span_id() noexcept {
  std::uint64_t word = next();
  if (word == 0) [[unlikely]]
    word = 1;
  SpanId id;
  std::memcpy(id.bytes.data(), &word, sizeof word);
  return id;
}

ThreadState::ThreadState() noexcept = default;

ThreadState::~ThreadState() {
  for (std::uint32_t i = 0; i < capacity_; ++i) frames_[i].~Frame();
  ::operator delete(frames_);
}

ThreadState* ThreadState::current() noexcept {
  ThreadState* state = this_thread;
  return state != nullptr ? state : make_state();
}

void ThreadState::reseed_all() noexcept {
  seed_epoch.fetch_add(1, std::memory_order_relaxed);
}

IdSource& ThreadState::ids() noexcept {
  const std::uint32_t epoch = seed_epoch.load(std::memory_order_relaxed);
  if (seed_epoch_ != epoch) [[unlikely]] {
    seed_epoch_ = epoch;
    ids_.seed(entropy());
  }
  return ids_;
}

bool ThreadState::grow() noexcept {
  const std::uint32_t more = capacity_ == 0 ? first_frames : capacity_ * 2;
  auto* frames = static_cast<Frame*>(::operator new(more * sizeof(Frame), std::nothrow));
  if (frames == nullptr) return false;
  for (std::uint32_t i = 0; i < more; ++i) {
    if (i < capacity_) {
      new (&frames[i]) Frame(std::move(frames_[i]));
      frames_[i].~Frame();
    } else {
      new (&frames[i]) Frame;
    }
  }
  ::operator delete(frames_);
  frames_ = frames;
  capacity_ = more;
  return true;
}

ThreadState::Mark ThreadState::push(const ParentFrame& parent,
                                    std::unique_ptr<CarriedText> carried) noexcept {
  if (depth_ == capacity_ && !grow()) return {};
  Frame& frame = frames_[depth_];
  frame.parent = parent;
  if (carried != nullptr) [[unlikely]] {
    frame.carried = std::move(carried);
    frame.parent.carried = frame.carried.get();
  }
  frame.sequence = next_sequence_++;
  return {++depth_, frame.sequence};
}

void ThreadState::pop(const Mark& mark) noexcept {
  if (mark.depth == 0 || mark.depth > depth_ || frames_[mark.depth - 1].sequence != mark.sequence) {
    return;
  }
  while (depth_ >= mark.depth) {
    --depth_;
    if (frames_[depth_].carried != nullptr) [[unlikely]]
      frames_[depth_].carried.reset();
  }
}

std::uint64_t misplaced_scopes() noexcept {
  return misplaced.load(std::memory_order_relaxed);
}

void count_misplaced_scope() noexcept {
  misplaced.fetch_add(1, std::memory_order_relaxed);
}

std::uint32_t lane_hint(std::uint32_t lanes) noexcept {
  const auto thread = reinterpret_cast<std::uintptr_t>(&this_thread) >> 12;
  if (__rseq_size != 0) [[likely]] {
    const auto* area = reinterpret_cast<const struct rseq*>(
        static_cast<const char*>(__builtin_thread_pointer()) + __rseq_offset);
    const auto cpu = static_cast<std::int32_t>(__atomic_load_n(&area->cpu_id, __ATOMIC_RELAXED));
    // Two lanes a CPU: a thread that was interrupted in the middle leaves the other to the next.
    if (cpu >= 0) [[likely]] {
      const std::uint32_t lane = static_cast<std::uint32_t>(cpu) * 2 + (thread & 1 ? 1u : 0u);
      return lane < lanes ? lane : lane % lanes;
    }
  }
  return static_cast<std::uint32_t>(thread % lanes);
}

}  // namespace posthaste::produce
