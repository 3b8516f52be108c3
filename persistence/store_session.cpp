#include "persistence/store_session.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace posthaste::persistence {
namespace {

constexpr std::chrono::seconds retry_interval{30};
constexpr std::size_t slice = 10;
constexpr int most_slices = 6;
constexpr std::size_t attempts_saved_at_once = 32;

}  // namespace

/// How often room was made for one change.
struct StoreSession::SpaceHunt {
  int slices = 0;
  int failures = 0;
  bool recovered = false;
};

LmdbStatus StoreChange::append(const NewBatch& batch, StoreKey& key) {
  key = StoreKey{next_key_++};
  IndexEntry entry = IndexEntry::of(batch.header);
  entry.content_bytes = batch.user.size();
  for (const auto piece : batch.body) entry.content_bytes += piece.size();
  entry.charge = charge_of(entry.content_bytes);
  inserted_.emplace_back(key, entry);
  return change_.append(key, batch);
}

LmdbStatus StoreChange::erase(StoreKey key, std::optional<LossReason> loss) {
  erased_.push_back({key, loss});
  return change_.erase(key);
}

LmdbStatus StoreChange::save_attempts(StoreKey key, std::uint32_t attempts) {
  saved_.push_back(key);
  return change_.save_attempts(key, attempts);
}

void StoreChange::add_losses(const StoreIndex& index, std::vector<Loss>& losses) const {
  for (const Erased& erased : erased_) {
    const IndexEntry* entry = index.find(erased.key);
    if (entry != nullptr && erased.loss) add_loss(losses, loss_of(*entry, *erased.loss));
  }
}

std::vector<StoreKey> StoreChange::erased_keys() const {
  std::vector<StoreKey> keys;
  for (const Erased& erased : erased_) keys.push_back(erased.key);
  return keys;
}

void StoreChange::apply_to(StoreIndex& index) const {
  for (const Erased& erased : erased_) index.erase(erased.key);
  for (const auto& [key, entry] : inserted_) index.insert(key, entry);
  for (const StoreKey key : saved_) index.set_attempts_saved(key);
}

Result<std::unique_ptr<StoreSession>> StoreSession::open(StoreOptions options) {
  std::unique_ptr<StoreSession> session{new StoreSession{std::move(options)}};
  session->trouble_ = Trouble::gone;
  if (Result<void> opened = session->reopen(); !opened) return std::move(opened).error();
  return session;
}

StoreSession::~StoreSession() = default;

OpeningRequest StoreSession::request() const {
  return {options_.cap, options_.clock->wall(), options_.writer, next_key_, losses_counted_};
}

CreationTime StoreSession::now() const {
  return {options_.clock->wall(), options_.boot_time()};
}

StoreCaps StoreSession::caps() const {
  return {cap_, options_.queue_caps};
}

StoreHealth StoreSession::health() const {
  return {trouble_ == Trouble::none, last_error_, cap_, Bytes{used_}};
}

void StoreSession::install(OpenedStore opened) {
  for (const auto& [key, entry] : index_.entries()) {
    const IndexEntry* same = opened.index.find(key);
    if (same == nullptr) continue;
    if (entry.attempts > same->attempts) {
      opened.index.release(key, entry.attempts - same->attempts);
      unsaved_attempts_.push_back(key);
    }
    if (entry.leased) opened.index.lease(key);
  }
  for (const Loss& loss : opened.losses) add_loss(losses_, loss);
  file_ = std::move(opened.file);
  index_ = std::move(opened.index);
  identity_ = opened.identity;
  cap_ = opened.cap;
  largest_map_ = opened.largest_map;
  used_ = file_->environment().written().count;
  next_key_ = std::max(next_key_, file_->header().next_key);
  losses_counted_ = false;
  trouble_ = Trouble::none;
}

Result<void> StoreSession::ready() {
  if (trouble_ == Trouble::none) {
    if (directory_->intact(identity_, used_)) return {};
    lose_everything(LossReason::vanished);
    trouble_ = Trouble::gone;
    last_error_.emplace(ErrorCode::store_io,
                        "store " + options_.directory + ": removed, replaced or cut by somebody");
  } else if (options_.clock->steady() < retry_at_) {
    return last_error_ ? *last_error_ : Error{ErrorCode::store_io, "store is being recovered"};
  }
  return recover();
}

Result<void> StoreSession::recover() {
  Result<void> mended = trouble_ == Trouble::suspect ? rebuild() : reopen();
  if (mended) return {};
  retry_at_ = options_.clock->steady() + retry_interval;
  last_error_ = mended.error();
  return mended;
}

Result<void> StoreSession::rebuild() {
  file_.reset();
  Result<OpenedStore> rebuilt = rebuild_store(*directory_, index_, request());
  if (rebuilt) {
    install(std::move(*rebuilt));
    return {};
  }
  if (rebuilt.error().code() != ErrorCode::store_damaged) return std::move(rebuilt).error();
  last_error_ = rebuilt.error();
  directory_->quarantine_data_file(options_.clock->wall());
  lose_everything(LossReason::quarantined);
  trouble_ = Trouble::closed;
  return reopen();
}

Result<void> StoreSession::reopen() {
  file_.reset();
  if (trouble_ == Trouble::gone) {
    directory_.reset();  // unlocks, so that the same path can be claimed again
    Result<StoreDirectory> claimed = StoreDirectory::claim(options_.directory, options_.create);
    if (!claimed) return std::move(claimed).error();
    directory_.emplace(std::move(*claimed));
  }
  Result<OpenedStore> opened = open_store(*directory_, request());
  if (!opened) return std::move(opened).error();
  install(std::move(*opened));
  return {};
}

void StoreSession::lose_everything(LossReason reason) {
  file_.reset();
  for (const auto& [key, entry] : index_.entries()) add_loss(losses_, loss_of(entry, reason));
  index_ = {};
  unsaved_attempts_.clear();
  used_ = 0;
  losses_counted_ = true;
  if (directory_) directory_->forget_ledger();  // its rows have just been counted
}

void StoreSession::distrust_index() noexcept {
  if (trouble_ != Trouble::none) return;
  file_.reset();
  trouble_ = Trouble::closed;
  retry_at_ = {};
}

Result<void> StoreSession::commit(Growth growth, const Work& work) {
  if (Result<void> usable = ready(); !usable) return usable;
  const bool grows = growth == Growth::grows;
  if (grows && options_.clock->steady() < paused_until_) return *last_error_;
  for (SpaceHunt hunt;;) {
    const Result<LmdbStatus> status = attempt(work);
    if (!status) return status.error();
    switch (*status) {
      case LmdbStatus::ok: return {};
      case LmdbStatus::no_memory: return pause(*status);
      case LmdbStatus::no_space:
        if (grows && evict_slice(hunt, LossReason::evicted_no_space)) continue;
        return pause(*status);
      case LmdbStatus::map_full:
        if (grow_map() || (grows && evict_slice(hunt, LossReason::evicted_size))) continue;
        break;
      default: break;
    }
    trouble_ = Trouble::suspect;
    last_error_.emplace(ErrorCode::store_io,
                        "store " + options_.directory + ": " + to_string(*status));
    if (Result<void> mended = recover(); !mended) return mended;
    if (std::exchange(hunt.recovered, true)) return *last_error_;
  }
}

Result<LmdbStatus> StoreSession::attempt(const Work& work) {
  LmdbStatus status = LmdbStatus::ok;
  std::optional<BatchFile::Change> transaction = file_->change(status);
  if (!transaction) return status;
  StoreChange change{*transaction, next_key_};
  if (status = save_attempts(change); status != LmdbStatus::ok) return status;
  Result<LmdbStatus> worked = work(change);
  if (!worked || *worked != LmdbStatus::ok) return worked;
  std::vector<Loss> losses = losses_;  // whatever allocates comes before the commit
  change.add_losses(index_, losses);
  std::vector<StoreKey> erased = change.erased_keys();
  if (status = transaction->commit(); status != LmdbStatus::ok) return status;
  losses_ = std::move(losses);
  used_ = file_->environment().written().count;
  next_key_ = std::max(next_key_, file_->header().next_key);
  change.apply_to(index_);
  unsaved_attempts_.erase(
      unsaved_attempts_.begin(),
      unsaved_attempts_.begin() +
          static_cast<std::ptrdiff_t>(std::min(unsaved_attempts_.size(), attempts_saved_at_once)));
  record_levels(*directory_, *file_, index_, std::move(erased));
  return LmdbStatus::ok;
}

LmdbStatus StoreSession::save_attempts(StoreChange& change) {
  const std::size_t count = std::min(unsaved_attempts_.size(), attempts_saved_at_once);
  for (std::size_t i = 0; i < count; ++i) {
    const IndexEntry* entry = index_.find(unsaved_attempts_[i]);
    if (entry == nullptr || !entry->attempts_unsaved) continue;
    const LmdbStatus status = change.save_attempts(unsaved_attempts_[i], entry->attempts);
    if (status != LmdbStatus::ok) return status;
  }
  return LmdbStatus::ok;
}

ReadOutcome StoreSession::read(StoreKey key, StoredBatch& out) {
  LmdbStatus status = LmdbStatus::ok;
  const ReadOutcome outcome = file_->read(key, out, status);
  if (outcome == ReadOutcome::failed && status != LmdbStatus::no_memory) {
    trouble_ = Trouble::suspect;
    retry_at_ = {};
    last_error_.emplace(ErrorCode::store_io,
                        "store " + options_.directory + ": " + to_string(status));
  }
  return outcome;
}

bool StoreSession::grow_map() {
  LmdbEnvironment& environment = file_->environment();
  const Bytes wanted{environment.map().count + environment.map().count / 4};
  const Bytes limit = file_size_limit().value_or(wanted);
  if (wanted > largest_map_ || wanted > limit) return false;
  return environment.resize_map(wanted) == LmdbStatus::ok;
}

// Pages that a transaction frees can be used by the one after the next, so one slice is not enough
// to see a difference; the caller tries again after each.
bool StoreSession::evict_slice(SpaceHunt& hunt, LossReason reason) {
  if (!file_->environment().usable()) return false;
  while (hunt.slices < most_slices && hunt.failures < 2) {
    ++hunt.slices;
    std::vector<StoreKey> oldest;
    for (const auto& [key, entry] : index_.entries()) {
      if (entry.leased) continue;
      oldest.push_back(key);
      if (oldest.size() == slice) break;
    }
    if (oldest.empty()) return false;
    const Result<LmdbStatus> evicted = attempt([&](StoreChange& change) -> Result<LmdbStatus> {
      for (const StoreKey key : oldest)
        if (const LmdbStatus status = change.erase(key, reason); status != LmdbStatus::ok)
          return status;
      return LmdbStatus::ok;
    });
    if (evicted && *evicted == LmdbStatus::ok) return true;
    ++hunt.failures;
  }
  return false;
}

Error StoreSession::pause(LmdbStatus status) {
  paused_until_ = options_.clock->steady() + retry_interval;
  last_error_.emplace(ErrorCode::store_io, "store " + options_.directory + ": " +
                                               to_string(status) + "; tried again in 30 s");
  return *last_error_;
}

void StoreSession::remove() noexcept {
  file_.reset();
  if (directory_) std::move(*directory_).remove();
  directory_.reset();
  trouble_ = Trouble::gone;
}

}  // namespace posthaste::persistence
