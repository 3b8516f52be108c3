#include "actors/batcher.h"

#include <algorithm>

namespace posthaste::actors {
namespace {

constexpr std::chrono::seconds patience{1};
constexpr std::chrono::milliseconds try_again{20};

}  // namespace

Batcher::Batcher(Durable& durable, std::uint32_t output)
    : durable_(durable),
      custody_(*durable.outputs[output]),
      rules_{.most_items = durable.settings->batch().size,
             .most_age = durable.settings->batch().delay},
      writer_(durable.arena, output, arena::BodyAuthor::batcher),
      stretch_(durable.arena, durable.settings->outputs()[output], output, rules_.most_items),
      encoder_(durable.arena, durable.settings->outputs()[output]) {
  if (durable.standard != nullptr) encoder_.mark_measured();
}

SteadyTime Batcher::step(SteadyTime now) {
  look_ahead(now);
  const Extent& extent = stretch_.extent();
  const auto reason =
      why_close(rules_, extent, now, durable_.flushes.close_up_to(), durable_.under_pressure());
  if (!reason) {
    custody_.starved.store(false, std::memory_order_relaxed);
    starved_.reset();
    return extent.records == 0
               ? only_when_kicked
               : extent.seen + std::chrono::duration_cast<SteadyTime::duration>(rules_.most_age);
  }
  if (extent.items > 0 && !has_credit(now)) return std::min(*starved_ + patience, now + patience);
  if (!make_body(now)) return now + try_again;
  durable_.kicks->kick(Role::transmitter, custody_.number);
  durable_.kicks->kick(Role::sampler);
  return now;
}

void Batcher::look_ahead(SteadyTime now) {
  const std::uint64_t encoded = custody_.head().encoded_up_to.load(std::memory_order_relaxed);
  const double part = part_to_keep();
  if (stretch_.extent().begin != encoded || stretch_.part() != part) {
    stretch_.begin_at(encoded, part);
  }
  stretch_.extend(now);
}

bool Batcher::has_credit(SteadyTime now) {
  const bool room = custody_.live_bodies() < custody_.window.load(std::memory_order_relaxed);
  if (room) {
    starved_.reset();
    custody_.starved.store(false, std::memory_order_relaxed);
    return true;
  }
  custody_.starved.store(true, std::memory_order_relaxed);
  if (!starved_) starved_ = now;
  return now - *starved_ >= patience || durable_.under_pressure() ||
         custody_.over_share.load(std::memory_order_relaxed);
}

/// By the daily budget; says once a day that it is used up.
double Batcher::part_to_keep() {
  const DailyBudget& budget = custody_.daily_budget;
  const std::uint64_t used = custody_.budget_meter.used_on(durable_.clock->wall());
  const double part = part_kept(budget, used);
  if (part < 1 && custody_.budget_meter.to_be_told()) {
    durable_.diagnostics->report(
        Severity::warn, DiagnosticCode::budget_reached,
        custody_.name + ": the daily budget of " + std::to_string(budget.limit.count) +
            " bytes is used up; until midnight UTC " +
            (budget.then == OverBudget::refuse ? "nothing is sent" : "less and less is sent"));
  }
  return part;
}

void Batcher::count(const EncodedExtent& encoded, const model::SignalCounts& lost) noexcept {
  custody_.signals.encoded.add(encoded.all());
  custody_.count_dropped(DropReason::not_encodable, lost);
  custody_.count_dropped(DropReason::over_budget, encoded.left_out);
  custody_.head().for_others.fetch_add(encoded.for_others.total(), std::memory_order_relaxed);
}

/// For long enough that whatever gives pages back has done it: the record and its body are more than
/// the memory holds.
bool Batcher::has_never_room(SteadyTime now) {
  for (const auto& output : durable_.outputs) {
    if (output->live_bodies() > 0) return false;  // it will be settled or stored
  }
  if (!no_room_since_) no_room_since_ = now;
  return now - *no_room_since_ >= patience;
}

bool Batcher::make_body(SteadyTime now) {
  for (;;) {
    auto encoded = encoder_.encode(stretch_);
    if (!encoded) return false;
    const std::size_t size = encoded->body.size() + encoded->map.size();
    if (size > arena::BodyWriter::size_limit && encoded->records > 1) {
      stretch_.cut(std::max<std::size_t>(1, stretch_.records().size() / 2));
      continue;
    }
    const bool in_bounds = size != 0 && size <= arena::BodyWriter::size_limit;
    auto draft = in_bounds ? writer_.allocate(static_cast<std::uint32_t>(size)) : std::nullopt;
    if (in_bounds && !draft) {
      if (encoded->records > 1 && custody_.live_bodies() == 0) {
        // The records themselves fill the arena, and only a body can free them: one that fits.
        stretch_.cut(std::max<std::size_t>(1, stretch_.records().size() / 2));
        continue;
      }
      if (!has_never_room(now)) return false;
    }
    no_room_since_.reset();
    const model::SignalCounts lost =
        draft ? encoded->not_encoded : encoded->not_encoded + encoded->signals;
    const auto records = static_cast<std::uint32_t>(encoded->all().total());
    if (!draft) {
      count(*encoded, lost);
      writer_.skip(encoded->end, records);
      return true;
    }
    if (!draft->write(encoded->body) || !draft->write(encoded->map)) return false;
    count(*encoded, lost);
    custody_.budget_meter.spend(encoded->plain_bytes);
    writer_.publish(std::move(*draft), {.records = encoded->records,
                                        .items = encoded->items,
                                        .kind = static_cast<std::uint32_t>(encoded->kind),
                                        .map_size = static_cast<std::uint32_t>(encoded->map.size()),
                                        .extent_begin = encoded->begin,
                                        .extent_end = encoded->end,
                                        .extent_records = records,
                                        .created = durable_.clock->wall()});
    return true;
  }
}

}  // namespace posthaste::actors
