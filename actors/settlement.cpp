#include "actors/settlement.h"

#include <algorithm>
#include <utility>

namespace posthaste::actors {
namespace {

using Kind = Settlement::Effect::Kind;

std::vector<std::byte> gathered(const std::vector<std::span<const std::byte>>& pieces) {
  std::vector<std::byte> bytes;
  for (const auto piece : pieces) bytes.insert(bytes.end(), piece.begin(), piece.end());
  return bytes;
}

std::vector<std::uint32_t> indexes(const std::vector<RejectedItem>& rejected) {
  std::vector<std::uint32_t> result;
  for (const RejectedItem& item : rejected) result.push_back(item.index);
  return result;
}

std::vector<std::byte> to_bytes(const wire::ByteBuffer& buffer) {
  return {buffer.bytes().begin(), buffer.bytes().end()};
}

/// A body on the heap, with its map parsed.
struct Opened {
  std::vector<std::byte> body;
  wire::ItemMap map;
};

Result<Opened> open(std::vector<std::byte> body, std::span<const std::byte> map) {
  auto parsed = wire::ItemMap::parse(map);
  if (!parsed) return std::move(parsed).error();
  return Opened{std::move(body), std::move(*parsed)};
}

HeapBody heap_body(const wire::CutBody& cut) {
  wire::ByteBuffer map;
  cut.map.append_to(map);
  return {to_bytes(cut.gzipped), to_bytes(map), cut.map.records(), cut.map.items()};
}

std::optional<arena::BodyDraft> draft_of(arena::BodyWriter& writer, const HeapBody& body) {
  const std::size_t size = body.body.size() + body.map.size();
  if (size > arena::BodyWriter::size_limit) return std::nullopt;
  auto draft = writer.allocate(static_cast<std::uint32_t>(size));
  if (draft && (!draft->write(body.body) || !draft->write(body.map))) return std::nullopt;
  return draft;
}

arena::BodyFacts facts_of(const HeapBody& body, const arena::BodyEntry& of) {
  return {.records = body.records,
          .items = body.items,
          .map_size = static_cast<std::uint32_t>(body.map.size()),
          .extent_begin = of.extent_begin,
          .extent_end = of.extent_end,
          .extent_records = 0,
          .created = WallTime{std::chrono::nanoseconds{of.created_wall_ns}}};
}

Settlement::Effect worked() {
  return {Kind::worked, {}, false};
}

Settlement::Effect failed(const NextStep& next, bool slow_down) {
  std::chrono::nanoseconds pause{};
  if (const auto* again = std::get_if<SendAgain>(&next)) pause = again->delay;
  if (const auto* away = std::get_if<PutAway>(&next)) pause = away->delay;
  return {Kind::failed, pause, slow_down};
}

}  // namespace

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

Settlement::Effect Settlement::land(const Flight& flight, const Judgement& judgement,
                                    SteadyTime now) {
  return flight.cargo == Flight::Cargo::body ? land_body(flight, judgement, now)
                                             : land_lease(flight, judgement, now);
}

void Settlement::count(const Tally& counts, DropReason refused, bool replayed) noexcept {
  arena::OutputHead& head = custody_.head();
  head.delivered.fetch_add(counts.delivered, std::memory_order_relaxed);
  if (replayed) head.replayed.fetch_add(counts.delivered, std::memory_order_relaxed);
  head.items_rejected.fetch_add(counts.side_rejected, std::memory_order_relaxed);
  custody_.count_dropped(refused, counts.rejected);
}

// ---- bodies in the arena

Result<Consignment> Settlement::load_body(arena::BodyIndex index) {
  const arena::BodyEntry& entry = table_.entry(index);
  arena::BodyBytes bytes = table_.bytes(index);
  const std::uint32_t most = custody_.notes[index].most_lines;
  if (most == 0 || most >= entry.items) {
    return Consignment{.ticket = 0, .items = entry.items, .body = std::move(bytes.body)};
  }
  auto opened = open(gathered(bytes.body), gathered(bytes.map));
  if (!opened) return std::move(opened).error();
  return first_lines(opened->body, opened->map, most, compressor());
}

void Settlement::discard_body(arena::BodyIndex index) noexcept {
  settle_body(index, {}, DropReason::corrupt, table_.entry(index).records);
}

Settlement::Effect Settlement::land_body(const Flight& flight, const Judgement& judgement,
                                         SteadyTime now) {
  const arena::BodyEntry& entry = table_.entry(flight.body);
  if (judgement.verdict == Verdict::split && flight.lines > 1) {
    narrow(flight, flight.lines, now);
    return worked();
  }
  if (flight.lines < entry.items)
    return keep_part(flight, widened(judgement, flight.lines, entry.items), now);
  switch (judgement.verdict) {
    case Verdict::delivered:
      settle_body(flight.body, {.delivered = entry.records}, DropReason::rejected, 0);
      return worked();
    case Verdict::split:
      settle_body(flight.body, {}, DropReason::too_large, entry.records);
      return worked();
    case Verdict::drop:
      settle_body(flight.body, {}, judgement.reason, entry.records);
      return worked();
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
                             std::uint32_t dropped) noexcept {
  count(counts, reason, false);
  custody_.count_dropped(reason, dropped);
  table_.settle(index);
}

Attempts Settlement::attempts_of(const BodyNote& note, const arena::BodyEntry& entry, bool blames,
                                 SteadyTime now) const {
  const WallTime created{std::chrono::nanoseconds{entry.created_wall_ns}};
  return {.failures = note.failures + 1,
          .blamed = note.blamed + (blames ? 1u : 0u),
          .in_memory = now - note.since,
          .age = durable_.clock->wall() - created};
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
      policy_.next(judgement, attempts_of(note, entry, judgement.blames_body, now), entry.batch);
  if (judgement.ambiguous) {
    custody_.head().ambiguous.fetch_add(entry.records, std::memory_order_relaxed);
  }
  if (const auto* end = std::get_if<GiveUp>(&next)) {
    settle_body(index, {}, end->reason, entry.records);
    return failed(next, judgement.slow_down);
  }
  const Effect effect = failed(next, judgement.slow_down);
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
  auto opened = open(gathered(bytes.body), gathered(bytes.map));
  if (!opened) {  // without its map the answer cannot be read by item
    discard_body(index);
    return worked();
  }
  const Tally counts = tally(opened->map, judgement);
  if (judgement.retry.empty()) {
    settle_body(index, counts, judgement.reason, 0);
    return worked();
  }
  const bool sliced = flight.lines < entry.items;
  const BodyNote note = custody_.notes[index];
  const NextStep next =
      sliced ? NextStep{SendAgain{}}
             : policy_.next(judgement, attempts_of(note, entry, judgement.blames_body, now),
                            entry.batch);
  if (const auto* end = std::get_if<GiveUp>(&next)) {
    count(counts, judgement.reason, false);
    settle_body(index, {}, end->reason, counts.remaining);
    return failed(next, judgement.slow_down);
  }
  auto cut = wire::select_items(opened->body, opened->map, judgement.retry,
                                indexes(judgement.rejected), compressor());
  if (!cut) {
    count(counts, judgement.reason, false);
    settle_body(index, {}, DropReason::corrupt, counts.remaining);
    return worked();
  }
  const HeapBody remains = heap_body(*cut);
  auto draft = draft_of(writer_, remains);
  if (!draft) {
    Judgement whole = judgement;
    whole.ambiguous = true;
    return retry_body(index, whole, now);
  }
  Effect effect = failed(next, judgement.slow_down);
  count(counts, judgement.reason, false);
  const arena::BodyIndex rest = writer_.replace(index, std::move(*draft), facts_of(remains, entry));
  BodyNote& fresh = custody_.notes[rest];
  fresh = sliced ? note : next_note(note, judgement.blames_body);
  fresh.batch = table_.entry(rest).batch;
  fresh.not_before = now + effect.pause;
  fresh.put_away = std::holds_alternative<PutAway>(next);
  if (!sliced && (judgement.accepted == 0 || judgement.slow_down)) return effect;
  return worked();  // it takes items; the remainder waits for itself
}

bool Settlement::take_in(const HeapBody& body) {
  auto draft = draft_of(writer_, body);
  if (!draft) return false;
  writer_.publish(std::move(*draft), {.records = body.records,
                                      .items = body.items,
                                      .map_size = static_cast<std::uint32_t>(body.map.size()),
                                      .created = durable_.clock->wall()});
  return true;
}

// ---- batches of the store

Result<Consignment> Settlement::load_lease(const Lease& lease) {
  const persistence::StoredBatch& batch = *lease.batch;
  if (lease.most_lines == 0 || lease.most_lines >= batch.header.items) {
    return Consignment{.ticket = 0,
                       .items = batch.header.items,
                       .body = {std::span<const std::byte>(batch.body)},
                       .keep_alive = lease.batch};
  }
  auto map = wire::ItemMap::parse(batch.user);
  if (!map) return std::move(map).error();
  return first_lines(batch.body, *map, lease.most_lines, compressor());
}

void Settlement::discard_lease(Lease& lease) {
  settle_lease(lease, {}, DropReason::corrupt, lease.batch->header.records);
}

Settlement::Effect Settlement::land_lease(const Flight& flight, const Judgement& judgement,
                                          SteadyTime now) {
  const auto at = std::find_if(custody_.leases.begin(), custody_.leases.end(),
                               [&](const Lease& l) { return l.batch->key == flight.key; });
  if (at == custody_.leases.end()) return {};
  Lease& lease = *at;
  const persistence::BatchHeader& header = lease.batch->header;
  if (judgement.verdict == Verdict::split && flight.lines > 1) {
    lease.most_lines = std::max(flight.lines / 2, 1u);
    lease.in_flight = false;
    return worked();
  }
  if (flight.lines < header.items) {
    return keep_part_of_lease(lease, flight, widened(judgement, flight.lines, header.items), now);
  }
  switch (judgement.verdict) {
    case Verdict::delivered:
      settle_lease(lease, {.delivered = header.records}, DropReason::rejected, 0);
      return worked();
    case Verdict::split:
      settle_lease(lease, {}, DropReason::too_large, header.records);
      return worked();
    case Verdict::drop: settle_lease(lease, {}, judgement.reason, header.records); return worked();
    case Verdict::partial: return keep_part_of_lease(lease, flight, judgement, now);
    case Verdict::retry_later: break;
  }
  return retry_lease(lease, judgement, now);
}

Settlement::Effect Settlement::keep_part_of_lease(Lease& lease, const Flight& flight,
                                                  const Judgement& judgement, SteadyTime now) {
  if (judgement.verdict == Verdict::retry_later) return retry_lease(lease, judgement, now);
  const bool sliced = flight.lines < lease.batch->header.items;
  auto map = wire::ItemMap::parse(lease.batch->user);
  if (!map) {
    discard_lease(lease);
    return worked();
  }
  const Tally counts = tally(*map, judgement);
  if (judgement.retry.empty()) {
    settle_lease(lease, counts, judgement.reason, 0);
    return worked();
  }
  auto cut = wire::select_items(lease.batch->body, *map, judgement.retry,
                                indexes(judgement.rejected), compressor());
  if (!cut) {
    settle_lease(lease, counts, DropReason::corrupt, counts.remaining);
    return worked();
  }
  const std::uint32_t failures = lease.failures + 1;
  replace_lease(lease, heap_body(*cut), counts, judgement.reason);
  if (sliced) return worked();
  const bool works = judgement.accepted > 0 && !judgement.slow_down;
  return {works ? Kind::worked : Kind::failed, policy_.delay(judgement, failures, custody_.number),
          judgement.slow_down};
}

Settlement::Effect Settlement::retry_lease(Lease& lease, const Judgement& judgement,
                                           SteadyTime now) {
  const persistence::BatchHeader& header = lease.batch->header;
  const std::uint32_t blamed = header.attempts + lease.failures + (judgement.blames_body ? 1u : 0u);
  const Attempts attempts{.failures = lease.failures + 1,
                          .blamed = blamed,
                          .in_memory = {},
                          .age = durable_.clock->wall() - header.created.wall};
  const NextStep next =
      policy_.next(judgement, attempts, static_cast<std::uint64_t>(lease.batch->key));
  if (const auto* end = std::get_if<GiveUp>(&next)) {
    settle_lease(lease, {}, end->reason, header.records);
    return failed(next, judgement.slow_down);
  }
  const Effect effect = failed(next, judgement.slow_down);
  const std::uint32_t records = header.records;
  if (judgement.blames_body) {  // others of the queue go on meanwhile
    ++lease.failures;
    lease.not_before = now + effect.pause;
    lease.in_flight = false;
  } else {
    give_back(lease);
  }
  if (judgement.ambiguous) {
    custody_.head().ambiguous.fetch_add(records, std::memory_order_relaxed);
  }
  return effect;
}

void Settlement::give_back(Lease& lease) {
  StoreOrder order{.kind = StoreOrder::Kind::release, .output = custody_.number};
  order.key = lease.batch->key;
  order.counts = lease.failures > 0;
  durable_.desk.orders.push(std::move(order));
  forget_lease(lease.batch->key);
}

void Settlement::settle_lease(Lease& lease, const Tally& counts, DropReason reason,
                              std::uint32_t dropped) {
  StoreOrder order{.kind = StoreOrder::Kind::settle, .output = custody_.number};
  order.key = lease.batch->key;
  durable_.desk.orders.push(std::move(order));
  count(counts, reason, true);
  custody_.count_dropped(reason, dropped);
  forget_lease(lease.batch->key);
}

void Settlement::replace_lease(Lease& lease, HeapBody remains, const Tally& counts,
                               DropReason reason) {
  StoreOrder order{.kind = StoreOrder::Kind::replace, .output = custody_.number};
  order.key = lease.batch->key;
  order.header = lease.batch->header;
  order.remains = std::move(remains);
  durable_.desk.orders.push(std::move(order));
  count(counts, reason, true);
  forget_lease(lease.batch->key);
}

void Settlement::forget_lease(persistence::StoreKey key) noexcept {
  std::erase_if(custody_.leases, [key](const Lease& lease) { return lease.batch->key == key; });
}

}  // namespace posthaste::actors
