#include "tools/emulator/tally.h"

#include "tools/emulator/item_hash.h"

#include <boost/json.hpp>

namespace posthaste::tools {
namespace {

namespace json = boost::json;

json::object to_object(const TypeTally& tally) {
  return {{"received", tally.received},     {"accepted", tally.accepted},
          {"rejected", tally.rejected},     {"distinct", tally.distinct},
          {"duplicates", tally.duplicates}, {"untracked", tally.untracked}};
}

json::object to_object(const LogLinearHistogram& sizes) {
  return {{"mean", static_cast<std::uint64_t>(sizes.mean())},
          {"p50", sizes.quantile(0.5)},
          {"p95", sizes.quantile(0.95)},
          {"max", sizes.most()}};
}

/// Of a name with its escapes as they were written.
json::string plain(const std::string& raw) {
  boost::system::error_code error;
  const json::value value = json::parse('"' + raw + '"', error);
  return !error && value.is_string() ? value.get_string() : json::string(raw);
}

}  // namespace

void Tally::request(std::uint64_t wire_bytes, std::uint64_t expanded_bytes, std::uint64_t items) {
  wire_bytes_.record(wire_bytes);
  expanded_bytes_.record(expanded_bytes);
  items_.record(items);
}

void Tally::answered(unsigned status) {
  ++answers_[status];
}

void Tally::batch(const TrackBatch& batch) {
  auto error = batch.errors.begin();
  for (std::size_t i = 0; i < batch.items.size(); ++i) {
    TypeTally& type = types_[static_cast<std::size_t>(batch.items[i].type)];
    ++type.received;
    if (error != batch.errors.end() && error->index == i) {
      ++type.rejected;
      ++error;
    } else {
      accept(batch.items[i]);
    }
  }
}

void Tally::accept(const ItemFacts& item) {
  TypeTally& type = types_[static_cast<std::size_t>(item.type)];
  ++type.accepted;
  switch (ids_.insert(hash_of(item))) {
    case IdSet::Outcome::fresh: ++type.distinct; break;
    case IdSet::Outcome::seen: ++type.duplicates; return;
    case IdSet::Outcome::untracked: ++type.untracked; break;
  }
  if (item.type == ItemType::metric) add_point(item);
}

void Tally::add_point(const ItemFacts& item) {
  auto at = metrics_.find(item.name);
  if (at == metrics_.end()) {
    const bool full = metrics_.size() >= most_metrics;
    at = metrics_.try_emplace(full ? "(other)" : std::string(item.name)).first;
  }
  ++at->second.points;
  at->second.sum += item.amount;
  at->second.last = item.amount;
}

void Tally::clear() {
  *this = Tally(most_ids_);
}

TypeTally Tally::total() const {
  TypeTally total;
  for (const TypeTally& type : types_) {
    total.received += type.received;
    total.accepted += type.accepted;
    total.rejected += type.rejected;
    total.distinct += type.distinct;
    total.duplicates += type.duplicates;
    total.untracked += type.untracked;
  }
  return total;
}

std::string Tally::to_json() const {
  json::object by_type;
  for (std::size_t i = 0; i < types_.size(); ++i) {
    if (types_[i].received > 0) {
      by_type[to_string(static_cast<ItemType>(i))] = to_object(types_[i]);
    }
  }
  json::object answers;
  for (const auto& [status, count] : answers_) {
    answers[status == 0 ? "none" : std::to_string(status)] = count;
  }
  json::object metrics;
  for (const auto& [name, tally] : metrics_) {
    metrics[plain(name)] = {{"points", tally.points}, {"sum", tally.sum}, {"last", tally.last}};
  }
  const json::object summary{
      {"requests", requests()},
      {"faulted_requests", faulted_},
      {"answers", std::move(answers)},
      {"items", to_object(total())},
      {"by_type", std::move(by_type)},
      {"metrics", std::move(metrics)},
      {"bare_items", bare_items_},
      {"bytes",
       {{"wire", static_cast<std::uint64_t>(wire_bytes_.sum())},
        {"expanded", static_cast<std::uint64_t>(expanded_bytes_.sum())}}},
      {"per_request",
       {{"items", to_object(items_)},
        {"wire_bytes", to_object(wire_bytes_)},
        {"expanded_bytes", to_object(expanded_bytes_)}}},
      {"ids", {{"tracked", ids_.size()}, {"limit", most_ids_}}},
  };
  return json::serialize(summary);
}

}  // namespace posthaste::tools
