#include "actors/settlement.h"
#include "persistence/retention.h"
#include "runtime/base/boot_clock.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace posthaste::actors {

Result<Consignment> Settlement::load_lease(const Lease& lease) {
  const persistence::StoredBatch& batch = *lease.batch;
  if (lease.most_lines == 0 || lease.most_lines >= batch.header.items) {
    return Consignment{.ticket = 0,
                       .items = batch.header.items,
                       .kind = static_cast<wire::BodyKind>(batch.header.kind),
                       .body = {std::span<const std::byte>(batch.body)},
                       .keep_alive = lease.batch};
  }
  auto map = wire::ItemMap::parse(batch.user);
  if (!map) return std::move(map).error();
  return first_lines(batch.body, form_of(batch.header.kind), *map, lease.most_lines, compressor());
}

void Settlement::discard_lease(Lease& lease) {
  settle_lease(lease, {}, DropReason::corrupt, lease.signals);
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
    return Effect::worked();
  }
  if (flight.lines < header.items) {
    return keep_part_of_lease(lease, flight, widened(judgement, flight.lines, header.items), now);
  }
  switch (judgement.verdict) {
    case Verdict::delivered:
      settle_lease(lease, delivered_of(judgement, lease.signals), DropReason::rejected, {});
      return Effect::worked();
    case Verdict::split:
      settle_lease(lease, {}, DropReason::too_large, lease.signals);
      return Effect::worked();
    case Verdict::drop:
      settle_lease(lease, {}, judgement.reason, lease.signals);
      return Effect::worked();
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
    return Effect::worked();
  }
  const Tally counts = tally(*map, judgement);
  if (judgement.retry.empty()) {
    settle_lease(lease, counts, judgement.reason, {});
    return Effect::worked();
  }
  auto remains = remains_of(lease.batch->body, form_of(lease.batch->header.kind), *map, judgement,
                            compressor());
  if (!remains) {
    settle_lease(lease, counts, DropReason::corrupt, counts.remaining);
    return Effect::worked();
  }
  const std::uint32_t failures = lease.failures + 1;
  replace_lease(lease, std::move(*remains), counts, judgement.reason);
  if (sliced) return Effect::worked();
  return {goes_on(judgement) ? Effect::Kind::worked : Effect::Kind::failed,
          policy_.delay(judgement, failures, custody_.number), judgement.slow_down};
}

Settlement::Effect Settlement::retry_lease(Lease& lease, const Judgement& judgement,
                                           SteadyTime now) {
  const persistence::BatchHeader& header = lease.batch->header;
  const std::uint32_t blamed = header.attempts + lease.failures + (judgement.blames_body ? 1u : 0u);
  const std::optional<std::chrono::nanoseconds> age = persistence::age_of(
      header.created, {.wall = durable_.clock->wall(), .boot = system_boot_time()});
  const Attempts attempts{.failures = lease.failures + 1,
                          .blamed = blamed,
                          .in_memory = {},
                          .age = age.value_or(std::chrono::nanoseconds{0})};
  const NextStep next =
      policy_.next(judgement, attempts, static_cast<std::uint64_t>(lease.batch->key));
  if (const auto* end = std::get_if<GiveUp>(&next)) {
    settle_lease(lease, {}, end->reason, lease.signals);
    return Effect::failed(next, judgement.slow_down);
  }
  const Effect effect = Effect::failed(next, judgement.slow_down);
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

/// The storekeeper waits for nothing but kicks: at a shutdown no later order would wake it for this one.
void Settlement::order_of_store(StoreOrder order) {
  durable_.desk.orders.push(std::move(order));
  durable_.kicks->kick(Role::storekeeper);
}

void Settlement::give_back(Lease& lease) {
  StoreOrder order{.kind = StoreOrder::Kind::release, .output = custody_.number};
  order.key = lease.batch->key;
  order.counts = lease.failures > 0;
  order_of_store(std::move(order));
  forget_lease(lease.batch->key);
}

void Settlement::settle_lease(Lease& lease, const Tally& counts, DropReason reason,
                              const model::SignalCounts& dropped) {
  StoreOrder order{.kind = StoreOrder::Kind::settle, .output = custody_.number};
  order.key = lease.batch->key;
  order_of_store(std::move(order));
  count(counts, reason, true);
  custody_.count_dropped(reason, dropped);
  ended_cargo_ = true;
  forget_lease(lease.batch->key);
}

void Settlement::replace_lease(Lease& lease, HeapBody remains, const Tally& counts,
                               DropReason reason) {
  StoreOrder order{.kind = StoreOrder::Kind::replace, .output = custody_.number};
  order.key = lease.batch->key;
  order.header = lease.batch->header;
  order.remains = std::move(remains);
  order_of_store(std::move(order));
  count(counts, reason, true);
  forget_lease(lease.batch->key);
}

void Settlement::forget_lease(persistence::StoreKey key) noexcept {
  std::erase_if(custody_.leases, [key](const Lease& lease) { return lease.batch->key == key; });
}

}  // namespace posthaste::actors
