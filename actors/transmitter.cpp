#include "actors/transmitter.h"

#include <algorithm>
#include <random>
#include <string>

namespace posthaste::actors {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds lost_after{1};             // a flight that nobody carries
constexpr milliseconds judge_patience{100};  // for a delivery to judge its answer
constexpr milliseconds flight_watch{250};
constexpr milliseconds storing_watch{20};
constexpr seconds disk_watch{1};
constexpr milliseconds start_jitter{2'000};
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

/// What the service itself says, behind what we say.
std::string words_of(const Judgement& judgement) {
  return judgement.message.empty() ? std::string{} : ": " + judgement.message;
}

/// What a failure that may pass is called.
DiagnosticCode code_of(const Answer& answer, const Judgement& judgement) {
  const auto& response = answer.outcome->response;
  if (judgement.pace == Pace::certificate) return DiagnosticCode::certificate_rejected;
  if (!response && response.error().code() == ErrorCode::redirect_refused) {
    return DiagnosticCode::redirect_refused;
  }
  return DiagnosticCode::delivery_failing;
}

}  // namespace

Transmitter::Transmitter(Durable& durable, std::uint32_t output, Deliveries& deliveries)
    : durable_(durable),
      custody_(*durable.outputs[output]),
      endpoint_(*durable.endpoints[output]),
      deliveries_(deliveries),
      settlement_(durable, custody_, durable.seed + output),
      flow_(durable.settings->max_in_flight()) {
  custody_.flights.reserve(3 * durable.settings->max_in_flight() + 2);
}

SteadyTime Transmitter::step(SteadyTime now) {
  if (!started_) {
    std::mt19937_64 random(durable_.seed ^
                           static_cast<std::uint64_t>(now.time_since_epoch().count()));
    replay_at_ = now + milliseconds{random() % static_cast<std::uint64_t>(start_jitter.count())};
    started_ = true;
  }
  take_store_results(now);
  while (const HeapBody* body = custody_.adopted.front()) {
    if (!settlement_.take_in(*body)) break;
    custody_.recovered.fetch_add(body->records, std::memory_order_relaxed);
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
  say_if_store_hangs(now);
  publish(now);
  return next_step(now);
}

bool Transmitter::sends() const noexcept {
  return durable_.mode.load(std::memory_order_acquire) < Mode::storing;
}

std::vector<SteadyTime> Transmitter::begun_bodies() const {
  std::vector<SteadyTime> begun;
  for (const Flight& flight : custody_.flights) {
    if (flight.cargo == Flight::Cargo::body) begun.push_back(flight.begun);
  }
  std::sort(begun.begin(), begun.end());
  return begun;
}

std::uint32_t Transmitter::flights_of(Flight::Cargo cargo) const noexcept {
  return static_cast<std::uint32_t>(
      std::count_if(custody_.flights.begin(), custody_.flights.end(),
                    [cargo](const Flight& flight) { return flight.cargo == cargo; }));
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
      if (!known) {
        custody_.leases.push_back(
            {.batch = result.lease, .signals = Settlement::signals_of(*result.lease)});
      }
      [[fallthrough]];
    }
    case StoreResult::Kind::nothing_to_lease:
      if (custody_.leases_asked > 0) --custody_.leases_asked;
      break;
    case StoreResult::Kind::lost:
      if (drop_reason_of(result.loss.reason) == DropReason::corrupt) {
        custody_.requests.count_store_failures(result.loss.batches, 0);
      }
      custody_.count_dropped(drop_reason_of(result.loss.reason),
                             model::SignalCounts::of(model::Signal::unknown, result.loss.records));
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
        answer->judgement
            ? *answer->judgement
            : endpoint_.meaning_of(*answer->outcome, answer->items, durable_.clock->wall());
    const std::string error = judgement.verdict == Verdict::delivered
                                  ? std::string{}
                                  : error_of(*answer) + words_of(judgement);
    const DiagnosticCode code = code_of(*answer, judgement);
    const auto& response = answer->outcome->response;
    const bool told_at_start = !response && response.error().code() == ErrorCode::invalid_setting;
    const bool replayed = at->cargo == Flight::Cargo::lease;
    const SteadyTime begun = at->begun;
    const bool own = at->of_self_metrics;
    const auto took = answer->arrived - begun;
    const ErrorCode why =
        answer->outcome->response ? ErrorCode::internal : answer->outcome->response.error().code();
    const SteadyTime first_sent = at->first_sent;
    const SteadyTime arrived = answer->arrived;
    const Settlement::Effect effect = settlement_.land(*at, judgement, now);
    custody_.flights.erase(at);
    custody_.answers.erase(ticket);
    if (own) {
      custody_.requests.count_own();
    } else {
      custody_.requests.count(judgement, why, took);
      if (durable_.self_metrics != nullptr && settlement_.ended_cargo()) {
        tell_export(judgement, why, arrived - first_sent);
      }
    }
    batcher_waits_ = true;
    learn(effect, judgement, {.replayed = replayed, .begun = begun}, now);
    if (told_at_start) {
      custody_.set_last_error(error);
    } else {
      say(judgement, error, code);
    }
  }
}

void Transmitter::tell_export(const Judgement& judgement, ErrorCode why,
                              std::chrono::nanoseconds took) {
  std::string error;
  if (judgement.verdict == Verdict::partial) {
    error = "rejected";
  } else if (judgement.status == 0) {
    error = to_string(why);
  } else if (judgement.verdict != Verdict::delivered) {
    error = std::to_string(judgement.status);
  }
  durable_.self_metrics->exported(custody_.number, took, error, judgement.status);
}

void Transmitter::learn(const Settlement::Effect& effect, const Judgement& judgement,
                        Attempt attempt, SteadyTime now) {
  using Kind = Settlement::Effect::Kind;
  const bool was_out = flow_.outage();
  if (effect.kind == Kind::worked) {
    const bool bodies_wait = !ready_.empty() || custody_.starved.load(std::memory_order_relaxed);
    flow_.succeeded(attempt.replayed, bodies_wait, attempt.begun);
    if (was_out) {
      for (BodyNote& note : custody_.notes) note.not_before = std::min(note.not_before, now);
    }
  } else if (effect.kind == Kind::failed) {
    auto pause = settlement_.probe_pause(judgement, flow_.next_pause());
    const bool asked_for = judgement.delay_hint || judgement.pace != Pace::normal;
    if (!asked_for) pause = std::min(pause, flow_.longest_pause(now));
    flow_.failed(now, pause, effect.slow_down);
  }
  const bool few = custody_.store_batches.load(std::memory_order_relaxed) <= few_stored;
  if (attempt.replayed && (effect.kind == Kind::failed || few)) {
    replay_at_ = std::max(replay_at_, now + effect.pause);
  }
}

void Transmitter::say(const Judgement& judgement, const std::string& error, DiagnosticCode code) {
  DiagnosticsSink& diagnostics = *durable_.diagnostics;
  if (judgement.verdict == Verdict::delivered && failing_said_ && !flow_.outage()) {
    failing_said_ = false;
    diagnostics.report(Severity::info, DiagnosticCode::delivery_recovered,
                       custody_.name + ": it takes batches again");
  }
  if (error.empty()) return say_warning(judgement);
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
                               std::to_string(judgement.rejected.front().status) +
                               words_of(judgement));
      }
      return;
    case Verdict::retry_later: break;
    case Verdict::delivered:
    case Verdict::split: return;
  }
  failing_said_ = true;
  diagnostics.report(Severity::warn, code, custody_.name + ": " + error);
}

/// Of a batch that was taken, but not wholly, or with a word of warning.
void Transmitter::say_warning(const Judgement& judgement) {
  const bool refused = judgement.refused_unnamed > 0;
  if (!refused && judgement.message.empty()) return;
  const std::string text = refused ? std::to_string(judgement.refused_unnamed) +
                                         " item(s) of a batch were refused for good"
                                   : std::string("a batch was taken with a warning");
  if (refused) custody_.set_last_error(text + words_of(judgement));
  durable_.diagnostics->report(Severity::warn, DiagnosticCode::items_rejected,
                               custody_.name + ": " + text + words_of(judgement));
}

// ---- the end of a step

void Transmitter::publish(SteadyTime now) {
  if (custody_.flights.empty()) settlement_.let_go();
  custody_.bodies_ready.store(static_cast<std::uint32_t>(ready_.size()), std::memory_order_relaxed);
  custody_.in_flight.store(static_cast<std::uint32_t>(custody_.flights.size()),
                           std::memory_order_relaxed);
  custody_.delivered_rate.note(now, custody_.head().delivered.load(std::memory_order_relaxed));
  custody_.signals.in_memory.set(signals_in_memory());
  const std::uint32_t window = flow_.window() + flow_.hanging(begun_bodies(), now);
  const bool wider = window > custody_.window.exchange(window, std::memory_order_relaxed);
  if (wider || batcher_waits_) durable_.kicks->kick(Role::batcher, custody_.number);
  batcher_waits_ = false;
}

model::SignalCounts Transmitter::signals_in_memory() noexcept {
  model::SignalCounts sum;
  for (arena::BodyIndex i = 0; i < arena::bodies_per_output; ++i) {
    const arena::BodyState state = settlement_.table().state(i);
    const BodyNote& note = custody_.notes[i];
    if (state == arena::BodyState::free || state == arena::BodyState::filling) continue;
    if (note.batch == settlement_.table().entry(i).batch) sum += note.signals;
  }
  for (const Lease& lease : custody_.leases) sum += lease.signals;
  return sum;
}

SteadyTime Transmitter::next_step(SteadyTime now) const {
  SteadyTime next = only_when_kicked;
  if (durable_.mode.load(std::memory_order_acquire) == Mode::ended) return next;
  const auto at = [&next](SteadyTime time) { next = std::min(next, time); };
  if (!custody_.flights.empty()) at(now + flight_watch);
  if (!sends()) at(now + storing_watch);
  if (storing_ > 0) at(now + disk_watch);
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
