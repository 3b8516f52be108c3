#include "tools/store/listing.h"

#include <boost/json.hpp>

#include <cstdio>
#include <ctime>

namespace posthaste::tools {
namespace {

namespace json = boost::json;
using persistence::FileState;

std::string time_text(WallTime time) {
  const std::time_t seconds =
      std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  std::tm parts{};
  char text[32];
  const std::size_t size =
      std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", ::gmtime_r(&seconds, &parts));
  return {text, size};
}

std::string hex(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

std::string_view to_text(FileState state) {
  switch (state) {
    case FileState::empty: return "empty";
    case FileState::sound: return "sound";
    case FileState::damaged: return "damaged";
    case FileState::foreign: return "foreign";
  }
  return "unknown";
}

std::string_view to_text(persistence::LossReason reason) {
  using persistence::LossReason;
  switch (reason) {
    case LossReason::evicted_size: return "evicted_size";
    case LossReason::evicted_no_space: return "evicted_no_space";
    case LossReason::expired: return "expired";
    case LossReason::corrupt: return "corrupt";
    case LossReason::quarantined: return "quarantined";
    case LossReason::vanished: return "vanished";
  }
  return "unknown";
}

std::string row(const ListedBatch& batch) {
  char text[160];
  const persistence::BatchHeader& header = batch.header;
  std::snprintf(text, sizeof text, "%8llu  %s  %s %8u %8u %9u %9llu  %s\n",
                static_cast<unsigned long long>(batch.key), hex(header.queue.value).c_str(),
                time_text(header.created.wall).c_str(), header.records, header.items,
                header.attempts, static_cast<unsigned long long>(header.content_bytes()),
                batch.sound ? "sound" : "DAMAGED");
  return text;
}

json::object to_object(const ListedBatch& batch) {
  const persistence::BatchHeader& header = batch.header;
  return {{"key", static_cast<std::uint64_t>(batch.key)},
          {"queue", hex(header.queue.value)},
          {"created", time_text(header.created.wall)},
          {"records", header.records},
          {"items", header.items},
          {"attempts", header.attempts},
          {"bytes", header.content_bytes()},
          {"sound", batch.sound}};
}

}  // namespace

Result<StoreListing> list_store(const std::string& directory) {
  StoreListing listing;
  listing.directory = directory;
  auto inspection = persistence::inspect_store(
      directory,
      [&listing](persistence::StoreKey key, const persistence::BatchHeader& header, bool sound) {
        listing.batches.push_back({key, header, sound});
      });
  if (!inspection) return std::move(inspection).error();
  listing.inspection = std::move(*inspection);
  return listing;
}

std::string to_table(const StoreListing& listing) {
  std::string table =
      "     KEY  QUEUE             CREATED               RECORDS    ITEMS  ATTEMPTS     BYTES\n";
  for (const ListedBatch& batch : listing.batches) table += row(batch);
  const persistence::StoreInspection& found = listing.inspection;
  table += std::to_string(found.batches) + " batches, " + std::to_string(found.records) +
           " records, " + std::to_string(found.bytes) + " bytes\n";
  return table;
}

std::string to_verdict(const StoreListing& listing) {
  const persistence::StoreInspection& found = listing.inspection;
  std::string text = listing.directory + ": " + (found.good() ? "whole" : "NOT WHOLE") + ", " +
                     std::to_string(found.batches) + " batches, " + std::to_string(found.records) +
                     " records\n";
  if (!found.file.problem.empty()) text += "data.mdb: " + found.file.problem + '\n';
  if (found.foreign_schema) text += "data.mdb: written by another version of Posthaste\n";
  if (found.damaged > 0) text += std::to_string(found.damaged) + " batches are damaged\n";
  for (const persistence::Loss& loss : found.missing) {
    text += "queue " + hex(loss.queue.value) + ": " + std::to_string(loss.batches) + " batches, " +
            std::to_string(loss.records) + " records missing (" +
            std::string(to_text(loss.reason)) + ")\n";
  }
  return text;
}

std::string to_json(const StoreListing& listing) {
  const persistence::StoreInspection& found = listing.inspection;
  json::array batches;
  for (const ListedBatch& batch : listing.batches) batches.push_back(to_object(batch));
  json::array missing;
  for (const persistence::Loss& loss : found.missing) {
    missing.push_back({{"queue", hex(loss.queue.value)},
                       {"reason", to_text(loss.reason)},
                       {"batches", loss.batches},
                       {"records", loss.records}});
  }
  const json::object report{{"directory", listing.directory},
                            {"whole", found.good()},
                            {"file", to_text(found.file.state)},
                            {"problem", found.file.problem},
                            {"foreign_schema", found.foreign_schema},
                            {"writer", found.writer},
                            {"created", time_text(found.created)},
                            {"pages", found.file.pages},
                            {"free_pages", found.file.free_pages},
                            {"records", found.records},
                            {"bytes", found.bytes},
                            {"damaged", found.damaged},
                            {"missing", std::move(missing)},
                            {"batches", std::move(batches)}};
  return json::serialize(report) + '\n';
}

}  // namespace posthaste::tools
