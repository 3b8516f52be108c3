#include "tools/otlp/request_format.h"

#include "tools/otlp/json_reader.h"
#include "tools/otlp/protobuf_reader.h"

#include <protozero/pbf_reader.hpp>

namespace posthaste::tools::otlp {
namespace {

using Type = protozero::pbf_wire_type;

/// Which signals an item may belong to.
struct Candidates {
  bool traces = true;
  bool metrics = true;
  bool logs = true;

  int count() const noexcept { return int{traces} + int{metrics} + int{logs}; }
};

bool is_span_field(std::uint32_t number, Type type, std::size_t length) noexcept {
  switch (number) {
    case 1: return type == Type::length_delimited && (length == 16 || length == 0);
    case 2:
    case 4: return type == Type::length_delimited && (length == 8 || length == 0);
    case 6:
    case 10:
    case 12:
    case 14: return type == Type::varint;
    case 7:
    case 8: return type == Type::fixed64;
    case 16: return type == Type::fixed32;
    default: return number > 16 || type == Type::length_delimited;
  }
}

bool is_metric_field(std::uint32_t number, Type type) noexcept {
  if (number > 12) return number > 16;  // 13 to 16: a span's
  return number != 4 && number != 6 && number != 8 && type == Type::length_delimited;
}

bool is_log_field(std::uint32_t number, Type type, std::size_t length) noexcept {
  switch (number) {
    case 1:
    case 11: return type == Type::fixed64;
    case 2:
    case 7: return type == Type::varint;
    case 3:
    case 5:
    case 6:
    case 12: return type == Type::length_delimited;
    case 8: return type == Type::fixed32;
    case 9: return type == Type::length_delimited && (length == 16 || length == 0);
    case 10: return type == Type::length_delimited && (length == 8 || length == 0);
    default: return number > 16;
  }
}

void narrow(protozero::pbf_reader item, Candidates& candidates) {
  while (item.next()) {
    const std::uint32_t number = item.tag();  // gone once the field is consumed
    const Type type = item.wire_type();
    std::size_t length = 0;
    if (type == Type::length_delimited) {
      length = item.get_view().size();
    } else {
      item.skip();
    }
    candidates.traces = candidates.traces && is_span_field(number, type, length);
    candidates.metrics = candidates.metrics && is_metric_field(number, type);
    candidates.logs = candidates.logs && is_log_field(number, type, length);
  }
}

/// Calls `f(message)` for each field `number` of `message` that is one.
template <class F>
void for_each_message(protozero::pbf_reader message, std::uint32_t number, F&& f) {
  while (message.next()) {
    if (message.tag() == number && message.wire_type() == Type::length_delimited) {
      f(message.get_message());
    } else {
      message.skip();
    }
  }
}

RequestFormat recognise_protobuf(std::string_view input) noexcept {
  Candidates candidates;
  bool items = false;
  try {
    for_each_message(protozero::pbf_reader(input.data(), input.size()), 1, [&](auto resource) {
      for_each_message(resource, 2, [&](auto scope) {
        for_each_message(scope, 2, [&](auto item) {
          items = true;
          narrow(item, candidates);
        });
      });
    });
  } catch (const protozero::exception&) {
    // What was seen so far must do; the reader says where it breaks off.
    if (candidates.count() != 1) return RequestFormat::protobuf_traces;
  }
  if (!items || candidates.count() == 0) return RequestFormat::protobuf_traces;
  if (candidates.count() > 1) return RequestFormat::ambiguous;
  if (candidates.traces) return RequestFormat::protobuf_traces;
  return candidates.metrics ? RequestFormat::protobuf_metrics : RequestFormat::protobuf_logs;
}

bool has_control_character(std::string_view text) noexcept {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') return true;
  }
  return false;
}

}  // namespace

RequestFormat recognise_format(std::string_view input) noexcept {
  const std::size_t first = input.find_first_not_of(" \t\r\n");
  const bool brace = first != std::string_view::npos && input[first] == '{';
  if (brace && (input.front() != '\n' || !has_control_character(input))) return RequestFormat::json;
  if (!has_control_character(input)) return RequestFormat::unknown;
  return recognise_protobuf(input);
}

std::optional<Defect> read_request(std::string_view input, RequestFormat format, Visitor& visitor) {
  switch (format) {
    case RequestFormat::json: return read_json(input, visitor);
    case RequestFormat::protobuf_traces: return read_protobuf(input, Signal::traces, visitor);
    case RequestFormat::protobuf_metrics: return read_protobuf(input, Signal::metrics, visitor);
    case RequestFormat::protobuf_logs: return read_protobuf(input, Signal::logs, visitor);
    case RequestFormat::unknown: break;
    case RequestFormat::ambiguous:
      return Defect{0, {}, "protobuf that may be traces, metrics or logs: say which"};
  }
  return Defect{0, {}, input.empty() ? "empty" : "neither OTLP/JSON nor an OTLP protobuf request"};
}

}  // namespace posthaste::tools::otlp
