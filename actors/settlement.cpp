#include "actors/settlement.h"

#include <algorithm>
#include <utility>

namespace posthaste::actors {
namespace {

arena::BodyFacts facts_of(const HeapBody& body, const arena::BodyEntry& of) {
  return {.records = body.records,
          .items = body.items,
          .kind = of.kind,
          .map_size = static_cast<std::uint32_t>(body.map.size()),
          .extent_begin = of.extent_begin,
          .extent_end = of.extent_end,
          .extent_records = 0,
          .created = WallTime{std::chrono::nanoseconds{of.created_wall_ns}}};
}

}  // namespace

Settlement::Effect Settlement::Effect::worked() noexcept {
  return {Kind::worked, {}, false};
}

Settlement::Effect Settlement::Effect::failed(const NextStep& next, bool slow_down) noexcept {
  std::chrono::nanoseconds pause{};
  if (const auto* again = std::get_if<SendAgain>(&next)) pause = again->delay;
  if (const auto* away = std::get_if<PutAway>(&next)) pause = away->delay;
  return {Kind::failed, pause, slow_down};
}

Settlement::Settlement(Durable& durable, Custody& custody, std::uint64_t seed)
    : durable_(durable),
      custody_(custody),
      table_(custody.arena, custody.number),
      writer_(custody.arena, custody.number, arena::BodyAuthor::transmitter),
      policy_({.export_timeout = durable.settings->batch().export_timeout,
               .age_limit = durable.settings->store().max_age},
              seed) {}

wire::Compressor& Settlement::compressor() {
  if (!compressor_) compressor_.emplace();
  return *compressor_;
}

wire::BodyForm Settlement::form_of(std::uint32_t kind) const noexcept {
  return {static_cast<wire::BodyKind>(kind),
          durable_.settings->outputs()[custody_.number].otlp.signal};
}

Settlement::Effect Settlement::land(const Flight& flight, const Judgement& judgement,
                                    SteadyTime now) {
  ended_cargo_ = false;
  return flight.cargo == Flight::Cargo::body ? land_body(flight, judgement, now)
                                             : land_lease(flight, judgement, now);
}

bool Settlement::goes_on(const Judgement& judgement) noexcept {
  if (judgement.accepted == 0) return false;
  const bool most = judgement.accepted > judgement.retry.size();
  return !judgement.slow_down || (most && !judgement.delay_hint);
}

void Settlement::count(const Tally& counts, DropReason refused, bool replayed) noexcept {
  arena::OutputHead& head = custody_.head();
  custody_.count_delivered(counts.delivered);
  if (replayed) head.replayed.fetch_add(counts.delivered.total(), std::memory_order_relaxed);
  head.items_rejected.fetch_add(counts.side_rejected, std::memory_order_relaxed);
  custody_.count_dropped(refused, counts.rejected);
}

// ---- bodies in the arena

model::SignalCounts Settlement::signals_of(arena::BodyIndex index) const {
  const auto map = wire::ItemMap::parse(gathered(table_.bytes(index).map));
  const std::uint32_t records = table_.entry(index).records;
  return map && map->records() == records
             ? map->signals()
             : model::SignalCounts::of(model::Signal::unknown, records);
}

model::SignalCounts Settlement::signals_of(const persistence::StoredBatch& batch) {
  const auto map = wire::ItemMap::parse(batch.user);
  return map && map->records() == batch.header.records
             ? map->signals()
             : model::SignalCounts::of(model::Signal::unknown, batch.header.records);
}

Result<Consignment> Settlement::load_body(arena::BodyIndex index) {
  const arena::BodyEntry& entry = table_.entry(index);
  arena::BodyBytes bytes = table_.bytes(index);
  const std::uint32_t most = custody_.notes[index].most_lines;
  if (most == 0 || most >= entry.items) {
    return Consignment{.ticket = 0,
                       .items = entry.items,
                       .kind = static_cast<wire::BodyKind>(entry.kind),
                       .body = std::move(bytes.body)};
  }
  auto map = wire::ItemMap::parse(gathered(bytes.map));
  if (!map) return std::move(map).error();
  return first_lines(gathered(bytes.body), form_of(entry.kind), *map, most, compressor());
}

void Settlement::discard_body(arena::BodyIndex index) noexcept {
  settle_body(index, {}, DropReason::corrupt, custody_.notes[index].signals);
}

Settlement::Effect Settlement::land_body(const Flight& flight, const Judgement& judgement,
                                         SteadyTime now) {
  const arena::BodyEntry& entry = table_.entry(flight.body);
  const model::SignalCounts all = custody_.notes[flight.body].signals;
  if (judgement.verdict == Verdict::split && flight.lines > 1) {
    narrow(flight, flight.lines, now);
    return Effect::worked();
  }
  if (flight.lines < entry.items)
    return keep_part(flight, widened(judgement, flight.lines, entry.items), now);
  switch (judgement.verdict) {
    case Verdict::delivered:
      settle_body(flight.body, delivered_of(judgement, all), DropReason::rejected, {});
      return Effect::worked();
    case Verdict::split:
      settle_body(flight.body, {}, DropReason::too_large, all);
      return Effect::worked();
    case Verdict::drop:
      settle_body(flight.body, {}, judgement.reason, all);
      return Effect::worked();
    case Verdict::partial: return keep_part(flight, judgement, now);
    case Verdict::retry_later: break;
  }
  return retry_body(flight.body, judgement, now);
}

/// Next time half as many lines are sent.
void Settlement::narrow(const Flight& flight, std::uint32_t sent, SteadyTime now) noexcept {
  BodyNote& note = custody_.notes[flight.body];
  note.most_lines = std::max(sent / 2, 1u);
  note.not_before = now;
  table_.set_state(flight.body, arena::BodyState::ready);
}

void Settlement::settle_body(arena::BodyIndex index, const Tally& counts, DropReason reason,
                             const model::SignalCounts& dropped) noexcept {
  count(counts, reason, false);
  custody_.count_dropped(reason, dropped);
  table_.settle(index);
  ended_cargo_ = true;
}

/// A body's age is that of its note: the wall clock may be set, and what a dead process left goes to the
/// store first.
Attempts Settlement::attempts_of(const BodyNote& note, bool blames, SteadyTime now) {
  return {.failures = note.failures + 1,
          .blamed = note.blamed + (blames ? 1u : 0u),
          .in_memory = now - note.since,
          .age = now - note.since};
}

BodyNote Settlement::next_note(const BodyNote& note, bool blames) const noexcept {
  BodyNote next = note;
  ++next.failures;
  if (blames) ++next.blamed;
  return next;
}

Settlement::Effect Settlement::retry_body(arena::BodyIndex index, const Judgement& judgement,
                                          SteadyTime now) {
  const arena::BodyEntry& entry = table_.entry(index);
  BodyNote& note = custody_.notes[index];
  const NextStep next =
      policy_.next(judgement, attempts_of(note, judgement.blames_body, now), entry.batch);
  if (judgement.ambiguous) {
    custody_.head().ambiguous.fetch_add(entry.records, std::memory_order_relaxed);
  }
  if (const auto* end = std::get_if<GiveUp>(&next)) {
    settle_body(index, {}, end->reason, note.signals);
    return Effect::failed(next, judgement.slow_down);
  }
  const Effect effect = Effect::failed(next, judgement.slow_down);
  note = next_note(note, judgement.blames_body);
  note.not_before = now + effect.pause;
  note.put_away = std::holds_alternative<PutAway>(next);
  table_.count_attempt(index);
  table_.set_state(index, arena::BodyState::ready);
  return effect;
}

Settlement::Effect Settlement::keep_part(const Flight& flight, const Judgement& judgement,
                                         SteadyTime now) {
  const arena::BodyIndex index = flight.body;
  const arena::BodyEntry& entry = table_.entry(index);
  if (judgement.verdict == Verdict::retry_later) return retry_body(index, judgement, now);
  const arena::BodyBytes bytes = table_.bytes(index);
  const auto map = wire::ItemMap::parse(gathered(bytes.map));
  if (!map) {  // without its map the answer cannot be read by item
    discard_body(index);
    return Effect::worked();
  }
  const Tally counts = tally(*map, judgement);
  if (judgement.retry.empty()) {
    settle_body(index, counts, judgement.reason, {});
    return Effect::worked();
  }
  const bool sliced = flight.lines < entry.items;
  const BodyNote note = custody_.notes[index];
  const NextStep next =
      sliced ? NextStep{SendAgain{}}
             : policy_.next(judgement, attempts_of(note, judgement.blames_body, now), entry.batch);
  if (const auto* end = std::get_if<GiveUp>(&next)) {
    count(counts, judgement.reason, false);
    settle_body(index, {}, end->reason, counts.remaining);
    return Effect::failed(next, judgement.slow_down);
  }
  const auto remains =
      remains_of(gathered(bytes.body), form_of(entry.kind), *map, judgement, compressor());
  if (!remains) {
    count(counts, judgement.reason, false);
    settle_body(index, {}, DropReason::corrupt, counts.remaining);
    return Effect::worked();
  }
  auto draft = draft_of(writer_, *remains);
  if (!draft) {
    Judgement whole = judgement;
    whole.ambiguous = true;
    return retry_body(index, whole, now);
  }
  Effect effect = Effect::failed(next, judgement.slow_down);
  count(counts, judgement.reason, false);
  const arena::BodyIndex rest =
      writer_.replace(index, std::move(*draft), facts_of(*remains, entry));
  BodyNote& fresh = custody_.notes[rest];
  fresh = sliced ? note : next_note(note, judgement.blames_body);
  fresh.batch = table_.entry(rest).batch;
  fresh.signals = counts.remaining;
  fresh.not_before = now + effect.pause;
  fresh.put_away = std::holds_alternative<PutAway>(next);
  if (!sliced && !goes_on(judgement)) return effect;
  return Effect::worked();  // it takes items; the remainder waits for itself
}

bool Settlement::take_in(const HeapBody& body) {
  auto draft = draft_of(writer_, body);
  if (!draft) return false;
  writer_.publish(std::move(*draft), {.records = body.records,
                                      .items = body.items,
                                      .kind = static_cast<std::uint32_t>(body.kind),
                                      .map_size = static_cast<std::uint32_t>(body.map.size()),
                                      .created = durable_.clock->wall()});
  return true;
}

}  // namespace posthaste::actors
