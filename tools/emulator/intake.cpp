#include "tools/emulator/intake.h"

#include <algorithm>

namespace posthaste::tools {
namespace {

constexpr std::string_view by_fault = "Set by an emulator fault";

Reply bad_answer_to(const TrackBatch& batch, BadAnswer kind) {
  const std::string received = std::to_string(batch.items.size());
  if (kind == BadAnswer::short_count) {
    const std::string fewer = std::to_string(batch.items.size() / 2);
    return {200,
            R"({"itemsReceived":)" + received + R"(,"itemsAccepted":)" + fewer + R"(,"errors":[]})",
            {}};
  }
  const std::string beyond = R"({"index":)" + received + R"(,"statusCode":500,"message":"x"},)";
  const std::string twice = R"({"index":0,"statusCode":400,"message":"x"})";
  return {206,
          R"({"itemsReceived":)" + received + R"(,"itemsAccepted":)" + received +
              R"(,"errors":[{"index":-1,"statusCode":500,"message":"x"},)" + beyond + twice + ',' +
              twice + "]}",
          {}};
}

}  // namespace

void Intake::reset() {
  tally_.clear();
  operations_.clear();
  rejection_credit_ = 0;
}

Reply Intake::take(std::string_view encoding, std::string_view body, const FaultEffect& effect,
                   WallTime now) {
  const std::size_t wire_bytes = body.size();
  if (!effect.takes_items()) return faulted(wire_bytes, effect);
  if (encoding == "gzip") {
    switch (expander_.expand(body, body)) {
      case GzipExpander::Outcome::expanded: break;
      case GzipExpander::Outcome::broken: return refused(wire_bytes, 400, "Body is not valid gzip");
      case GzipExpander::Outcome::too_large:
        return refused(wire_bytes, 413, "Body is too large when expanded");
    }
  } else if (!encoding.empty() && encoding != "identity") {
    return refused(wire_bytes, 415, "Content-Encoding must be gzip or absent");
  }
  if (settings_.bare) return count_lines(body, wire_bytes);
  return read(body, wire_bytes, effect, now);
}

Reply Intake::count_lines(std::string_view body, std::size_t wire_bytes) {
  auto lines = static_cast<std::uint64_t>(std::ranges::count(body, '\n'));
  if (!body.empty() && body.back() != '\n') ++lines;
  tally_.request(wire_bytes, body.size(), lines);
  tally_.lines(lines);
  const std::string count = std::to_string(lines);
  return {200,
          R"({"itemsReceived":)" + count + R"(,"itemsAccepted":)" + count +
              R"(,"appId":null,"errors":[]})",
          {}};
}

Reply Intake::read(std::string_view body, std::size_t wire_bytes, const FaultEffect& effect,
                   WallTime now) {
  switch (read_batch(body, now, batch_)) {
    case BatchDefect::none: break;
    case BatchDefect::empty: return refused(wire_bytes, 400, "Body holds no telemetry item");
    case BatchDefect::broken_array: return refused(wire_bytes, 400, "Body is not valid JSON");
    case BatchDefect::too_many_items:
      return refused(wire_bytes, 413, "Body holds more than 64000 telemetry items");
  }
  if (effect.most_items != 0 && batch_.items.size() > effect.most_items) {
    return refused(wire_bytes, 413, by_fault);
  }
  tally_.request(wire_bytes, body.size(), batch_.items.size());
  reject_some(effect);
  commit(now);
  if (effect.bad_answer == BadAnswer::bad_indexes || effect.bad_answer == BadAnswer::short_count) {
    return bad_answer_to(batch_, effect.bad_answer);
  }
  Reply reply{effect.status != 0 ? effect.status : status_of(batch_), answer_for(batch_), {}};
  if (!effect.retry_after.empty()) reply.headers = "Retry-After: " + effect.retry_after + "\r\n";
  return reply;
}

void Intake::reject_some(const FaultEffect& effect) {
  std::vector<ItemError> rejected;
  if (effect.item_index) {
    rejected.push_back({*effect.item_index, effect.item_status, std::string(by_fault)});
  }
  for (std::uint32_t i = 0; effect.items_status != 0 && i < batch_.items.size(); ++i) {
    rejection_credit_ += effect.items_share;
    if (rejection_credit_ < 1 - 1e-9) continue;
    rejection_credit_ -= 1;
    rejected.push_back({i, effect.items_status, std::string(by_fault)});
  }
  if (!rejected.empty()) reject_items(batch_, std::move(rejected));
}

void Intake::commit(WallTime now) {
  tally_.batch(batch_);
  recorder_.record(batch_, tally_.requests(), now);
  auto error = batch_.errors.begin();
  for (std::size_t i = 0; i < batch_.items.size(); ++i) {
    if (error != batch_.errors.end() && error->index == i) {
      ++error;
    } else {
      operations_.add(batch_.items[i]);
    }
  }
}

Reply Intake::faulted(std::size_t wire_bytes, const FaultEffect& effect) {
  tally_.request(wire_bytes, 0, 0);
  tally_.faulted();
  const unsigned fallback = effect.redirect.empty() ? 503 : 307;
  const unsigned status = effect.status != 0 ? effect.status : fallback;
  Reply reply{status, answer_for_defect(status, by_fault), {}};
  if (!effect.retry_after.empty()) reply.headers += "Retry-After: " + effect.retry_after + "\r\n";
  if (!effect.redirect.empty()) reply.headers += "Location: " + effect.redirect + "\r\n";
  return reply;
}

Reply Intake::refused(std::size_t wire_bytes, unsigned status, std::string_view message) {
  tally_.request(wire_bytes, 0, 0);
  return {status, answer_for_defect(status, message), {}};
}

}  // namespace posthaste::tools
