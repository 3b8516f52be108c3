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
    : exceptions_(reinterpret_cast<const Exceptions*>(abi::__cxa_get_globals())),
      cpu_(running_cpu()),
      number_(thread_number()) {}

ThreadState::~ThreadState() {
  if (spare_.give_up != nullptr) spare_.give_up(spare_);
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
  Mark mark;
  ParentFrame* const frame = push(mark);
  if (frame == nullptr) return mark;
  *frame = parent;
  if (carried != nullptr) {
    frame->carried = carried.get();
    frame->baggage = carried.get();
    frames_[mark.depth - 1].carried = std::move(carried);
  }
  return mark;
}

/// Frees what the frames from the `depth`th on carry.
void ThreadState::clear_above(std::uint32_t depth) noexcept {
  for (std::uint32_t i = depth - 1; i < depth_; ++i) frames_[i].carried.reset();
}

std::uint64_t misplaced_scopes() noexcept {
  return misplaced.load(std::memory_order_relaxed);
}

void count_misplaced_scope() noexcept {
  misplaced.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace posthaste::produce
