#pragma once

/// Sees to it that every part lives, that flushes are answered, and that the pipeline ends in
/// order. What it decides is here; its shell (supervisor_shell.h) starts and watches the actors.
///
///   running ──stop, or a part beyond its restart limit──► draining ──half of the time──► storing
///                                                            │ all settled                  │ all
///                                                            └──────────► ended ◄───────────┘
///                                                            settled,
///                                                                                    or the
///                                                                                    deadline
///
/// Who calls: its shell. Threads: one. Blocking: never, but for callbacks of flush and stop.
///
/// Commit points: Mode only goes forward, and all else is on the FlushBoard and the EndingBoard, so
/// a supervisor that dies is replaced by one that reads there how far things are.

#include "actors/durable.h"
#include "actors/part.h"
#include "actors/restart_limit.h"

#include <map>
#include <optional>
#include <string>
#include <utility>

namespace posthaste::actors {

class Supervisor final : public Part {
public:
  Supervisor(Durable& durable, const RestartRule& rule);
  SteadyTime step(SteadyTime now) override;

  /// A part died: whether to start it again. At its limit the ending begins, for which it may die
  /// as often once more, so that what it holds can be stored; after that it stays dead.
  bool may_restart(Role role, std::uint32_t output, const std::string& name, SteadyTime now);

private:
  bool collected_for_the_end(SteadyTime now, SteadyTime deadline);
  void begin_ending(SteadyTime now);
  bool all_settled() const noexcept;
  bool nothing_under_way() const noexcept;
  void finish(bool complete);

  Durable& durable_;
  RestartRule rule_;
  std::optional<SteadyTime> collect_until_;  // the last collection; a new supervisor begins anew
  std::map<std::pair<Role, std::uint32_t>, RestartLimit> limits_;
};

}  // namespace posthaste::actors
