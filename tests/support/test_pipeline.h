#pragma once

/// The way of a record through an arena without actors: sampler, batcher and transmitter of one
/// output as three functions, each doing a little when called. A body is the numbers of its
/// records.

#include "runtime/arena/bodies.h"
#include "runtime/arena/log.h"
#include "tests/support/test_arena.h"

#include <functional>

namespace posthaste::testing_support {

class TestPipeline {
public:
  /// Takes the numbers of a delivered body; what a server would see.
  using Deliver = std::function<void(std::span<const std::uint64_t>)>;

  TestPipeline(const arena::Arena& arena, arena::LaneReader::Holes holes, Deliver deliver)
      : arena_(arena),
        lanes_(repaired(arena), holes),
        log_(arena),
        cursor_(arena::LogCursor::unencoded(arena, 0)),
        writer_(arena, 0, arena::BodyAuthor::batcher),
        table_(arena, 0),
        deliver_(std::move(deliver)) {}

  /// One batch out of the lanes into the log. False if there was none, or no room for all.
  bool sample(std::size_t limit) {
    arena::LaneReader::Batch batch;
    log_.begin_step();
    if (!lanes_.next_batch(batch, limit)) return false;
    for (const model::RecordHead* record : batch.records) {
      if (!is_whole(*record)) ++torn_;
    }
    const std::size_t copied = log_.append(batch.records);
    log_.publish();
    if (die_before_drained) die_before_drained();
    lanes_.drained(batch, copied);
    log_.trim();
    return copied == batch.records.size();
  }

  /// One extent into a body. False if there was none, or no room.
  bool encode(std::size_t limit) {
    const std::uint64_t begin = cursor_.position();
    arena::LogCursor ahead = cursor_;
    std::vector<std::uint64_t> numbers;
    while (const auto* record = numbers.size() < limit ? ahead.next() : nullptr) {
      numbers.push_back(record->start);
    }
    if (numbers.empty()) return false;
    auto draft = writer_.allocate(static_cast<std::uint32_t>(numbers.size() * 8));
    if (!draft) return false;
    draft->write(std::as_bytes(std::span(numbers)));
    const auto count = static_cast<std::uint32_t>(numbers.size());
    writer_.publish(std::move(*draft), {.records = count,
                                        .items = count,
                                        .extent_begin = begin,
                                        .extent_end = ahead.position(),
                                        .extent_records = count});
    cursor_ = ahead;
    return true;
  }

  /// Delivers the `nth` unsettled body and settles it. False if there is none.
  bool transmit(std::size_t nth) {
    const std::vector<arena::BodyIndex> all = table_.unsettled();
    if (all.empty()) return false;
    const arena::BodyIndex index = all[nth % all.size()];
    table_.set_state(index, arena::BodyState::in_flight);
    std::vector<std::uint64_t> numbers((table_.entry(index).body_size + 7) / 8);
    std::byte* to = reinterpret_cast<std::byte*>(numbers.data());
    for (const auto& part : table_.bytes(index).body) {
      std::memcpy(to, part.data(), part.size());
      to += part.size();
    }
    deliver_(numbers);
    if (die_before_settled) die_before_settled();
    table_.settle(index);
    log_.trim();
    return true;
  }

  /// Everything that is there now.
  void run_dry() {
    bool some = true;
    while (some) {
      some = sample(50);
      some = encode(50) || some;
      some = transmit(0) || some;
    }
    writer_.let_go();
  }

  std::size_t torn() const noexcept { return torn_; }
  std::uint64_t damaged() const noexcept { return cursor_.damaged(); }

  /// Called, if set, where a death is interesting.
  std::function<void()> die_before_drained;
  std::function<void()> die_before_settled;

private:
  static const arena::Arena& repaired(const arena::Arena& arena) {
    repair_lanes_after_step(arena);
    return arena;
  }

  arena::Arena arena_;
  arena::LaneReader lanes_;
  arena::LogWriter log_;
  arena::LogCursor cursor_;
  arena::BodyWriter writer_;
  arena::BodyTable table_;
  Deliver deliver_;
  std::size_t torn_ = 0;
};

}  // namespace posthaste::testing_support
