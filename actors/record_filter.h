#pragma once

/// Applies the drop rules to ended records: the sampler asks it before it copies one to the log, so
/// that application threads pay nothing for filters.
///
/// The storekeeper asks one of its own for what a dead process has left in its lanes.
///
/// Threads:  the sampler's, the storekeeper's. Blocking: never; no allocation after its making.
/// Cost:     one walk over the record's entries, and a comparison per rule; nothing without rules.

#include "runtime/arena/arena.h"
#include "runtime/config/drop_rules.h"
#include "runtime/model/record_view.h"
#include "runtime/model/signal.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste::actors {

class RecordFilter {
public:
  /// The rules must outlive it.
  RecordFilter(const std::vector<config::DropRule>& rules, const arena::Arena& arena);

  bool has_rules() const noexcept { return !rules_.empty(); }
  bool drops(const model::RecordHead& record) noexcept;

private:
  void read(const model::RecordView& record) noexcept;
  bool holds(const config::DropRule& rule, const model::RecordView& record) noexcept;
  bool holds(const config::DropCondition& condition, const model::RecordView& record) noexcept;

  const std::vector<config::DropRule>& rules_;
  arena::Arena arena_;
  std::vector<std::string_view> keys_;  // of attributes that some rule names, each once
  // Of the record that is looked at:
  std::vector<std::optional<model::ValueView>> values_;  // by place in keys_
  std::string_view name_;
  std::optional<model::ValueView> body_;
};

/// Beside what application threads refuse, where the ledger looks for it: `filtered`. Any thread.
void count_filtered(const arena::Arena& arena, const model::SignalCounts& records) noexcept;

}  // namespace posthaste::actors
