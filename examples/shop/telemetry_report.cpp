#include "examples/shop/telemetry_report.h"

#include <boost/json.hpp>

namespace shop {

namespace json = boost::json;

namespace {

template <class Reason>
json::object to_json(const posthaste::Counts<Reason>& counts) {
  json::object object;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto reason = static_cast<Reason>(i);
    if (counts[reason] > 0) object[to_string(reason)] = counts[reason];
  }
  return object;
}

json::object to_json(const posthaste::OutputLedger& output) {
  return {{"name", output.name},
          {"recovered", output.recovered},
          {"delivered", output.delivered},
          {"replayed", output.replayed},
          {"in_store", output.in_store},
          {"resident", output.resident},
          {"for_others", output.for_others},
          {"ambiguous", output.ambiguous},
          {"items_rejected", output.items_rejected},
          {"dropped", to_json(output.dropped)},
          {"last_error", output.last_error}};
}

json::object to_json(const std::vector<posthaste::StatusCount>& counts) {
  json::object object;
  for (const auto& each : counts) object[std::to_string(each.status)] = each.requests;
  return object;
}

json::object to_json(const posthaste::RequestStatistics& requests) {
  json::object exceptions;
  for (const auto& each : requests.exceptions) exceptions[each.kind] = each.requests;
  return {{"succeeded", requests.succeeded},
          {"failed", to_json(requests.failed)},
          {"retried", to_json(requests.retried)},
          {"throttled", to_json(requests.throttled)},
          {"exceptions", std::move(exceptions)},
          {"average_duration_ns", requests.average_duration.count()}};
}

json::object to_json(const posthaste::OutputHealth& output) {
  return {{"name", output.name},
          {"waiting", output.waiting},
          {"batches_waiting", output.batches_waiting},
          {"batches_in_flight", output.batches_in_flight},
          {"store_batches", output.store_batches},
          {"store_bytes", output.store_bytes},
          {"requests", to_json(output.requests)},
          {"last_error", output.last_error}};
}

}  // namespace

json::object to_json(const posthaste::Ledger& ledger) {
  json::array outputs;
  for (const posthaste::OutputLedger& output : ledger.outputs) outputs.push_back(to_json(output));
  return {{"offered", ledger.offered()},
          {"accepted", ledger.accepted},
          {"refused", to_json(ledger.refused)},
          {"outputs", std::move(outputs)}};
}

json::object to_json(const posthaste::Health& health) {
  json::array outputs;
  for (const posthaste::OutputHealth& output : health.outputs) outputs.push_back(to_json(output));
  return {{"state", health.state},
          {"flight_recorder", health.flight_recorder},
          {"arena_bytes", health.arena_bytes},
          {"arena_free_bytes", health.arena_free_bytes},
          {"restarts", health.restarts},
          {"measurements_refused", to_json(health.metrics.refused)},
          {"measurements_overflowed", health.metrics.overflowed},
          {"outputs", std::move(outputs)}};
}

}  // namespace shop
