#include "actors/adopter.h"

#include "actors/orphan_arena.h"
#include "persistence/adoption.h"

#include <algorithm>
#include <charconv>

namespace posthaste::actors {
namespace {

constexpr std::chrono::minutes search_again{5};
constexpr std::chrono::milliseconds blocked_pause{100};
constexpr std::chrono::seconds room_pause{1};

/// "<ours>" or "<ours>.2" to "<ours>.99": the stores of this application's processes.
bool is_sibling(const std::string& path, const std::string& ours) {
  if (path.size() < ours.size() || path.compare(0, ours.size(), ours) != 0) return false;
  if (path.size() == ours.size()) return true;
  if (path[ours.size()] != '.') return false;
  int number = 0;
  const char* const end = path.data() + path.size();
  const auto [at, error] = std::from_chars(path.data() + ours.size() + 1, end, number);
  return error == std::errc{} && at == end && number >= 2 && number <= 99;
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos || slash == 0 ? std::string("/") : path.substr(0, slash);
}

}  // namespace

void Adopter::search(SteadyTime now) {
  if (now < next_search_) return;
  next_search_ = now + search_again;
  stores_found_ = false;
  passed_over_.clear();
  find_arenas(true);
}

/// Two more arenas as a rule take less of the store than they took of the memory.
bool Adopter::has_room() const {
  if (!durable_.desk.store) return true;  // then our own arena takes them one body after the other
  const Bytes wanted{arena::Arena::size_of(durable_.arena.geometry()) * arena::most_adopted};
  return std::all_of(durable_.outputs.begin(), durable_.outputs.end(), [&](const auto& output) {
    return !output->remote || durable_.desk.store->room(output->queue) >= wanted;
  });
}

SteadyTime Adopter::next_arenas(SteadyTime now) {
  if (!more_wait_) return next_search_;
  if (!has_room()) return std::min(next_search_, now + room_pause);
  find_arenas(false);
  return durable_.orphans.empty() && !more_wait_ ? next_search_ : now;
}

SteadyTime Adopter::step(SteadyTime now) {
  const StoreState state = durable_.desk.state.load(std::memory_order_acquire);
  if (state != StoreState::open && state != StoreState::none) return only_when_kicked;
  search(now);
  if (state == StoreState::open && adopt_stores()) {
    for (const auto& orphan : durable_.orphans) orphan->settle_stored();
    return now;
  }
  if (durable_.orphans.empty()) return next_arenas(now);
  OrphanArena& orphan = *durable_.orphans.front();
  switch (orphan.step()) {
    case OrphanArena::Progress::more: return now;
    case OrphanArena::Progress::blocked: return now + blocked_pause;
    case OrphanArena::Progress::empty: break;
  }
  orphan.remove();
  say_adopted(orphan);
  durable_.orphans.pop_front();
  return now;
}

void Adopter::say_adopted(const OrphanArena& orphan) {
  std::string text = "took over " + std::to_string(orphan.adopted()) +
                     " record(s) that a process left in its flight recorder";
  if (orphan.corrupt() != 0) {
    text += "; " + std::to_string(orphan.corrupt()) +
            " more lay in damaged places and are lost, counted as corrupt";
  }
  durable_.diagnostics->report(orphan.corrupt() == 0 ? Severity::info : Severity::warn,
                               DiagnosticCode::orphan_adopted, text);
}

/// What removed flight recorders still held for our outputs; in records of all outputs.
std::uint64_t Adopter::count_lost(const std::vector<arena::LostRecords>& all) {
  std::uint64_t records = 0;
  for (const arena::LostRecords& lost : all) {
    for (const auto& output : durable_.outputs) {
      if (output->queue.value != lost.output_id) continue;
      output->lose_adopted(DropReason::adoption_limit, lost.records);
      records += lost.records;
    }
  }
  return records;
}

/// Whoever waits, or is left alone, is told of once.
void Adopter::find_arenas(bool first) {
  arena::OrphanSearch search{.directories = durable_.orphan_directories,
                             .output_ids = {},
                             .boot_id = durable_.arena.header().boot_id,
                             .now = durable_.clock->wall(),
                             .passed_over = passed_over_};
  for (const auto& output : durable_.outputs) search.output_ids.push_back(output->queue.value);
  arena::OrphanSurvey survey = arena::find_orphans(search);
  more_wait_ = survey.waiting != 0;
  open_arenas(std::move(survey.adoptable));
  if (survey.removed == 0 && (!first || survey.left + survey.waiting == 0)) return;
  const std::uint64_t lost = count_lost(survey.lost);
  std::string text = "flight recorders of dead processes: " + std::to_string(survey.left) +
                     " left alone, " + std::to_string(survey.removed) + " removed";
  if (survey.waiting != 0) text += ", " + std::to_string(survey.waiting) + " wait for their turn";
  if (lost != 0) {
    text += ", with " + std::to_string(lost) +
            " record(s) that were too old to deliver, counted as adoption_limit";
  }
  durable_.diagnostics->report(lost == 0 ? Severity::info : Severity::warn,
                               DiagnosticCode::orphan_left, text);
}

void Adopter::open_arenas(std::vector<arena::OrphanFile> files) {
  for (arena::OrphanFile& file : files) {
    passed_over_.push_back(file.path);
    auto orphan = arena::Orphan::open(std::move(file));
    if (!orphan) {
      durable_.diagnostics->report(Severity::warn, DiagnosticCode::orphan_left,
                                   orphan.error().message());
      continue;
    }
    passed_over_.pop_back();
    durable_.orphans.push_back(std::make_shared<OrphanArena>(durable_, std::move(*orphan)));
    durable_.orphans.back()->settle_stored();
  }
}

/// True while there is more to do at once.
bool Adopter::adopt_stores() {
  if (!stores_found_) {
    stores_found_ = true;
    const std::string& ours = durable_.settings->store().directory;
    stores_ = persistence::Store::orphans(parent_of(ours));
    std::erase_if(stores_, [&](const std::string& path) {
      return !is_sibling(path, ours) || path == durable_.desk.store->directory();
    });
  }
  if (stores_.empty()) return false;
  persistence::Store& into = *durable_.desk.store;
  persistence::StoreOptions options;
  options.directory = stores_.front();
  options.create = false;
  options.clock = durable_.clock;
  auto from = persistence::Store::open(options);
  if (!from) {  // somebody else was faster, or it cannot be used
    stores_.erase(stores_.begin());
    return true;
  }
  std::vector<std::uint64_t> before;
  for (const auto& output : durable_.outputs) {
    before.push_back(into.level(output->queue).records);
  }
  const auto adoption = persistence::adopt(into, **from);
  for (const auto& output : durable_.outputs) {
    const std::uint64_t after = into.level(output->queue).records;
    output->recovered.fetch_add(after - std::min(after, before[output->number]),
                                std::memory_order_relaxed);
  }
  if (adoption && !adoption->finished) return true;
  if (adoption) persistence::Store::remove(std::move(*from));
  stores_.erase(stores_.begin());
  return true;
}

}  // namespace posthaste::actors
