#include "actors/transmitter.h"

#include "runtime/arena/log.h"

#include <algorithm>
#include <random>
#include <string>

namespace posthaste::actors {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds turn_limit{1};             // how long a body waits for its turn
constexpr seconds lost_after{1};             // a flight that nobody carries
constexpr milliseconds judge_patience{100};  // for a delivery to judge its answer
constexpr milliseconds flight_watch{250};
constexpr milliseconds storing_watch{20};
constexpr milliseconds start_jitter{2'000};
constexpr std::size_t relieved_at_once = 8;
constexpr std::uint64_t few_stored = 4;

Judgement lost_answer() {
  AnswerFacts facts;
  facts.failure = TransportFailure{ErrorCode::connection_lost, true};
  return judge(facts, 1);
}

std::string error_of(const Answer& answer) {
  if (!answer.outcome->response) return answer.outcome->response.error().message();
  return "the service answered with status " +
         std::to_string(answer.outcome->response.value().status);
}

}  // namespace

Transmitter::Transmitter(Durable& durable, std::uint32_t output, Deliveries& deliveries)
    : durable_(durable),
      custody_(*durable.outputs[output]),
      endpoint_(*durable.endpoints[output]),
      deliveries_(deliveries),
      settlement_(durable, custody_, durable.seed + output),
      flow_(durable.settings->max_in_flight()) {
  custody_.flights.reserve(2 * durable.settings->max_in_flight() + 2);
}

SteadyTime Transmitter::step(SteadyTime now) {
  if (!started_) {
    recover();
    std::mt19937_64 random(durable_.seed ^
                           static_cast<std::uint64_t>(now.time_since_epoch().count()));
    replay_at_ = now + milliseconds{random() % static_cast<std::uint64_t>(start_jitter.count())};
    started_ = true;
  }
  take_store_results(now);
  while (const HeapBody* body = custody_.adopted.front()) {
    if (!settlement_.take_in(*body)) break;
    custody_.adopted.pop();
    durable_.kicks->kick(Role::storekeeper);
  }
  find_lost_flights(now);
  take_answers(now);
  collect_ready(now);
  if (sends()) {
    send(now);
    probe(now);
    replay(now);
  } else {
    endpoint_.cancel_all();
    give_leases_back();
  }
  put_away_overdue(now);
  relieve(now);
  publish();
  return next_step(now);
}

bool Transmitter::sends() const noexcept {
  return durable_.mode.load(std::memory_order_acquire) < Mode::storing;
}

std::uint32_t Transmitter::flights_of(Flight::Cargo cargo) const noexcept {
  return static_cast<std::uint32_t>(
      std::count_if(custody_.flights.begin(), custody_.flights.end(),
                    [cargo](const Flight& flight) { return flight.cargo == cargo; }));
}

/// Entries that a dead transmitter was about to send: no flight was made of them.
void Transmitter::recover() {
  for (const arena::BodyIndex index : settlement_.table().unsettled()) {
    if (settlement_.table().state(index) != arena::BodyState::in_flight) continue;
    const bool flies = std::any_of(
        custody_.flights.begin(), custody_.flights.end(), [index](const Flight& flight) {
          return flight.cargo == Flight::Cargo::body && flight.body == index;
        });
    if (!flies) settlement_.table().set_state(index, arena::BodyState::ready);
  }
}

// ---- what came back

void Transmitter::take_store_results(SteadyTime now) {
  while (const StoreResult* result = custody_.from_store.front()) {
    take_result(*result, now);
    custody_.from_store.pop();
  }
}

void Transmitter::take_result(const StoreResult& result, SteadyTime now) {
  arena::BodyTable& table = settlement_.table();
  const bool of_entry =
      result.kind == StoreResult::Kind::stored || result.kind == StoreResult::Kind::not_stored;
  if (of_entry && (table.entry(result.entry).batch != result.batch ||
                   table.state(result.entry) != arena::BodyState::storing)) {
    return;  // told before
  }
  switch (result.kind) {
    case StoreResult::Kind::stored:
      custody_.head().stored.fetch_add(table.entry(result.entry).records,
                                       std::memory_order_relaxed);
      table.settle(result.entry);
      batcher_waits_ = true;
      break;
    case StoreResult::Kind::not_stored:
      custody_.notes[result.entry].store_not_before = now + turn_limit;
      table.set_state(result.entry, arena::BodyState::ready);
      break;
    case StoreResult::Kind::leased: {
      const bool known =
          std::any_of(custody_.leases.begin(), custody_.leases.end(),
                      [&](const Lease& lease) { return lease.batch->key == result.lease->key; });
      if (!known) custody_.leases.push_back({.batch = result.lease});
      [[fallthrough]];
    }
    case StoreResult::Kind::nothing_to_lease:
      if (custody_.leases_asked > 0) --custody_.leases_asked;
      break;
    case StoreResult::Kind::lost:
      custody_.count_dropped(drop_reason_of(result.loss.reason), result.loss.records);
      break;
  }
}

void Transmitter::find_lost_flights(SteadyTime now) {
  for (std::size_t i = 0; i < custody_.flights.size(); ++i) {
    const Flight& flight = custody_.flights[i];
    if (now - flight.begun < lost_after || endpoint_.carries(flight.ticket)) continue;
    // Looked for in this order: an outcome is put where it is found before it is no longer carried.
    if (custody_.answers.find(flight.ticket)) continue;
    Answer answer{flight.ticket,
                  std::make_shared<const http::Outcome>(http::Outcome{
                      Error(ErrorCode::connection_lost, "the request's own part failed"), true}),
                  flight.lines, now, lost_answer()};
    custody_.answers.put(std::move(answer));
  }
}

void Transmitter::take_answers(SteadyTime now) {
  while (const Answer* answer = custody_.answers.next(now - judge_patience)) {
    const Ticket ticket = answer->ticket;
    const auto at = std::find_if(custody_.flights.begin(), custody_.flights.end(),
                                 [&](const Flight& flight) { return flight.ticket == ticket; });
    if (at == custody_.flights.end()) {
      custody_.answers.erase(ticket);
      continue;
    }
    const Judgement judgement =
        answer->judgement ? *answer->judgement
                          : judge(facts_of(*answer->outcome, answer->items, durable_.clock->wall()),
                                  answer->items);
    const std::string error =
        judgement.verdict == Verdict::delivered ? std::string{} : error_of(*answer);
    const bool replayed = at->cargo == Flight::Cargo::lease;
    const Settlement::Effect effect = settlement_.land(*at, judgement, now);
    custody_.flights.erase(at);
    custody_.answers.erase(ticket);
    batcher_waits_ = true;
    learn(effect, judgement, replayed, now);
    say(judgement, error);
  }
}

void Transmitter::learn(const Settlement::Effect& effect, const Judgement& judgement, bool replayed,
                        SteadyTime now) {
  using Kind = Settlement::Effect::Kind;
  const bool was_out = flow_.outage();
  if (effect.kind == Kind::worked) {
    flow_.succeeded(replayed, !ready_.empty() || custody_.starved.load(std::memory_order_relaxed));
    if (was_out) {
      for (BodyNote& note : custody_.notes) note.not_before = std::min(note.not_before, now);
    }
  } else if (effect.kind == Kind::failed) {
    const auto pause = settlement_.probe_pause(judgement, flow_.next_pause());
    flow_.failed(now, pause, effect.slow_down);
  }
  const bool few = custody_.store_batches.load(std::memory_order_relaxed) <= few_stored;
  if (replayed && (effect.kind == Kind::failed || few)) {
    replay_at_ = std::max(replay_at_, now + effect.pause);
  }
}

void Transmitter::say(const Judgement& judgement, const std::string& error) {
  DiagnosticsSink& diagnostics = *durable_.diagnostics;
  if (judgement.verdict == Verdict::delivered && failing_said_ && !flow_.outage()) {
    failing_said_ = false;
    diagnostics.report(Severity::info, DiagnosticCode::delivery_recovered,
                       custody_.name + ": it takes batches again");
  }
  if (error.empty()) return;
  custody_.set_last_error(error);
  switch (judgement.verdict) {
    case Verdict::drop:
      diagnostics.report(Severity::warn, DiagnosticCode::records_dropped,
                         custody_.name + ": a batch was refused for good: " + error);
      return;
    case Verdict::partial:
      if (!judgement.rejected.empty()) {
        diagnostics.report(Severity::warn, DiagnosticCode::items_rejected,
                           custody_.name + ": " + std::to_string(judgement.rejected.size()) +
                               " item(s) of a batch were refused for good, the first with status " +
                               std::to_string(judgement.rejected.front().status));
      }
      return;
    case Verdict::retry_later: break;
    case Verdict::delivered:
    case Verdict::split: return;
  }
  const bool certificate = judgement.pace == Pace::certificate;
  failing_said_ = true;
  diagnostics.report(
      Severity::warn,
      certificate ? DiagnosticCode::certificate_rejected : DiagnosticCode::delivery_failing,
      custody_.name + ": " + error);
}

// ---- what is sent

void Transmitter::collect_ready(SteadyTime now) {
  ready_.clear();
  const std::uint64_t encoded = custody_.head().encoded_up_to.load(std::memory_order_acquire);
  for (arena::BodyIndex i = 0; i < arena::bodies_per_output; ++i) {
    if (settlement_.table().state(i) != arena::BodyState::ready) continue;
    const arena::BodyEntry& entry = settlement_.table().entry(i);
    if (entry.extent_end > encoded) continue;  // its batcher is still in the middle of it
    BodyNote& note = custody_.notes[i];
    if (note.batch != entry.batch) note = {.batch = entry.batch, .since = now};
    ready_.push_back(i);
  }
  std::sort(ready_.begin(), ready_.end(), [this](arena::BodyIndex a, arena::BodyIndex b) {
    return settlement_.table().entry(a).batch < settlement_.table().entry(b).batch;
  });
}

void Transmitter::send(SteadyTime now) {
  std::uint32_t room = flow_.live_room(flights_of(Flight::Cargo::body));
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
  load->ticket = durable_.last_ticket.fetch_add(1, std::memory_order_relaxed) + 1;
  custody_.flights.push_back({.ticket = load->ticket,
                              .cargo = Flight::Cargo::body,
                              .body = index,
                              .key = {},
                              .lines = load->items,
                              .begun = now});
  settlement_.table().set_state(index, arena::BodyState::in_flight);
  deliveries_.begin(std::move(*load));
}

void Transmitter::begin_lease(Lease& lease, SteadyTime now) {
  auto load = settlement_.load_lease(lease);
  if (!load) {
    settlement_.discard_lease(lease);
    return;
  }
  load->ticket = durable_.last_ticket.fetch_add(1, std::memory_order_relaxed) + 1;
  custody_.flights.push_back({.ticket = load->ticket,
                              .cargo = Flight::Cargo::lease,
                              .body = 0,
                              .key = lease.batch->key,
                              .lines = load->items,
                              .begun = now});
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
  std::uint32_t flying = flights_of(Flight::Cargo::lease);
  std::uint32_t room = flow_.replay_room(live);
  if (room == 0 && live == 0) room = 1;  // nothing was sent yet: the oldest is the probe
  while (flying < room && send_lease(now)) ++flying;
  ask_for_leases(2 * std::size_t{room});
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
    durable_.kicks->kick(Role::storekeeper);
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
    if (durable_.desk.usable() && note.store_not_before <= now && is_overdue(note, place, now)) {
      store(index);
    } else if (state == StoreState::none && note.put_away) {
      drop(index, DropReason::lag);
    } else {
      left.push_back(index);
    }
  }
  ready_ = std::move(left);
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
  durable_.kicks->kick(Role::storekeeper);
}

void Transmitter::drop(arena::BodyIndex index, DropReason reason) {
  custody_.count_dropped(reason, settlement_.table().entry(index).records);
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
    if (durable_.desk.usable()) {
      if (custody_.notes[index].store_not_before <= now) store(index);
    } else {
      drop(index, state == StoreState::none ? DropReason::lag : DropReason::store_io);
    }
  }
}

// ---- the end of a step

void Transmitter::publish() noexcept {
  if (custody_.flights.empty()) settlement_.let_go();
  custody_.bodies_ready.store(static_cast<std::uint32_t>(ready_.size()), std::memory_order_relaxed);
  custody_.in_flight.store(static_cast<std::uint32_t>(custody_.flights.size()),
                           std::memory_order_relaxed);
  const std::uint32_t window = flow_.window();
  const bool wider = window > custody_.window.exchange(window, std::memory_order_relaxed);
  if (wider || batcher_waits_) durable_.kicks->kick(Role::batcher, custody_.number);
  batcher_waits_ = false;
}

SteadyTime Transmitter::next_step(SteadyTime now) const {
  SteadyTime next = only_when_kicked;
  const auto at = [&next](SteadyTime time) { next = std::min(next, time); };
  if (!custody_.flights.empty()) at(now + flight_watch);
  if (!sends()) at(now + storing_watch);
  for (const arena::BodyIndex index : ready_) {
    const BodyNote& note = custody_.notes[index];
    const SteadyTime turn = std::max(note.since, note.not_before) + turn_limit;
    at(note.not_before > now ? note.not_before : std::max(turn, now + flight_watch));
  }
  const bool stored = custody_.store_batches.load(std::memory_order_relaxed) > 0;
  if (flow_.outage()) at(std::max(flow_.probe_at(), now + storing_watch));
  if (!flow_.outage() && stored) at(std::max(replay_at_, now + flight_watch));
  return next;
}

}  // namespace posthaste::actors
