#include "actors/transmitter.h"
#include "runtime/arena/log.h"

#include <algorithm>
#include <string>

namespace posthaste::actors {
namespace {

constexpr std::size_t relieved_at_once = 8;
constexpr std::uint32_t most_storing = arena::bodies_per_output / 2;

std::uint64_t size_of(const arena::BodyEntry& entry) {
  return std::uint64_t{entry.body_size} + entry.map_size;
}

}  // namespace

// ---- what is sent

void Transmitter::collect_ready(SteadyTime now) {
  ready_.clear();
  storing_ = 0;
  storing_bytes_ = 0;
  const std::uint64_t encoded = custody_.head().encoded_up_to.load(std::memory_order_acquire);
  for (arena::BodyIndex i = 0; i < arena::bodies_per_output; ++i) {
    const arena::BodyState state = settlement_.table().state(i);
    const arena::BodyEntry& entry = settlement_.table().entry(i);
    if (state == arena::BodyState::storing) {
      ++storing_;
      storing_bytes_ += size_of(entry);
    }
    if (state != arena::BodyState::ready) continue;
    if (entry.extent_end > encoded) continue;  // its batcher is still in the middle of it
    BodyNote& note = custody_.notes[i];
    if (note.batch != entry.batch) {
      note = {.batch = entry.batch, .signals = settlement_.signals_of(i), .since = now};
    }
    ready_.push_back(i);
  }
  std::sort(ready_.begin(), ready_.end(), [this](arena::BodyIndex a, arena::BodyIndex b) {
    return settlement_.table().entry(a).batch < settlement_.table().entry(b).batch;
  });
}

void Transmitter::send(SteadyTime now) {
  std::uint32_t room = flow_.live_room(begun_bodies(), now);
  std::vector<arena::BodyIndex> left;
  for (const arena::BodyIndex index : ready_) {
    if (room > 0 && custody_.notes[index].not_before <= now) {
      begin_body(index, now);
      --room;
    } else {
      left.push_back(index);
    }
  }
  ready_ = std::move(left);
}

void Transmitter::begin_body(arena::BodyIndex index, SteadyTime now) {
  auto load = settlement_.load_body(index);
  if (!load) {
    settlement_.discard_body(index);
    return;
  }
  BodyNote& note = custody_.notes[index];
  if (note.first_sent == SteadyTime{}) note.first_sent = now;
  load->ticket = durable_.last_ticket.fetch_add(1, std::memory_order_relaxed) + 1;
  custody_.flights.push_back({.ticket = load->ticket,
                              .cargo = Flight::Cargo::body,
                              .body = index,
                              .key = {},
                              .lines = load->items,
                              .begun = now,
                              .first_sent = note.first_sent,
                              .of_self_metrics = note.signals.all_own()});
  settlement_.table().set_state(index, arena::BodyState::in_flight);
  deliveries_.begin(std::move(*load));
}

void Transmitter::begin_lease(Lease& lease, SteadyTime now) {
  auto load = settlement_.load_lease(lease);
  if (!load) {
    settlement_.discard_lease(lease);
    return;
  }
  if (lease.first_sent == SteadyTime{}) lease.first_sent = now;
  load->ticket = durable_.last_ticket.fetch_add(1, std::memory_order_relaxed) + 1;
  custody_.flights.push_back({.ticket = load->ticket,
                              .cargo = Flight::Cargo::lease,
                              .body = 0,
                              .key = lease.batch->key,
                              .lines = load->items,
                              .begun = now,
                              .first_sent = lease.first_sent,
                              .of_self_metrics = lease.signals.all_own()});
  lease.in_flight = true;
  deliveries_.begin(std::move(*load));
}

bool Transmitter::send_lease(SteadyTime now) {
  for (Lease& lease : custody_.leases) {
    if (lease.in_flight || lease.not_before > now) continue;
    begin_lease(lease, now);
    return true;
  }
  return false;
}

void Transmitter::probe(SteadyTime now) {
  if (!flow_.outage() || now < flow_.probe_at()) return;
  const bool under_way =
      std::any_of(custody_.flights.begin(), custody_.flights.end(),
                  [this](const Flight& flight) { return flight.begun >= flow_.probe_at(); });
  if (under_way || send_lease(now)) return;
  if (custody_.store_batches.load(std::memory_order_relaxed) > custody_.leases.size()) {
    ask_for_leases(1);
  } else if (!ready_.empty()) {
    begin_body(ready_.front(), now);
    ready_.erase(ready_.begin());
  }
}

void Transmitter::replay(SteadyTime now) {
  if (flow_.outage() || now < replay_at_) return;
  const bool draining = durable_.mode.load(std::memory_order_acquire) != Mode::running;
  if (draining) {
    give_leases_back();
    return;
  }
  const std::uint32_t live = flights_of(Flight::Cargo::body);
  std::uint32_t flying = flights_of(Flight::Cargo::lease) + unforgotten_leases();
  std::uint32_t room = flow_.replay_room(live);
  if (room == 0 && live == 0) room = 1;  // nothing was sent yet: the oldest is the probe
  while (flying < room && send_lease(now)) ++flying;
  ask_for_leases(2 * std::size_t{room});
}

/// Delivered or dropped, but not yet so in the store: a process that is killed now leaves them to be
/// sent again, like those on their way.
std::uint32_t Transmitter::unforgotten_leases() const {
  return static_cast<std::uint32_t>(durable_.desk.orders.count_if([this](const StoreOrder& order) {
    const bool ends =
        order.kind == StoreOrder::Kind::settle || order.kind == StoreOrder::Kind::replace;
    return ends && order.output == custody_.number;
  }));
}

/// So many are held or asked for, as far as there are any.
void Transmitter::ask_for_leases(std::size_t wanted) {
  const auto held = custody_.leases.size() + custody_.leases_asked;
  const auto stored = custody_.store_batches.load(std::memory_order_relaxed);
  for (std::size_t have = held; have < std::min<std::size_t>(wanted, stored); ++have) {
    durable_.desk.orders.push({.kind = StoreOrder::Kind::lease, .output = custody_.number});
    ++custody_.leases_asked;
    durable_.kicks->kick(Role::storekeeper);
  }
}

void Transmitter::give_leases_back() {
  for (auto at = custody_.leases.begin(); at != custody_.leases.end();) {
    Lease& lease = *at++;
    if (lease.in_flight) continue;
    settlement_.give_back(lease);
  }
}

// ---- what is put away

bool Transmitter::is_overdue(const BodyNote& note, std::size_t place, SteadyTime now) const {
  if (note.put_away || flow_.outage() || !sends() || place >= flow_.window()) return true;
  return note.not_before <= now && now - std::max(note.since, note.not_before) > turn_limit;
}

void Transmitter::put_away_overdue(SteadyTime now) {
  const StoreState state = durable_.desk.state.load(std::memory_order_acquire);
  std::vector<arena::BodyIndex> left;
  for (std::size_t place = 0; place < ready_.size(); ++place) {
    const arena::BodyIndex index = ready_[place];
    const BodyNote& note = custody_.notes[index];
    if (store_has_room(now, index) && is_overdue(note, place, now)) {
      store(index);
    } else if (state == StoreState::none && note.put_away) {
      drop(index, DropReason::lag);
    } else {
      left.push_back(index);
    }
  }
  ready_ = std::move(left);
}

/// What the storekeeper has stays where it is until the disk answers, so some must be left to drop.
bool Transmitter::store_has_room(SteadyTime now, arena::BodyIndex index) const noexcept {
  if (!durable_.desk.usable() || custody_.notes[index].store_not_before > now) return false;
  return storing_ == 0 ||
         (storing_ < most_storing && storing_bytes_ < durable_.share_of_an_output() / 2);
}

void Transmitter::store(arena::BodyIndex index) {
  StoreOrder order{.kind = StoreOrder::Kind::append, .output = custody_.number};
  order.entry = index;
  order.batch = settlement_.table().entry(index).batch;
  settlement_.table().set_state(index, arena::BodyState::storing);
  try {
    durable_.desk.orders.push(std::move(order));
  } catch (...) {
    settlement_.table().set_state(index, arena::BodyState::ready);
    throw;
  }
  ++storing_;
  storing_bytes_ += size_of(settlement_.table().entry(index));
  durable_.kicks->kick(Role::storekeeper);
}

void Transmitter::say_if_store_hangs(SteadyTime now) {
  const auto hangs = durable_.desk.hangs_for(now);
  if (storing_ == 0 || !hangs) return;
  durable_.diagnostics->report(Severity::warn, DiagnosticCode::store_unavailable,
                               custody_.name + ": the disk of the store has not answered for " +
                                   std::to_string(hangs->count()) +
                                   " s; what is to be stored stays in memory");
}

void Transmitter::drop(arena::BodyIndex index, DropReason reason) {
  custody_.count_dropped(reason, custody_.notes[index].signals);
  settlement_.table().settle(index);
  batcher_waits_ = true;
  durable_.diagnostics->report(Severity::warn, DiagnosticCode::records_dropped,
                               custody_.name + ": a batch was dropped (" +
                                   std::string(to_string(reason)) +
                                   "): the output does not keep up, and the store cannot take it");
}

/// What the output holds beyond its share of the arena goes, oldest first.
void Transmitter::relieve(SteadyTime now) {
  const std::uint64_t most_waiting = durable_.settings->batch().max_waiting;
  const bool over = custody_.held_bytes() > durable_.share_of_an_output() ||
                    (most_waiting != 0 &&
                     arena::resident_records(custody_.arena, custody_.number) > most_waiting);
  if (over != custody_.over_share.exchange(over, std::memory_order_relaxed)) batcher_waits_ = true;
  if (!over) return;
  const StoreState state = durable_.desk.state.load(std::memory_order_acquire);
  const std::size_t count = std::min(ready_.size(), relieved_at_once);
  for (std::size_t i = 0; i < count; ++i) {
    const arena::BodyIndex index = ready_[i];
    const bool may_later = durable_.desk.usable() && custody_.notes[index].store_not_before <= now;
    if (store_has_room(now, index)) {
      store(index);
    } else if (!may_later || durable_.under_pressure()) {
      drop(index, state == StoreState::none ? DropReason::lag : DropReason::store_io);
    }
  }
}

}  // namespace posthaste::actors
