#include "persistence/store.h"

#include "persistence/eviction.h"
#include "persistence/store_directory.h"
#include "persistence/store_session.h"

#include <algorithm>
#include <limits>
#include <map>
#include <new>
#include <utility>

namespace posthaste::persistence {
namespace {

constexpr std::size_t erased_at_once = 32;  // 64 entries of the file
constexpr std::uint64_t largest_part = std::numeric_limits<std::uint32_t>::max();

std::uint64_t body_bytes(const NewBatch& batch) {
  std::uint64_t bytes = 0;
  for (const auto piece : batch.body) bytes += piece.size();
  return bytes;
}

std::vector<Arrival> arrivals_of(std::span<const NewBatch> batches, const StoreIndex& index) {
  std::vector<Arrival> arrivals;
  for (const NewBatch& batch : batches)
    if (!index.find(batch.header.identity()))
      arrivals.push_back({batch.header.queue, charge_of(body_bytes(batch) + batch.user.size())});
  return arrivals;
}

Error too_much(const std::string& directory) {
  return {ErrorCode::store_full, "store " + directory +
                                     ": the batches do not fit below its cap, even alone; "
                                     "raise store_max_bytes or make batches smaller"};
}

/// Nothing that a library throws when memory ends gets out of the store.
template <class Call>
auto guarded(StoreSession& session, Call&& call) -> decltype(call()) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    session.distrust_index();
    return Error{ErrorCode::store_io, "store: no memory"};
  }
}

}  // namespace

Store::Store(std::unique_ptr<StoreSession> session) : session_(std::move(session)) {}

Result<std::unique_ptr<Store>> Store::open(StoreOptions options) {
  try {
    Result<std::unique_ptr<StoreSession>> session = StoreSession::open(std::move(options));
    if (!session) return std::move(session).error();
    return std::unique_ptr<Store>{new Store{std::move(*session)}};
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::store_unavailable, "store: no memory"};
  }
}

Store::~Store() {
  if (session_ == nullptr || !session_->health().usable || !session_->has_unsaved_attempts())
    return;
  const Result<void> saved = guarded(*session_, [&] { return erase({}, std::nullopt); });
  static_cast<void>(saved);  // nobody is left to hear it; a lost attempt costs one more attempt
}

NewBatch Store::stamped(const NewBatch& batch) const {
  NewBatch result = batch;
  if (result.header.created == CreationTime{}) result.header.created = session_->now();
  return result;
}

bool Store::expired(const IndexEntry& entry) const {
  return is_expired(entry.created, entry.attempts, session_->now(), session_->options().max_age);
}

Result<std::vector<StoreKey>> Store::append(std::span<const NewBatch> batches) {
  return guarded(*session_, [&] { return append_now(batches); });
}

Result<void> Store::make_room(std::span<const NewBatch> batches) {
  for (;;) {
    const auto victims =
        plan_eviction(session_->index(), session_->caps(), arrivals_of(batches, session_->index()));
    if (!victims) return too_much(directory());
    if (victims->size() <= erased_at_once) return {};
    const std::span first{victims->data(), erased_at_once};
    if (Result<void> done = erase(first, LossReason::evicted_size); !done) return done;
  }
}

Result<std::vector<StoreKey>> Store::append_now(std::span<const NewBatch> batches) {
  for (const NewBatch& batch : batches)
    if (body_bytes(batch) > largest_part || batch.user.size() > largest_part)
      return too_much(directory());
  if (Result<void> usable = session_->ready(); !usable) return std::move(usable).error();
  if (Result<void> room = make_room(batches); !room) return std::move(room).error();
  std::vector<StoreKey> keys;
  const auto work = [&](StoreChange& change) -> Result<LmdbStatus> {
    keys.clear();
    std::map<BatchIdentity, StoreKey> in_this_group;
    const auto victims =
        plan_eviction(session_->index(), session_->caps(), arrivals_of(batches, session_->index()));
    if (!victims) return too_much(directory());
    LmdbStatus status = LmdbStatus::ok;
    for (const StoreKey victim : *victims)
      if (status = change.erase(victim, LossReason::evicted_size); status != LmdbStatus::ok)
        return status;
    for (const NewBatch& batch : batches) {
      const BatchIdentity identity = batch.header.identity();
      std::optional<StoreKey> known = session_->index().find(identity);
      if (const auto same = in_this_group.find(identity); same != in_this_group.end())
        known = same->second;
      StoreKey key{};
      if (!known) status = change.append(stamped(batch), key);
      if (status != LmdbStatus::ok) return status;
      keys.push_back(known.value_or(key));
      in_this_group.emplace(identity, keys.back());
    }
    return status;
  };
  if (Result<void> done = session_->commit(StoreSession::Growth::grows, work); !done)
    return std::move(done).error();
  return keys;
}

Result<std::optional<StoredBatch>> Store::lease_oldest(QueueId queue) {
  using Leased = Result<std::optional<StoredBatch>>;
  return guarded(*session_, [&]() -> Leased {
    if (Result<void> usable = session_->ready(); !usable) return std::move(usable).error();
    for (;;) {
      if (Result<void> done = drop_expired(queue); !done) return std::move(done).error();
      const std::optional<StoreKey> oldest = session_->index().oldest_available(queue);
      if (!oldest) return std::optional<StoredBatch>{};
      Leased leased = lease_now(*oldest);
      if (!leased || *leased) return leased;
    }
  });
}

Result<std::optional<StoredBatch>> Store::lease(StoreKey key) {
  using Leased = Result<std::optional<StoredBatch>>;
  return guarded(*session_, [&]() -> Leased {
    if (Result<void> usable = session_->ready(); !usable) return std::move(usable).error();
    if (session_->index().find(key) == nullptr) return std::optional<StoredBatch>{};
    return lease_now(key);
  });
}

/// Nothing when the batch turned out to be corrupt; it is then gone.
Result<std::optional<StoredBatch>> Store::lease_now(StoreKey key) {
  StoredBatch batch;
  switch (session_->read(key, batch)) {
    case ReadOutcome::sound:
      batch.header.attempts = session_->index().find(key)->attempts;
      session_->leases().lease(key);
      return std::optional{std::move(batch)};
    case ReadOutcome::failed:
      return Error{ErrorCode::store_io, "store " + directory() + ": a batch cannot be read"};
    case ReadOutcome::corrupt:
    case ReadOutcome::absent: break;
  }
  if (Result<void> erased = erase({&key, 1}, LossReason::corrupt); !erased)
    return std::move(erased).error();
  return std::optional<StoredBatch>{};
}

Result<void> Store::drop_expired(QueueId queue) {
  for (;;) {
    std::vector<StoreKey> old;
    for (const StoreKey key : session_->index().available(queue)) {
      if (old.size() == erased_at_once || !expired(*session_->index().find(key))) break;
      old.push_back(key);
    }
    if (old.empty()) return {};
    if (Result<void> done = erase(old, LossReason::expired); !done) return done;
  }
}

void Store::release(StoreKey key, Attempt attempt) {
  const bool counted = attempt == Attempt::counted;
  if (session_->leases().release(key, counted ? 1 : 0) && counted)
    session_->note_unsaved_attempts(key);
}

Result<void> Store::erase(std::span<const StoreKey> keys, std::optional<LossReason> reason) {
  return session_->commit(StoreSession::Growth::shrinks,
                          [&](StoreChange& change) -> Result<LmdbStatus> {
                            for (const StoreKey key : keys) {
                              if (session_->index().find(key) == nullptr) continue;
                              const LmdbStatus status = change.erase(key, reason);
                              if (status != LmdbStatus::ok) return status;
                            }
                            return LmdbStatus::ok;
                          });
}

Result<void> Store::settle(std::span<const StoreKey> keys) {
  return guarded(*session_, [&]() -> Result<void> {
    std::vector<StoreKey> known;
    for (const StoreKey key : keys)
      if (session_->index().find(key) != nullptr) known.push_back(key);
    for (std::size_t begin = 0; begin < known.size(); begin += erased_at_once) {
      const std::size_t count = std::min(erased_at_once, known.size() - begin);
      if (Result<void> done = erase(std::span{known}.subspan(begin, count), std::nullopt); !done)
        return done;
    }
    return {};
  });
}

Result<void> Store::discard(std::span<const StoreKey> keys, LossReason reason) {
  return guarded(*session_, [&]() -> Result<void> {
    for (std::size_t begin = 0; begin < keys.size(); begin += erased_at_once) {
      const std::size_t count = std::min(erased_at_once, keys.size() - begin);
      if (Result<void> done = erase(keys.subspan(begin, count), reason); !done) return done;
    }
    return {};
  });
}

Result<StoreKey> Store::replace(StoreKey key, const NewBatch& remainder) {
  return guarded(*session_, [&]() -> Result<StoreKey> {
    if (body_bytes(remainder) > largest_part || remainder.user.size() > largest_part)
      return too_much(directory());
    StoreKey new_key{};
    const auto work = [&](StoreChange& change) -> Result<LmdbStatus> {
      const StoreIndex& index = session_->index();
      if (index.find(key) == nullptr)
        return Error{ErrorCode::invalid_argument,
                     "store " + directory() + ": the batch to be replaced is not there"};
      const Arrival arrival{remainder.header.queue,
                            charge_of(body_bytes(remainder) + remainder.user.size())};
      const auto victims = plan_eviction(index, session_->caps(), {arrival}, key);
      if (!victims) return too_much(directory());
      LmdbStatus status = change.erase(key, std::nullopt);
      for (std::size_t i = 0; i < victims->size() && status == LmdbStatus::ok; ++i)
        status = change.erase((*victims)[i], LossReason::evicted_size);
      if (status != LmdbStatus::ok) return status;
      const std::optional<StoreKey> same = index.find(remainder.header.identity());
      const bool elsewhere =
          same && *same != key && !std::count(victims->begin(), victims->end(), *same);
      if (elsewhere) {
        new_key = *same;
        return status;
      }
      return change.append(stamped(remainder), new_key);
    };
    if (Result<void> done = session_->commit(StoreSession::Growth::shrinks, work); !done)
      return std::move(done).error();
    return new_key;
  });
}

Result<void> Store::maintain() {
  return guarded(*session_, [&]() -> Result<void> {
    if (Result<void> usable = session_->ready(); !usable) return usable;
    std::vector<StoreKey> old;
    for (const auto& [key, entry] : session_->index().entries())
      if (!entry.leased && expired(entry)) old.push_back(key);
    for (std::size_t begin = 0; begin < old.size(); begin += erased_at_once) {
      const std::size_t count = std::min(erased_at_once, old.size() - begin);
      const std::span slice = std::span{old}.subspan(begin, count);
      if (Result<void> done = erase(slice, LossReason::expired); !done) return done;
    }
    while (session_->has_unsaved_attempts())
      if (Result<void> done = erase({}, std::nullopt); !done) return done;
    return {};
  });
}

std::vector<Loss> Store::take_losses() noexcept {
  return session_->take_losses();
}

void Store::add_losses(const std::vector<Loss>& losses) {
  for (const Loss& loss : losses) session_->add_loss_of(loss);
}

Level Store::level(QueueId queue) const {
  return session_->index().level(queue);
}

Level Store::total() const {
  return session_->index().total();
}

std::vector<QueueId> Store::queues() const {
  return session_->index().queues();
}

bool Store::contains(QueueId queue, const Origin& origin) const {
  return session_->index().find(BatchIdentity{queue, origin}).has_value();
}

Bytes Store::room(QueueId queue) const {
  const StoreCaps caps = session_->caps();
  const auto left = [](Bytes cap, std::uint64_t charged) {
    return cap.count > charged ? Bytes{cap.count - charged} : Bytes{};
  };
  return std::min(left(caps.total, total().charged), left(caps.of(queue), level(queue).charged));
}

const StoreIndex& Store::index() const noexcept {
  return session_->index();
}

StoreHealth Store::health() const {
  return session_->health();
}

const std::string& Store::directory() const noexcept {
  return session_->options().directory;
}

int Store::lock_descriptor() const noexcept {
  return session_->lock_descriptor();
}

void Store::remove(std::unique_ptr<Store> store) {
  store->session_->remove();
}

std::vector<std::string> Store::orphans(const std::string& root) {
  return unowned_directories(root);
}

}  // namespace posthaste::persistence
