#include "actors/storekeeper.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace posthaste::actors {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds reopen_pause{30};
constexpr seconds retry_pause{1};
constexpr seconds maintenance{10};
constexpr seconds rate_window{60};
constexpr int most_siblings = 16;
constexpr std::size_t orders_at_once = 128;
constexpr std::uint64_t bytes_at_once = 1024 * 1024;

persistence::StoreOptions options_of(const Durable& durable) {
  persistence::StoreOptions options;
  options.directory = durable.settings->store().directory;
  options.cap = durable.settings->store().cap;
  options.max_age = durable.settings->store().max_age;
  options.clock = durable.clock;
  return options;
}

}  // namespace

persistence::Origin origin_of(const arena::Arena& arena, std::uint64_t begin, std::uint64_t end) {
  persistence::Origin origin{.arena_id = {}, .extent_begin = begin, .extent_end = end};
  std::memcpy(origin.arena_id.data(), arena.header().id.data(), origin.arena_id.size());
  return origin;
}

/// No piece of a log ends where it begins, or before.
persistence::Origin origin_of(const arena::Arena& arena, const arena::BodyEntry& entry) {
  if (entry.extent_end == 0) return origin_of(arena, entry.batch, 0);
  return origin_of(arena, entry.extent_begin, entry.extent_end);
}

Storekeeper::Storekeeper(Durable& durable)
    : durable_(durable), desk_(durable.desk), adopter_(durable), told_(durable.outputs.size()) {}

/// For whoever waits for its results: an exception, too, ends what it was busy with.
class Storekeeper::Busy {
public:
  Busy(StoreDesk& desk, SteadyTime now) : desk_(desk) {
    desk_.busy_since.store(now, std::memory_order_relaxed);
  }
  ~Busy() { desk_.busy_since.store(SteadyTime::max(), std::memory_order_relaxed); }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;

private:
  StoreDesk& desk_;
};

SteadyTime Storekeeper::step(SteadyTime now) {
  const Busy busy(desk_, now);
  const bool wanted = durable_.settings->store().enabled;
  if (wanted && !desk_.store && now >= open_at_) open(now);
  const bool more = serve_orders(now);
  if (desk_.store && now >= maintain_at_) {
    if (auto done = desk_.store->maintain(); !done) fail(done.error(), now);
    maintain_at_ = now + maintenance;
  }
  const bool running = durable_.mode.load(std::memory_order_acquire) == Mode::running;
  const SteadyTime adopt_at = running && !more ? adopter_.step(now) : only_when_kicked;
  if (desk_.store) {
    tell_losses();
    publish_levels();
    watch_level(now);
  }
  for (std::uint32_t i = 0; i < told_.size(); ++i) {
    if (told_[i]) durable_.kicks->kick(Role::transmitter, i);
    told_[i] = false;
  }
  if (more) return now;
  const SteadyTime due = desk_.store ? maintain_at_ : wanted ? open_at_ : only_when_kicked;
  return std::min({adopt_at, due, desk_.orders.empty() ? only_when_kicked : now + retry_pause});
}

// ---- opening

/// The first directory of `<dir>`, `<dir>.2`, ... that no other process of this application owns.
Result<std::unique_ptr<persistence::Store>> Storekeeper::open_unowned() const {
  persistence::StoreOptions options = options_of(durable_);
  const std::string directory = options.directory;
  auto opened = persistence::Store::open(options);
  for (int number = 2; number <= most_siblings; ++number) {
    if (opened || opened.error().code() != ErrorCode::store_locked) break;
    options.directory = directory + "." + std::to_string(number);
    opened = persistence::Store::open(options);
  }
  return opened;
}

void Storekeeper::open(SteadyTime now) {
  auto opened = open_unowned();
  if (!opened) {
    fail(opened.error(), now);
    open_at_ = now + reopen_pause;
    return;
  }
  desk_.store = std::move(*opened);
  count_what_was_found();
  if (durable_.mode.load(std::memory_order_acquire) == Mode::running) adopter_.search(now);
  publish_levels();
  desk_.opened_once = true;
  desk_.state.store(StoreState::open, std::memory_order_release);
  for (const auto& output : durable_.outputs) told_[output->number] = true;
}

/// What lies in a store that is opened for the first time was accepted by an earlier process.
void Storekeeper::count_what_was_found() {
  if (desk_.opened_once) return;
  for (const auto& output : durable_.outputs) {
    output->recovered.fetch_add(desk_.store->level(output->queue).records,
                                std::memory_order_relaxed);
  }
  for (const persistence::Loss& loss : desk_.store->take_losses()) {
    for (const auto& output : durable_.outputs) {
      if (output->queue != loss.queue || !output->remote) continue;
      output->recovered.fetch_add(loss.records, std::memory_order_relaxed);
      tell(output->number, {.kind = StoreResult::Kind::lost, .loss = loss});
    }
  }
}

void Storekeeper::fail(const Error& error, SteadyTime now) {
  desk_.state.store(desk_.store ? StoreState::open : StoreState::failed, std::memory_order_release);
  open_at_ = std::max(open_at_, now + retry_pause);
  durable_.diagnostics->report(Severity::warn, DiagnosticCode::store_unavailable, error.message());
}

// ---- orders

/// True if there may be more to do at once.
bool Storekeeper::serve_orders(SteadyTime now) {
  const Orders orders = desk_.orders.first(orders_at_once);
  if (orders.empty()) return false;
  if (!desk_.store) {
    if (desk_.state.load(std::memory_order_acquire) != StoreState::opening) refuse(orders);
    return false;
  }
  auto done = settle(orders);
  if (done) done = replace(orders);
  if (!done) {
    fail(done.error(), now);  // nothing else is safe while the store cannot forget
    refuse(orders);
    return false;
  }
  for (const StoreOrder* order : orders) {  // those whose leases are forgotten may send others
    if (order->kind == Kind::settle || order->kind == Kind::replace) told_[order->output] = true;
  }
  append(orders);
  publish_levels();
  lease(orders);
  desk_.orders.pop(orders.size());
  return true;
}

Result<void> Storekeeper::settle(const Orders& orders) {
  std::vector<persistence::StoreKey> keys;
  for (const StoreOrder* order : orders) {
    if (order->kind == Kind::settle) keys.push_back(order->key);
    if (order->kind == Kind::release) {
      desk_.store->release(order->key, order->counts ? persistence::Attempt::counted
                                                     : persistence::Attempt::not_counted);
    }
  }
  return keys.empty() ? Result<void>{} : desk_.store->settle(keys);
}

/// A batch that is not there any more was replaced before.
Result<void> Storekeeper::replace(const Orders& orders) {
  for (const StoreOrder* order : orders) {
    if (order->kind != Kind::replace) continue;
    persistence::NewBatch rest{.header = order->header,
                               .body = {std::span<const std::byte>(order->remains.body)},
                               .user = order->remains.map};
    rest.header.records = order->remains.records;
    rest.header.items = order->remains.items;
    auto done = desk_.store->replace(order->key, rest);
    if (!done && done.error().code() != ErrorCode::invalid_argument) {
      return std::move(done).error();
    }
  }
  return {};
}

/// One commit for up to a megabyte.
void Storekeeper::append(const Orders& orders) {
  std::vector<persistence::NewBatch> batches;
  std::vector<std::vector<std::byte>> maps;
  Orders asked;
  maps.reserve(orders.size());
  std::uint64_t bytes = 0;
  const auto commit = [&] {
    if (batches.empty()) return;
    const auto done = desk_.store->append(batches);
    if (!done) {
      durable_.diagnostics->report(Severity::warn, DiagnosticCode::store_unavailable,
                                   done.error().message());
    }
    for (const StoreOrder* order : asked) {
      tell(order->output, {.kind = done ? StoreResult::Kind::stored : StoreResult::Kind::not_stored,
                           .entry = order->entry,
                           .batch = order->batch});
      if (!done) durable_.outputs[order->output]->requests.count_store_failures(0, 1);
    }
    if (done) stored_bytes_ += bytes;
    batches.clear();
    asked.clear();
    bytes = 0;
  };
  for (StoreOrder* order : orders) {
    if (order->kind != Kind::append) continue;
    const Custody& custody = *durable_.outputs[order->output];
    const arena::BodyTable table(durable_.arena, order->output);
    const arena::BodyEntry& entry = table.entry(order->entry);
    if (entry.batch != order->batch || table.state(order->entry) != arena::BodyState::storing) {
      continue;  // it was stored before, and its transmitter knows
    }
    arena::BodyBytes body = table.bytes(order->entry);
    maps.push_back(gathered(body.map));
    batches.push_back({.header = {.queue = custody.queue,
                                  .origin = origin_of(durable_.arena, entry),
                                  .created = {},
                                  .records = entry.records,
                                  .items = entry.items,
                                  .kind = entry.kind},
                       .body = std::move(body.body),
                       .user = maps.back()});
    asked.push_back(order);
    bytes += entry.body_size + entry.map_size;
    if (bytes >= bytes_at_once) commit();
  }
  commit();
}

void Storekeeper::lease(const Orders& orders) {
  for (const StoreOrder* order : orders) {
    if (order->kind != Kind::lease) continue;
    auto leased = desk_.store->lease_oldest(durable_.outputs[order->output]->queue);
    StoreResult result{.kind = StoreResult::Kind::nothing_to_lease};
    if (!leased) durable_.outputs[order->output]->requests.count_store_failures(1, 0);
    if (leased && *leased) {
      result.kind = StoreResult::Kind::leased;
      result.lease = std::make_shared<const persistence::StoredBatch>(std::move(**leased));
    }
    tell(order->output, std::move(result));
  }
}

/// While there is no store: what needs one is told so; what a store would have to forget waits.
void Storekeeper::refuse(const Orders& orders) {
  std::size_t first = 0;
  for (const StoreOrder* order : orders) {
    if (order->kind == Kind::append) {
      tell(order->output,
           {.kind = StoreResult::Kind::not_stored, .entry = order->entry, .batch = order->batch});
    } else if (order->kind == Kind::lease) {
      tell(order->output, {.kind = StoreResult::Kind::nothing_to_lease});
    } else {
      desk_.orders.push(*order);
    }
    ++first;
  }
  desk_.orders.pop(first);
}

// ---- what is said

void Storekeeper::tell(std::uint32_t output, StoreResult result) {
  durable_.outputs[output]->from_store.push(std::move(result));
  told_[output] = true;
}

void Storekeeper::tell_losses() {
  for (const persistence::Loss& loss : desk_.store->take_losses()) {
    const bool expired = loss.reason == persistence::LossReason::expired;
    const bool evicted = loss.reason == persistence::LossReason::evicted_size ||
                         loss.reason == persistence::LossReason::evicted_no_space;
    durable_.diagnostics->report(Severity::warn,
                                 expired   ? DiagnosticCode::store_expired
                                 : evicted ? DiagnosticCode::store_evicting
                                           : DiagnosticCode::store_damaged,
                                 "store " + desk_.store->directory() + ": " +
                                     std::to_string(loss.records) + " record(s) in " +
                                     std::to_string(loss.batches) + " batch(es) are gone (" +
                                     std::string(to_string(drop_reason_of(loss.reason))) + ")");
    for (const auto& output : durable_.outputs) {
      if (output->queue != loss.queue || !output->remote) continue;
      tell(output->number, {.kind = StoreResult::Kind::lost, .loss = loss});
    }
  }
}

void Storekeeper::publish_levels() {
  for (const auto& output : durable_.outputs) {
    const persistence::Level level = desk_.store->level(output->queue);
    const bool fresh = output->store_batches.exchange(level.batches) == 0 && level.batches > 0;
    output->store_records.store(level.records, std::memory_order_relaxed);
    output->store_bytes.store(level.charged, std::memory_order_relaxed);
    if (fresh && output->remote) told_[output->number] = true;
  }
}

/// How long the store lasts at today's rate; one warning when it is half full.
void Storekeeper::watch_level(SteadyTime now) {
  if (now - rate_at_ >= rate_window) {
    const double elapsed = std::chrono::duration<double>(now - rate_at_).count();
    bytes_per_second_ = rate_at_ == SteadyTime{} ? 0 : static_cast<double>(stored_bytes_) / elapsed;
    stored_bytes_ = 0;
    rate_at_ = now;
  }
  const std::uint64_t cap = durable_.settings->store().cap.count;
  const std::uint64_t charged = desk_.store->total().charged;
  const double left = charged < cap ? static_cast<double>(cap - charged) : 0;
  const std::uint64_t lasts =
      bytes_per_second_ > 0 ? static_cast<std::uint64_t>(left / bytes_per_second_) : UINT64_MAX;
  for (const auto& output : durable_.outputs) {
    output->store_lasts_s.store(lasts, std::memory_order_relaxed);
  }
  if (charged < cap * 2 / 5) half_full_said_ = false;
  if (charged < cap / 2 || half_full_said_) return;
  half_full_said_ = true;
  const std::string when = lasts == UINT64_MAX
                               ? std::string("at a rate not yet known")
                               : "in " + std::to_string(lasts) + " s at today's rate";
  durable_.diagnostics->report(Severity::warn, DiagnosticCode::store_filling,
                               "store " + desk_.store->directory() + ": half full, full " + when);
}

}  // namespace posthaste::actors
