#include "actors/orphan_arena.h"

#include "actors/adopter.h"
#include "actors/collected_batch.h"

#include <algorithm>
#include <cstring>

namespace posthaste::actors {
namespace {

constexpr std::size_t records_at_once = 256;

/// The record with the name of its local root's operation behind it, if there is room.
std::vector<std::byte> with_operation_name(const model::RecordHead& record,
                                           std::string_view operation_name) {
  const std::uint32_t length = record.length();
  const std::uint32_t added = static_cast<std::uint32_t>(sizeof(model::EntryHead)) +
                              model::padded(static_cast<std::uint32_t>(operation_name.size()));
  const auto* bytes = reinterpret_cast<const std::byte*>(&record);
  std::vector<std::byte> whole(bytes, bytes + length);
  if (operation_name.empty() || length + added > model::record_size_limit) return whole;
  whole.resize(length + added);
  const model::EntryHead head{.kind = model::EntryKind::operation_name,
                              .value_type = 0,
                              .key_size = 0,
                              .size = static_cast<std::uint32_t>(operation_name.size())};
  std::memcpy(whole.data() + length, &head, sizeof head);
  std::memcpy(whole.data() + length + sizeof head, operation_name.data(), operation_name.size());
  reinterpret_cast<model::RecordHead*>(whole.data())->commit = length + added;
  return whole;
}

}  // namespace

OrphanArena::OrphanArena(Durable& durable, arena::Orphan orphan)
    : durable_(durable),
      orphan_(std::move(orphan)),
      theirs_(orphan_.arena()),
      filter_(durable.settings->drop_rules(), theirs_) {
  try {
    arena::repair_lanes_after_step(theirs_);
    lanes_.emplace(theirs_, arena::LaneReader::Holes::skip);
    log_.emplace(theirs_);
    pair_outputs();
  } catch (...) {
    leave();  // else its file would go with this object
    throw;
  }
}

void OrphanArena::pair_outputs() {
  for (std::uint32_t i = 0; i < theirs_.geometry().outputs; ++i) {
    for (const auto& output : durable_.outputs) {
      if (!output->remote || output->queue.value != theirs_.output(i).id) continue;
      const auto& settings = durable_.settings->outputs()[output->number];
      pairs_.push_back(
          {.theirs = i,
           .ours = output.get(),
           .writer = std::make_unique<arena::BodyWriter>(theirs_, i, arena::BodyAuthor::batcher),
           .stretch =
               std::make_unique<LogStretch>(theirs_, settings, i, durable_.settings->batch().size),
           .encoder = std::make_unique<ExtentEncoder>(theirs_, settings)});
      const std::uint64_t corrupt = orphan_.report().corrupt_records[i];
      output->lose_adopted(DropReason::corrupt, corrupt);
      corrupt_ += corrupt;
    }
  }
}

/// Outputs that are none of ours must not hold the log back.
void OrphanArena::let_go_of_strangers() {
  const std::uint64_t tail = theirs_.header().log_tail.load(std::memory_order_relaxed);
  for (std::uint32_t i = 0; i < theirs_.geometry().outputs; ++i) {
    const bool known = std::any_of(pairs_.begin(), pairs_.end(),
                                   [i](const Pair& pair) { return pair.theirs == i; });
    if (!known) theirs_.output(i).encoded_up_to.store(tail, std::memory_order_relaxed);
  }
}

void OrphanArena::settle_stored() {
  if (!durable_.desk.store) return;
  for (const Pair& pair : pairs_) {
    arena::BodyTable table(theirs_, pair.theirs);
    for (const arena::BodyIndex body : table.unsettled()) {
      const arena::BodyEntry& entry = table.entry(body);
      const auto origin = origin_of(theirs_, entry);
      if (durable_.desk.store->contains(pair.ours->queue, origin)) table.settle(body);
    }
  }
}

template <typename Condition>
bool OrphanArena::any_pushed(Condition condition) const {
  return std::any_of(pairs_.begin(), pairs_.end(),
                     [&condition](const Pair& pair) { return pair.pushed && condition(pair); });
}

OrphanArena::Progress OrphanArena::step() {
  if (any_pushed([](const Pair& pair) { return !pair.ours->adopted.empty(); })) {
    return Progress::blocked;
  }
  for (Pair& pair : pairs_) {
    const Progress progress = hand_over_bodies(pair);
    if (progress != Progress::empty) return progress;
  }
  // What was pushed is encoded once more to see how far it went: the log must not grow meanwhile.
  if (!any_pushed([](const Pair&) { return true; })) {
    if (copy_lanes()) return Progress::more;
    if (!spans_copied_ && copy_open_spans()) spans_copied_ = true;
  }
  let_go_of_strangers();
  for (Pair& pair : pairs_) {
    const Progress progress = hand_over_log(pair);
    if (progress != Progress::empty) return progress;
  }
  log_->trim();
  return lanes_->empty() && spans_copied_ ? Progress::empty : Progress::more;
}

/// False when some had no room in the log: they are visited again.
bool OrphanArena::copy_open_spans() {
  bool all = true;
  arena::visit_open_spans(theirs_, [&](const model::RecordHead& record, std::string_view name) {
    const std::vector<std::byte> whole = with_operation_name(record, name);
    const auto& head = *reinterpret_cast<const model::RecordHead*>(whole.data());
    log_->begin_step();
    if (!log_->append(head)) {
      all = false;
      return;
    }
    log_->publish();
    arena::close_open_span(theirs_, head.origin);
  });
  return all;
}

/// True if something was copied, or left out by the rules that are ours now. What was only to be
/// measured was for the metrics of a process that is gone.
bool OrphanArena::copy_lanes() {
  arena::LaneReader::Batch batch;
  if (!lanes_->next_batch(batch, records_at_once)) return false;
  const CollectedBatch done = collect(batch, filter_, *log_);
  if (done.is_nothing_of(batch)) return false;
  log_->publish();
  count_filtered(durable_.arena, done.filtered);
  lanes_->drained(batch, done.records);
  return true;
}

OrphanArena::Progress OrphanArena::hand_over_bodies(Pair& pair) {
  arena::BodyTable table(theirs_, pair.theirs);
  const std::vector<arena::BodyIndex> left = table.unsettled();
  if (left.empty()) return Progress::empty;
  const arena::BodyEntry& entry = table.entry(left.front());
  arena::BodyBytes bytes = table.bytes(left.front());
  persistence::BatchHeader header{
      .queue = pair.ours->queue,
      .origin = origin_of(theirs_, entry),
      .created = {.wall = WallTime{std::chrono::nanoseconds{entry.created_wall_ns}}, .boot = {}},
      .records = entry.records,
      .items = entry.items,
      .kind = entry.kind};
  if (hand_over(pair, header, std::move(bytes.body), gathered(bytes.map)) == Handed::waits) {
    return Progress::blocked;
  }
  table.settle(left.front());
  return Progress::more;
}

OrphanArena::Progress OrphanArena::hand_over_log(Pair& pair) {
  const std::uint64_t begin =
      theirs_.output(pair.theirs).encoded_up_to.load(std::memory_order_relaxed);
  pair.stretch->begin_at(begin);
  pair.stretch->extend();
  auto encoded = pair.encoder->encode(*pair.stretch);
  if (!encoded || encoded->end == encoded->begin) return Progress::empty;
  const auto records = static_cast<std::uint32_t>(encoded->all().total());
  if (encoded->records > 0) {
    persistence::BatchHeader header{.queue = pair.ours->queue,
                                    .origin = origin_of(theirs_, encoded->begin, encoded->end),
                                    .created = {},
                                    .records = encoded->records,
                                    .items = encoded->items,
                                    .kind = static_cast<std::uint32_t>(encoded->kind)};
    std::vector<std::byte> map(encoded->map.begin(), encoded->map.end());
    if (hand_over(pair, header, {encoded->body}, std::move(map)) == Handed::waits) {
      return Progress::blocked;
    }
    pair.ours->budget_meter.spend(encoded->plain_bytes);
  }
  pair.ours->lose_adopted(DropReason::not_encodable, encoded->not_encoded.total());
  pair.writer->skip(encoded->end, records);
  return Progress::more;
}

/// Into our store; without one into our transmitter's hands, which puts it into our arena and counts
/// it. Until that is done it is asked for again.
OrphanArena::Handed OrphanArena::hand_over(Pair& pair, persistence::BatchHeader header,
                                           std::vector<std::span<const std::byte>> body,
                                           std::vector<std::byte> map) {
  Custody& ours = *pair.ours;
  if (durable_.desk.state.load(std::memory_order_acquire) == StoreState::none) {
    if (!pair.pushed) {
      ours.adopted.push({gathered(body), std::move(map), header.records, header.items,
                         static_cast<wire::BodyKind>(header.kind)});
      durable_.kicks->kick(Role::transmitter, ours.number);
      pair.pushed = true;
    }
    if (!ours.adopted.empty()) return Handed::waits;
    pair.pushed = false;
  } else {
    if (!durable_.desk.store) return Handed::waits;
    persistence::Store& store = *durable_.desk.store;
    if (store.contains(header.queue, header.origin)) return Handed::yes;  // counted when found
    const persistence::NewBatch batch{.header = header, .body = std::move(body), .user = map};
    if (!store.append({&batch, 1})) return Handed::waits;
    ours.recovered.fetch_add(header.records, std::memory_order_relaxed);
  }
  adopted_ += header.records;
  return Handed::yes;
}

}  // namespace posthaste::actors
