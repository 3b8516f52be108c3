#include "runtime/produce/thread_state.h"

#include "runtime/base/entropy.h"

#include <cxxabi.h>
#include <pthread.h>

#include <cstring>
#include <new>

namespace posthaste::produce {
namespace {

std::atomic<std::uint64_t> misplaced{0};

}  // namespace

thread_local constinit ThreadState* ThreadState::this_thread = nullptr;
std::atomic<std::uint32_t> ThreadState::wanted_epoch{1};

void ThreadState::end_of_thread(void* state) {
  this_thread = nullptr;
  delete static_cast<ThreadState*>(state);
}

ThreadState* ThreadState::make() noexcept {
  // A key's destructor runs after those of C++ thread_local objects, which may still end spans.
  static const pthread_key_t key = [] {
    pthread_key_t made{};
    pthread_key_create(&made, end_of_thread);
    return made;
  }();
  auto* state = new (std::nothrow) ThreadState;
  if (state == nullptr) return nullptr;
  this_thread = state;
  pthread_setspecific(key, state);
  return state;
}

ThreadState::ThreadState() noexcept
    : exceptions_(reinterpret_cast<const Exceptions*>(abi::__cxa_get_globals())) {}

ThreadState::~ThreadState() {
  for (std::uint32_t i = 0; i < capacity_; ++i) frames_[i].~Frame();
  ::operator delete(frames_);
}

void ThreadState::reseed_all() noexcept {
  wanted_epoch.fetch_add(1, std::memory_order_relaxed);
}

void ThreadState::seed() noexcept {
  seed_epoch_ = wanted_epoch.load(std::memory_order_relaxed);
  ids_.seed(entropy(), entropy());
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
    frame.parent.baggage = frame.carried.get();
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

}  // namespace posthaste::produce
