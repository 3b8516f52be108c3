#include "tools/emulator/otlp_intake.h"

#include "tools/otlp/json_reader.h"
#include "tools/otlp/protobuf_reader.h"

#include <boost/json.hpp>

#include <algorithm>

namespace posthaste::tools {
namespace {

constexpr std::string_view by_fault = "Set by an emulator fault";

boost::json::object to_object(const OtlpTally& tally) {
  return {{"received", tally.received},
          {"accepted", tally.accepted},
          {"rejected", tally.rejected},
          {"distinct", tally.distinct},
          {"duplicates", tally.duplicates}};
}

/// The partial success that the protocol has no room for.
Reply bad_answer_to(OtlpFormat format, otlp::Signal signal, BadAnswer kind, std::size_t items) {
  const auto count = static_cast<std::int64_t>(items);
  const bool beyond = kind == BadAnswer::bad_indexes;
  return otlp_success(format, signal,
                      {beyond ? count + 1 : -1, beyond ? std::string(by_fault) : std::string()});
}

void add_headers(const FaultEffect& effect, Reply& reply) {
  if (!effect.retry_after.empty()) reply.headers += "Retry-After: " + effect.retry_after + "\r\n";
  if (!effect.redirect.empty()) reply.headers += "Location: " + effect.redirect + "\r\n";
}

}  // namespace

std::optional<otlp::Signal> otlp_signal_of(std::string_view path) noexcept {
  if (path == "/v1/traces") return otlp::Signal::traces;
  if (path == "/v1/metrics") return otlp::Signal::metrics;
  if (path == "/v1/logs") return otlp::Signal::logs;
  return std::nullopt;
}

Reply OtlpIntake::take(const Request& request, const FaultEffect& effect, WallTime now) {
  ++requests_;
  wire_bytes_ += request.body.size();
  const OtlpFormat format = otlp_format_of(request.content_type);
  if (!effect.takes_items()) return faulted(format, effect);
  if (format == OtlpFormat::unknown) return otlp_wrong_type();
  std::string_view body = request.body;
  if (request.encoding == "gzip") {
    switch (expander_.expand(body, body)) {
      case GzipExpander::Outcome::expanded: break;
      case GzipExpander::Outcome::broken: return otlp_refusal(format, 400, "gzip: invalid header");
      case GzipExpander::Outcome::too_large:
        return otlp_refusal(format, 413, "Body is too large when expanded");
    }
  } else if (!request.encoding.empty() && request.encoding != "identity") {
    return otlp_refusal(format, 400,
                        "unsupported Content-Encoding: " + std::string(request.encoding));
  }
  if (settings_.bare) return otlp_success(format);
  return read(request, format, body, effect, now);
}

Reply OtlpIntake::faulted(OtlpFormat format, const FaultEffect& effect) {
  ++faulted_;
  const unsigned fallback = effect.redirect.empty() ? 503 : 307;
  Reply reply = otlp_refusal(format, effect.status != 0 ? effect.status : fallback, by_fault);
  add_headers(effect, reply);
  return reply;
}

Reply OtlpIntake::read(const Request& request, OtlpFormat format, std::string_view body,
                       const FaultEffect& effect, WallTime now) {
  OtlpItems items(recorder_.wants_items());
  const auto defect = format == OtlpFormat::json ? otlp::read_json(body, items)
                                                 : otlp::read_protobuf(body, request.signal, items);
  if (defect) return otlp_refusal(format, 400, defect->to_string());
  if (effect.most_items != 0 && items.items.size() > effect.most_items) {
    return otlp_refusal(format, 413, by_fault);
  }
  const std::vector<bool> rejected = rejected_by(effect, items.items.size());
  count(request.signal, items, rejected, now);
  if (effect.status != 0 && effect.status != 200) {
    Reply reply = otlp_refusal(format, effect.status, by_fault);
    add_headers(effect, reply);
    return reply;
  }
  if (effect.bad_answer == BadAnswer::bad_indexes || effect.bad_answer == BadAnswer::short_count) {
    return bad_answer_to(format, request.signal, effect.bad_answer, items.items.size());
  }
  const std::int64_t refused = std::ranges::count(rejected, true);
  if (refused == 0) return otlp_success(format);
  return otlp_success(format, request.signal, {refused, std::string(by_fault)});
}

std::vector<bool> OtlpIntake::rejected_by(const FaultEffect& effect, std::size_t items) {
  std::vector<bool> rejected(items);
  if (effect.item_index && *effect.item_index < items) rejected[*effect.item_index] = true;
  for (std::size_t i = 0; effect.items_status != 0 && i < items; ++i) {
    rejection_credit_ += effect.items_share;
    if (rejection_credit_ < 1 - 1e-9) continue;
    rejection_credit_ -= 1;
    rejected[i] = true;
  }
  return rejected;
}

void OtlpIntake::count(otlp::Signal signal, const OtlpItems& items,
                       const std::vector<bool>& rejected, WallTime now) {
  OtlpTally& tally = tallies_[static_cast<int>(signal)];
  tally.received += items.items.size();
  for (std::size_t i = 0; i < items.items.size(); ++i) {
    const OtlpItem& item = items.items[i];
    if (rejected[i]) {
      ++tally.rejected;
      continue;
    }
    ++tally.accepted;
    recorder_.record(item.text, item.id, requests_, now);
    if (ids_.insert(item.hash) == IdSet::Outcome::seen) {
      ++tally.duplicates;
      continue;
    }
    ++tally.distinct;
    if (signal == otlp::Signal::metrics) metrics_.add(item.measure);
  }
}

void OtlpIntake::reset() {
  ids_ = IdSet(settings_.most_ids);
  tallies_ = {};
  metrics_.clear();
  answers_.clear();
  requests_ = faulted_ = wire_bytes_ = 0;
  rejection_credit_ = 0;
}

std::string OtlpIntake::to_json() const {
  boost::json::object answers;
  for (const auto& [status, count] : answers_) {
    answers[status == 0 ? "none" : std::to_string(status)] = count;
  }
  return boost::json::serialize(
      boost::json::object{{"requests", requests_},
                          {"faulted_requests", faulted_},
                          {"answers", std::move(answers)},
                          {"wire_bytes", wire_bytes_},
                          {"spans", to_object(of(otlp::Signal::traces))},
                          {"points", to_object(of(otlp::Signal::metrics))},
                          {"logs", to_object(of(otlp::Signal::logs))},
                          {"metrics", metrics_.to_object()}});
}

}  // namespace posthaste::tools
