#include "runtime/metrics/thread_cells.h"

#include "runtime/metrics/stream.h"

#include <pthread.h>

#include <memory>
#include <mutex>
#include <new>

namespace posthaste::metrics {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr std::uintptr_t none = 1;  // of FrontEntry::series
constexpr std::uint32_t first_cells = 64;
constexpr std::uint32_t most_cells = 8192;  // slots; half of them are used

constinit FrontTable empty_front;

/// Open addressing by the series' address. The thread alone looks up; it inserts, and others forget
/// series, under `mutex`.
class CellTable {
public:
  struct Slot {
    std::atomic<std::uintptr_t> series{0};  // 0: never used, 1: forgotten
    std::atomic<Cell*> cell{nullptr};
  };

  Cell* find(std::uintptr_t series) const noexcept {
    if (slots_ == nullptr) return nullptr;
    for (std::uint32_t at = start(series);; at = (at + 1) & mask_) {
      const std::uintptr_t known = slots_[at].series.load(relaxed);
      if (known == series) return slots_[at].cell.load(relaxed);
      if (known == 0) return nullptr;
    }
  }
  /// False: full, or no memory.
  bool insert(std::uintptr_t series, Cell* cell) noexcept {
    if (slots_ == nullptr || (used_ + 1) * 2 > mask_ + 1) {
      if (!grow()) return false;
    }
    put(series, cell);
    ++used_;
    return true;
  }
  template <class F>
  void for_each(F&& f) noexcept {
    for (std::uint32_t i = 0; slots_ != nullptr && i <= mask_; ++i) {
      const std::uintptr_t series = slots_[i].series.load(relaxed);
      if (series > 1) f(*reinterpret_cast<Series*>(series), slots_[i]);
    }
  }

private:
  std::uint32_t start(std::uintptr_t series) const noexcept {
    return static_cast<std::uint32_t>((series * 0x9e37'79b9'7f4a'7c15) >> 40) & mask_;
  }
  void put(std::uintptr_t series, Cell* cell) noexcept {
    std::uint32_t at = start(series);
    while (slots_[at].series.load(relaxed) > 1) at = (at + 1) & mask_;
    slots_[at].cell.store(cell, relaxed);
    slots_[at].series.store(series, relaxed);
  }
  bool grow() noexcept {
    const std::uint32_t count = slots_ == nullptr ? first_cells : (mask_ + 1) * 2;
    if (count > most_cells) return false;
    std::unique_ptr<Slot[]> larger(new (std::nothrow) Slot[count]);
    if (larger == nullptr) return false;
    const std::unique_ptr<Slot[]> before = std::move(slots_);
    const std::uint32_t slots_before = before == nullptr ? 0 : mask_ + 1;
    slots_ = std::move(larger);
    mask_ = count - 1;
    used_ = 0;
    for (std::uint32_t i = 0; i < slots_before; ++i) {
      const std::uintptr_t series = before[i].series.load(relaxed);
      if (series <= 1) continue;
      put(series, before[i].cell.load(relaxed));
      ++used_;
    }
    return true;
  }

  std::unique_ptr<Slot[]> slots_;
  std::uint32_t mask_ = 0;
  std::uint32_t used_ = 0;  // forgotten ones too
};

struct ThreadCells {
  FrontTable front;  // first: this_front points here
  CellTable cells;
  std::mutex mutex;  // of `cells`, but for the thread's own look-ups
  ThreadCells* before = nullptr;
  ThreadCells* after = nullptr;
};

/// All threads that hold cells; it outlives them all.
struct Registry {
  std::mutex mutex;
  ThreadCells* first = nullptr;
};
Registry& registry() noexcept {
  static Registry& value = *new Registry;
  return value;
}

void enter(ThreadCells& thread) noexcept {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  thread.after = all.first;
  if (all.first != nullptr) all.first->before = &thread;
  all.first = &thread;
}

void end_of_thread(void* state) {
  auto* const thread = static_cast<ThreadCells*>(state);
  this_front = &empty_front;
  {
    Registry& all = registry();
    const std::lock_guard lock(all.mutex);
    // Under the lock no stream goes away, so the cells are there.
    thread->cells.for_each([](Series&, CellTable::Slot& slot) {
      Cell* const cell = slot.cell.load(relaxed);
      if (cell->holder.load(relaxed) == Holder::thread) {
        cell->holder.store(Holder::nobody, std::memory_order_release);
      }
    });
    if (thread->before != nullptr) thread->before->after = thread->after;
    if (thread->after != nullptr) thread->after->before = thread->before;
    if (all.first == thread) all.first = thread->after;
  }
  delete thread;
}

ThreadCells* make_thread() noexcept {
  // A key's destructor runs after those of C++ thread_local objects, which may still measure.
  static const pthread_key_t key = [] {
    pthread_key_t made{};
    pthread_key_create(&made, end_of_thread);
    return made;
  }();
  auto* const thread = new (std::nothrow) ThreadCells;
  if (thread == nullptr) return nullptr;
  enter(*thread);
  this_front = &thread->front;
  pthread_setspecific(key, thread);
  return thread;
}

ThreadCells* this_thread() noexcept {
  if (this_front == &empty_front) return make_thread();
  return reinterpret_cast<ThreadCells*>(this_front);
}

}  // namespace

thread_local constinit FrontTable* this_front = &empty_front;

Cell* cell_of(Series& series, bool remember) noexcept {
  ThreadCells* const thread = this_thread();
  if (thread == nullptr) return series.stream.shared_cell(series);
  const auto address = reinterpret_cast<std::uintptr_t>(&series);
  Cell* cell = thread->cells.find(address);
  if (cell == nullptr) {
    cell = series.stream.take_cell(series);
    if (cell == nullptr) cell = series.stream.shared_cell(series);
    if (cell == nullptr) return nullptr;
    const std::lock_guard lock(thread->mutex);
    if (!thread->cells.insert(address, cell)) {
      if (cell->holder.load(relaxed) == Holder::thread) {
        cell->holder.store(Holder::nobody, std::memory_order_release);
      }
      return series.stream.shared_cell(series);
    }
  }
  if (remember && cell->holder.load(relaxed) == Holder::thread) {
    FrontEntry& entry = thread->front.entries[front_offset(series) / sizeof(FrontEntry)];
    entry.cell = cell;
    entry.series.store(address, relaxed);
  }
  return cell;
}

void clear_fronts() noexcept {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  for (ThreadCells* thread = all.first; thread != nullptr; thread = thread->after) {
    for (FrontEntry& entry : thread->front.entries) entry.series.store(none, relaxed);
  }
}

void forget_series_in_threads(const Stream& stream) noexcept {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  for (ThreadCells* thread = all.first; thread != nullptr; thread = thread->after) {
    for (FrontEntry& entry : thread->front.entries) {
      const std::uintptr_t series = entry.series.load(relaxed);
      if (series > 1 && &reinterpret_cast<Series*>(series)->stream == &stream) {
        entry.series.store(none, relaxed);
      }
    }
    const std::lock_guard its(thread->mutex);
    thread->cells.for_each([&stream](Series& series, CellTable::Slot& slot) {
      if (&series.stream == &stream) slot.series.store(1, relaxed);
    });
  }
}

}  // namespace posthaste::metrics
