#include "tools/emulator/otlp_intake.h"

#include "tools/otlp/json_reader.h"
#include "tools/otlp/protobuf_reader.h"

#include <boost/json.hpp>

#include <bit>

namespace posthaste::tools {
namespace {

constexpr std::string_view by_fault = "Set by an emulator fault";

/// What tells one item from another: of a span its ids, of a log or a point all that it says.
class ItemHashes final : public otlp::Visitor {
public:
  void span(const otlp::Span& span) override {
    begin(1);
    bytes(span.trace_id.bytes.data(), span.trace_id.bytes.size());
    bytes(span.span_id.bytes.data(), span.span_id.bytes.size());
    end();
  }
  void log(const otlp::LogRecord& log) override {
    begin(2);
    bytes(log.trace_id.bytes.data(), log.trace_id.bytes.size());
    bytes(log.span_id.bytes.data(), log.span_id.bytes.size());
    number(log.time);
    number(log.observed_time);
    number(static_cast<std::uint64_t>(log.severity_number));
    text(log.event_name);
    value(log.body);
    attributes(log.attributes);
    end();
  }
  void point(const otlp::Metric& metric, const otlp::MetricPoint& point) override {
    begin(3);
    text(metric.name);
    number(static_cast<std::uint64_t>(metric.temporality));
    number(point.start);
    number(point.time);
    attributes(point.attributes);
    end();
  }

  std::vector<std::uint64_t> hashes;

private:
  void begin(std::uint64_t kind) {
    hash_ = 0xcbf29ce484222325;
    number(kind);
  }
  void end() { hashes.push_back(hash_ == 0 ? 1 : hash_); }
  void bytes(const void* data, std::size_t size) {
    const auto* at = static_cast<const unsigned char*>(data);
    for (std::size_t i = 0; i < size; ++i) hash_ = (hash_ ^ at[i]) * 0x100000001b3;
  }
  void number(std::uint64_t value) { bytes(&value, sizeof value); }
  void text(std::string_view value) {
    number(value.size());
    bytes(value.data(), value.size());
  }
  void attributes(std::span<const otlp::KeyValue> list) {
    number(list.size());
    for (const otlp::KeyValue& one : list) {
      text(one.key);
      value(one.value);
    }
  }
  void value(const otlp::Value& value) {
    number(static_cast<std::uint64_t>(value.kind()));
    switch (value.kind()) {
      case otlp::ValueKind::unset: return;
      case otlp::ValueKind::string:
      case otlp::ValueKind::bytes: return text(value.text());
      case otlp::ValueKind::boolean: return number(value.boolean() ? 1 : 0);
      case otlp::ValueKind::int64: return number(static_cast<std::uint64_t>(value.int64()));
      case otlp::ValueKind::float64: return number(std::bit_cast<std::uint64_t>(value.float64()));
      case otlp::ValueKind::array:
        for (const otlp::Value& one : value.elements()) this->value(one);
        return;
      case otlp::ValueKind::map: return attributes(value.members());
    }
  }

  std::uint64_t hash_ = 0;
};

std::string quoted(std::string_view text) {
  return boost::json::serialize(boost::json::string_view(text.data(), text.size()));
}

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

void put_text(std::string& out, char tag, std::string_view text) {
  out.push_back(tag);
  put_varint(out, text.size());
  out.append(text);
}

std::string_view rejected_name(otlp::Signal signal) noexcept {
  switch (signal) {
    case otlp::Signal::traces: return "rejectedSpans";
    case otlp::Signal::metrics: return "rejectedDataPoints";
    case otlp::Signal::logs: break;
  }
  return "rejectedLogRecords";
}

Reply as(bool json, unsigned status, std::string body) {
  Reply reply{status, std::move(body), {}};
  if (!json) reply.content_type = "application/x-protobuf";
  return reply;
}

/// google.rpc.Status.
Reply refusal(bool json, unsigned status, std::string_view message) {
  if (json) return as(true, status, R"({"code":3,"message":)" + quoted(message) + '}');
  std::string body;
  put_text(body, 0x12, message);
  return as(false, status, std::move(body));
}

Reply success(bool json, otlp::Signal signal, std::size_t rejected) {
  if (rejected == 0) return as(json, 200, json ? "{}" : "");
  if (json) {
    return as(true, 200,
              R"({"partialSuccess":{")" + std::string(rejected_name(signal)) + R"(":")" +
                  std::to_string(rejected) + R"(","errorMessage":)" + quoted(by_fault) + "}}");
  }
  std::string part(1, 0x08);
  put_varint(part, rejected);
  put_text(part, 0x12, by_fault);
  std::string body;
  put_text(body, 0x0A, part);
  return as(false, 200, std::move(body));
}

boost::json::object to_object(const OtlpTally& tally) {
  return {{"received", tally.received},
          {"accepted", tally.accepted},
          {"rejected", tally.rejected},
          {"distinct", tally.distinct},
          {"duplicates", tally.duplicates}};
}

}  // namespace

std::optional<otlp::Signal> otlp_signal_of(std::string_view path) noexcept {
  if (path == "/v1/traces") return otlp::Signal::traces;
  if (path == "/v1/metrics") return otlp::Signal::metrics;
  if (path == "/v1/logs") return otlp::Signal::logs;
  return std::nullopt;
}

Reply OtlpIntake::take(const Request& request, const FaultEffect& effect) {
  ++requests_;
  const bool json = request.content_type.starts_with("application/json");
  if (!effect.takes_items()) {
    ++faulted_;
    Reply reply = refusal(json, effect.status != 0 ? effect.status : 503, by_fault);
    if (!effect.retry_after.empty()) reply.headers = "Retry-After: " + effect.retry_after + "\r\n";
    return reply;
  }
  if (!json && !request.content_type.starts_with("application/x-protobuf")) {
    return refusal(true, 415, "Content-Type must be application/x-protobuf or application/json");
  }
  std::string_view body = request.body;
  if (request.encoding == "gzip") {
    switch (expander_.expand(body, body)) {
      case GzipExpander::Outcome::expanded: break;
      case GzipExpander::Outcome::broken: return refusal(json, 400, "Body is not valid gzip");
      case GzipExpander::Outcome::too_large:
        return refusal(json, 413, "Body is too large when expanded");
    }
  } else if (!request.encoding.empty() && request.encoding != "identity") {
    return refusal(json, 415, "Content-Encoding must be gzip or absent");
  }
  ItemHashes items;
  const auto defect =
      json ? otlp::read_json(body, items) : otlp::read_protobuf(body, request.signal, items);
  if (defect) return refusal(json, 400, defect->to_string());
  if (effect.most_items != 0 && items.hashes.size() > effect.most_items) {
    return refusal(json, 413, by_fault);
  }
  const std::size_t rejected = rejected_by(effect, items.hashes.size());
  count(request.signal, items.hashes, rejected);
  if (effect.status != 0) return refusal(json, effect.status, by_fault);
  return success(json, request.signal, rejected);
}

std::size_t OtlpIntake::rejected_by(const FaultEffect& effect, std::size_t items) {
  if (effect.items_status == 0) return 0;
  std::size_t rejected = 0;
  for (std::size_t i = 0; i < items; ++i) {
    rejection_credit_ += effect.items_share;
    if (rejection_credit_ < 1 - 1e-9) continue;
    rejection_credit_ -= 1;
    ++rejected;
  }
  return rejected;
}

/// The last ones are those that are rejected.
void OtlpIntake::count(otlp::Signal signal, const std::vector<std::uint64_t>& hashes,
                       std::size_t rejected) {
  OtlpTally& tally = tallies_[static_cast<int>(signal)];
  tally.received += hashes.size();
  tally.rejected += rejected;
  tally.accepted += hashes.size() - rejected;
  for (std::size_t i = 0; i < hashes.size() - rejected; ++i) {
    const bool seen = ids_.insert(hashes[i]) == IdSet::Outcome::seen;
    ++(seen ? tally.duplicates : tally.distinct);
  }
}

void OtlpIntake::reset() {
  ids_ = IdSet(most_ids_);
  tallies_ = {};
  requests_ = faulted_ = 0;
  rejection_credit_ = 0;
}

std::string OtlpIntake::to_json() const {
  return boost::json::serialize(
      boost::json::object{{"requests", requests_},
                          {"faulted_requests", faulted_},
                          {"spans", to_object(of(otlp::Signal::traces))},
                          {"points", to_object(of(otlp::Signal::metrics))},
                          {"logs", to_object(of(otlp::Signal::logs))}});
}

}  // namespace posthaste::tools
