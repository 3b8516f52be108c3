#include "tools/emulator/otlp_reply.h"

#include <boost/json.hpp>

#include <cstdint>

namespace posthaste::tools {
namespace {

std::string quoted(std::string_view text) {
  return boost::json::serialize(boost::json::string_view(text.data(), text.size()));
}

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

void put_number(std::string& out, char tag, std::uint64_t value) {
  if (value == 0) return;
  out.push_back(tag);
  put_varint(out, value);
}

void put_text(std::string& out, char tag, std::string_view text) {
  if (text.empty()) return;
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

Reply as(OtlpFormat format, unsigned status, std::string body) {
  Reply reply{status, std::move(body), {}};
  reply.content_type = format == OtlpFormat::json ? "application/json" : "application/x-protobuf";
  return reply;
}

Reply plain(unsigned status, std::string text) {
  Reply reply{status, std::move(text), {}};
  reply.content_type = "text/plain";
  return reply;
}

/// https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md, but for 400 and 429.
unsigned grpc_code_of(unsigned status) noexcept {
  switch (status) {
    case 400: return 3;   // INVALID_ARGUMENT
    case 401: return 16;  // UNAUTHENTICATED
    case 403: return 7;   // PERMISSION_DENIED
    case 404: return 12;  // UNIMPLEMENTED
    case 429: return 8;   // RESOURCE_EXHAUSTED
    case 500: return 13;  // INTERNAL
    case 502:
    case 503:
    case 504: return 14;  // UNAVAILABLE
    default: return 2;    // UNKNOWN
  }
}

}  // namespace

OtlpFormat otlp_format_of(std::string_view content_type) noexcept {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  if (type == "application/x-protobuf") return OtlpFormat::protobuf;
  return type == "application/json" ? OtlpFormat::json : OtlpFormat::unknown;
}

Reply otlp_refusal(OtlpFormat format, unsigned status, std::string_view message) {
  const unsigned code = grpc_code_of(status);
  if (format == OtlpFormat::json) {
    return as(format, status,
              R"({"code":)" + std::to_string(code) + R"(,"message":)" + quoted(message) + '}');
  }
  std::string body;
  put_number(body, 0x08, code);
  put_text(body, 0x12, message);
  return as(format, status, std::move(body));
}

Reply otlp_wrong_type() {
  return plain(415,
               "415 unsupported media type, supported: [application/json, "
               "application/x-protobuf]");
}

Reply otlp_wrong_method() {
  return plain(405, "405 method not allowed, supported: [POST]");
}

Reply otlp_success(OtlpFormat format) {
  return as(format, 200, format == OtlpFormat::json ? R"({"partialSuccess":{}})" : "");
}

Reply otlp_success(OtlpFormat format, otlp::Signal signal, const OtlpPartial& partial) {
  if (format == OtlpFormat::json) {
    return as(format, 200,
              R"({"partialSuccess":{")" + std::string(rejected_name(signal)) + R"(":")" +
                  std::to_string(partial.rejected) + R"(","errorMessage":)" +
                  quoted(partial.message) + "}}");
  }
  std::string part;
  put_number(part, 0x08, static_cast<std::uint64_t>(partial.rejected));
  put_text(part, 0x12, partial.message);
  std::string body;
  put_text(body, 0x0A, part);
  return as(format, 200, std::move(body));
}

}  // namespace posthaste::tools
