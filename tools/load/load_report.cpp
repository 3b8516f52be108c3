#include "tools/load/load.h"

#include <boost/json.hpp>

#include <algorithm>

namespace posthaste::tools {
namespace {

namespace json = boost::json;

template <class Reason>
json::object to_object(const Counts<Reason>& counts) {
  json::object object;
  for (std::size_t i = 0; i < Counts<Reason>::size(); ++i) {
    const auto reason = static_cast<Reason>(i);
    if (counts[reason] > 0) object[to_string(reason)] = counts[reason];
  }
  return object;
}

json::object to_object(const OutputLedger& output) {
  return {{"name", output.name},
          {"recovered", output.recovered},
          {"delivered", output.delivered},
          {"replayed", output.replayed},
          {"stored", output.in_store},
          {"resident", output.resident},
          {"for_others", output.for_others},
          {"ambiguous", output.ambiguous},
          {"items_rejected", output.items_rejected},
          {"dropped", to_object(output.dropped)},
          {"last_error", output.last_error}};
}

bool law_holds_for(const Ledger& ledger, const OutputLedger& output) {
  return ledger.accepted + output.recovered == output.delivered + output.in_store +
                                                   output.resident + output.for_others +
                                                   output.dropped.total();
}

json::object latency_of(const LoadReport& report) {
  const auto nanoseconds = [&report](std::uint64_t ticks) {
    return static_cast<std::uint64_t>(static_cast<double>(ticks) * report.tick_nanoseconds);
  };
  return {{"p50", nanoseconds(report.latency.quantile(0.5))},
          {"p99", nanoseconds(report.latency.quantile(0.99))},
          {"p99_9", nanoseconds(report.latency.quantile(0.999))},
          {"max", nanoseconds(report.latency.most())}};
}

}  // namespace

bool LoadReport::law_holds() const noexcept {
  return (measured || recorded == ledger.offered()) &&
         std::ranges::all_of(ledger.outputs, [this](const OutputLedger& output) {
           return law_holds_for(ledger, output);
         });
}

bool LoadReport::nothing_lost() const noexcept {
  return law_holds() && std::ranges::all_of(ledger.outputs, [](const OutputLedger& output) {
           return output.resident == 0 && output.dropped.total() == 0;
         });
}

std::string LoadReport::to_json() const {
  OutputLedger sum;
  json::array outputs;
  for (const OutputLedger& output : ledger.outputs) {
    outputs.push_back(to_object(output));
    sum.recovered += output.recovered;
    sum.delivered += output.delivered;
    sum.replayed += output.replayed;
    sum.in_store += output.in_store;
    sum.resident += output.resident;
    sum.for_others += output.for_others;
    sum.ambiguous += output.ambiguous;
    sum.items_rejected += output.items_rejected;
    for (std::size_t i = 0; i < Counts<DropReason>::size(); ++i) {
      const auto reason = static_cast<DropReason>(i);
      sum.dropped[reason] += output.dropped[reason];
    }
  }
  json::object report = to_object(sum);
  report.erase("name");
  report.erase("last_error");
  report["recorded"] = recorded;
  report["offered"] = ledger.offered();
  report["accepted"] = ledger.accepted;
  report["refused"] = to_object(ledger.refused);
  report["outputs"] = std::move(outputs);
  report["complete"] = complete;
  report["law_holds"] = law_holds();
  report["nothing_lost"] = nothing_lost();
  report["inconsistent"] = inconsistent;
  report["ids_lost"] = ids_lost;
  report["wall_seconds"] = wall_seconds;
  report["load_seconds"] = load_seconds;
  report["shutdown_seconds"] = shutdown_seconds;
  report["cpu_seconds"] = cpu_seconds;
  report["rss_at_start_bytes"] = rss_at_start;
  report["peak_rss_bytes"] = peak_rss;
  report["latency_ns"] = latency_of(*this);
  return json::serialize(report) + '\n';
}

}  // namespace posthaste::tools
