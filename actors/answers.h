#pragma once

/// What came back for each request, by ticket, until the transmitter has acted on it. The io thread
/// puts the outcome here, the delivery adds what it means; whichever of them dies, the transmitter
/// finds what there is.
///
///   io thread  put ─►  outcome  ◄─ delivery: outcome, judged  ─►  transmitter: next, erase
///
/// Threads: any; a returned pointer is the transmitter's alone, until erase. Blocking: a short
/// mutex. Full: one answer per request under way.

#include "actors/deliveries.h"
#include "actors/judge.h"
#include "runtime/base/clock.h"
#include "runtime/http/response.h"

#include <map>
#include <memory>
#include <mutex>
#include <optional>

namespace posthaste::actors {

struct Answer {
  Ticket ticket = 0;
  std::shared_ptr<const http::Outcome> outcome;
  std::uint32_t items = 0;  // lines that were sent
  SteadyTime arrived{};
  std::optional<Judgement> judgement;
};

class Answers {
public:
  void put(Answer answer) {
    const std::lock_guard lock(mutex_);
    answers_.insert_or_assign(answer.ticket, std::move(answer));
  }
  /// A copy without judgement, for the delivery; empty when it is gone.
  std::optional<Answer> find(Ticket ticket) const {
    const std::lock_guard lock(mutex_);
    const auto at = answers_.find(ticket);
    if (at == answers_.end()) return std::nullopt;
    return Answer{ticket, at->second.outcome, at->second.items, at->second.arrived, std::nullopt};
  }
  /// The first judgement counts; without an answer of that ticket it is not kept.
  void judged(Ticket ticket, Judgement judgement) {
    const std::lock_guard lock(mutex_);
    const auto at = answers_.find(ticket);
    if (at == answers_.end() || at->second.judgement) return;
    at->second.judgement = std::move(judgement);
  }
  /// A judged answer, or one that arrived before `unjudged_before` and that nobody judged; null if
  /// there is none.
  const Answer* next(SteadyTime unjudged_before) const noexcept {
    const std::lock_guard lock(mutex_);
    for (const auto& [ticket, answer] : answers_) {
      if (answer.judgement || answer.arrived < unjudged_before) return &answer;
    }
    return nullptr;
  }
  void erase(Ticket ticket) noexcept {
    const std::lock_guard lock(mutex_);
    answers_.erase(ticket);
  }

private:
  mutable std::mutex mutex_;
  std::map<Ticket, Answer> answers_;
};

}  // namespace posthaste::actors
