#include "actors/actor_house.h"

#include "actors/roster.h"
#include "actors/supervisor_shell.h"
#include "runtime/arena/lane.h"
#include "runtime/base/kept.h"
#include "runtime/base/thread.h"

#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/send.hpp>
#include <caf/thread_hook.hpp>

#include <pthread.h>

#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

namespace posthaste::actors {
namespace {

constexpr std::size_t workers = 2;
constexpr std::size_t messages_at_once = 64;
constexpr std::size_t threads_of_caf = workers + 3;  // its clock, its printer, the storekeeper

/// CAF names its threads in its own way; people look for ours.
class ThreadNames final : public caf::thread_hook {
public:
  void init(caf::actor_system&) override {}
  void thread_started() override {
    char name[16] = {};
    pthread_getname_np(pthread_self(), name, sizeof name);
    const char* ours = "posthaste.cpu";
    if (std::strcmp(name, "caf.clock") == 0) ours = "posthaste.clk";
    if (std::strcmp(name, "caf.actor") == 0) ours = "posthaste.prt";
    pthread_setname_np(pthread_self(), ours);
  }
  void thread_terminates() override {}
};

/// Threads that wait until all are let go, by its destructor.
class HeldThreads {
public:
  HeldThreads() { threads_.reserve(threads_of_caf); }
  ~HeldThreads() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    ended_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  HeldThreads(const HeldThreads&) = delete;
  HeldThreads& operator=(const HeldThreads&) = delete;

  Result<void> hold_one() {
    auto started = start_thread("posthaste.try", [this] {
      std::unique_lock lock(mutex_);
      ended_.wait(lock, [this] { return over_; });
    });
    if (!started) return std::move(started).error();
    threads_.push_back(std::move(*started));
    return {};
  }

private:
  std::mutex mutex_;
  std::condition_variable ended_;
  bool over_ = false;
  std::vector<std::thread> threads_;
};

/// Has as many threads as CAF will want, all at once, and lets them go. When CAF finds no more in the
/// middle of its start, it waits for ever for those that it had.
Result<void> try_threads() {
  HeldThreads held;
  for (std::size_t i = 0; i < threads_of_caf; ++i) {
    if (auto one = held.hold_one(); !one) return one;
  }
  return {};
}

/// Throws std::bad_alloc where CAF, which ends the process when it finds no memory in the middle of
/// its start, may find none: this is many times what it takes.
void try_memory() {
  const auto enough = std::make_unique<char[]>(std::size_t{1} << 20);
  asm volatile("" : : "r"(enough.get()) : "memory");  // it is asked for, not optimised away
}

}  // namespace

/// In this order: what an actor may touch goes after the actors.
struct ActorHouse::Rooms {
  Rooms(std::shared_ptr<Durable> durable_in, RestartRule rule_in)
      : durable(std::move(durable_in)), rule(rule_in), limit(rule_in) {
    config.set("scheduler.policy", caf::atom("sharing"));
    config.set("scheduler.max-threads", workers);
    config.set("scheduler.max-throughput", messages_at_once);
    config.add_thread_hook<ThreadNames>();
  }

  std::shared_ptr<Durable> durable;
  RestartRule rule;
  RestartLimit limit;  // of the supervisor; asked by one of its deaths at a time
  std::shared_ptr<Roster> roster = std::make_shared<Roster>();
  caf::actor_system_config config;
  std::unique_ptr<caf::actor_system> system;

  static void start_supervisor(const std::shared_ptr<Rooms>& rooms);
  static void on_supervisor_end(const std::shared_ptr<Rooms>& rooms);
};

void ActorHouse::Rooms::start_supervisor(const std::shared_ptr<Rooms>& rooms) {
  caf::actor supervisor =
      rooms->system->spawn(run_supervisor, rooms->durable, rooms->roster, rooms->rule);
  try {
    rooms->roster->enter({Role::supervisor, 0}, supervisor);
    supervisor->attach_functor([weak = std::weak_ptr<Rooms>(rooms)] {
      if (const auto alive = weak.lock()) on_supervisor_end(alive);
    });
  } catch (const std::bad_alloc&) {
    // Nobody could find it: not to be ended, nor to be started anew.
    caf::anon_send_exit(supervisor, caf::exit_reason::user_shutdown);
    throw;
  }
}

/// Runs where the supervisor died. Beyond the limit nobody is left to end in order: the door is
/// closed, the transmitters store what there is, and whoever waits is told.
void ActorHouse::Rooms::on_supervisor_end(const std::shared_ptr<Rooms>& rooms) {
  Durable& durable = *rooms->durable;
  if (durable.mode.load(std::memory_order_acquire) == Mode::ended) return;
  if (rooms->limit.allow(durable.clock->steady())) {
    start_supervisor(rooms);
    durable.restarts.fetch_add(1, std::memory_order_relaxed);  // once it can be found
    return;
  }
  durable.unsupervised.store(true, std::memory_order_release);
  durable.ingress->close();
  arena::LaneWriter(durable.arena).close_all();
  durable.mode.store(Mode::storing, std::memory_order_release);
  for (const auto& output : durable.outputs) {
    durable.kicks->kick(Role::transmitter, output->number);
  }
  durable.diagnostics->report(Severity::error, DiagnosticCode::restart_limit,
                              "the supervisor failed too often; telemetry is closed, and what it "
                              "holds is stored");
  for (FlushBoard::Ended& flush :
       durable.flushes.due(SteadyTime::max(), [](std::uint64_t) { return false; })) {
    flush.done(false);
  }
  for (const EndingBoard::Done& done : durable.endings.finish(false)) done(false);
}

ActorHouse::ActorHouse(std::shared_ptr<Rooms> rooms) : rooms_(std::move(rooms)) {}

Result<std::unique_ptr<ActorHouse>> ActorHouse::open(std::shared_ptr<Durable> durable,
                                                     RestartRule rule) {
  const SignalsBlocked blocked;
  try {
    if (auto enough = try_threads(); !enough) return std::move(enough).error();
    auto rooms = std::make_shared<Rooms>(std::move(durable), rule);
    rooms->durable->kicks = rooms->roster.get();
    try_memory();
    rooms->system = std::make_unique<caf::actor_system>(rooms->config);
    // Whole before its first actor: CAF would wait for ever for one that was begun and found no
    // memory, and the house does not.
    std::unique_ptr<ActorHouse> house(new ActorHouse(rooms));
    Rooms::start_supervisor(rooms);
    return house;
  } catch (const std::exception& error) {
    return Error(ErrorCode::internal, std::string("the actors cannot be started: ") + error.what());
  }
}

ActorHouse::~ActorHouse() {
  end(std::chrono::milliseconds{200});
}

void ActorHouse::kill(Role role, std::uint32_t output) {
  if (!rooms_) return;
  if (const caf::actor actor = rooms_->roster->at({role, output})) caf::anon_send(actor, Crash{});
}

bool ActorHouse::end(std::chrono::milliseconds patience) {
  if (!rooms_) return true;
  rooms_->durable->mode.store(Mode::ended, std::memory_order_release);
  const SteadyTime deadline = system_clock().steady() + patience;
  const auto running = [this] { return rooms_->system->registry().running() > 0; };
  std::mutex mutex;
  std::condition_variable looked;
  std::unique_lock lock(mutex);
  do {  // more than once: a restart may have been under way
    try {
      for (const caf::actor& actor : rooms_->roster->clear()) {
        caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
      }
    } catch (const std::bad_alloc&) {
      // Some may have been told; whoever was not keeps the house waiting, and then for ever.
    }
    for (const auto& endpoint : rooms_->durable->endpoints) {
      if (endpoint) endpoint->cancel_all();  // ends the deliveries, which wait for answers
    }
    // CAF tells nobody when the last actor has ended: its count is looked at again and again.
    looked.wait_for(lock, std::chrono::milliseconds{1});
  } while (running() && system_clock().steady() < deadline);
  if (running()) {
    keep_for_ever(std::move(rooms_));
    return false;
  }
  rooms_->system->await_actors_before_shutdown(false);
  const SignalsBlocked blocked;
  rooms_->system.reset();
  rooms_.reset();
  return true;
}

}  // namespace posthaste::actors
