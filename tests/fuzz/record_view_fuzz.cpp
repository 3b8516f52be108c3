// A record's bytes, as a crash or a foreign file may leave them, through the reader and the
// encoders; what they write is read back.

#include "runtime/base/utf8.h"
#include "runtime/model/resource.h"
#include "runtime/wire/envelope_encoder.h"
#include "runtime/wire/json_cursor.h"
#include "runtime/wire/otlp_request.h"
#include "tools/otlp/json_reader.h"
#include "tools/otlp/protobuf_reader.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace model = posthaste::model;
namespace wire = posthaste::wire;

namespace {

wire::EnvelopeEncoder& encoder() {
  static wire::EnvelopeEncoder& value = *[] {
    wire::EncoderContext context;
    context.instrumentation_key = "key";
    context.resource = model::Resource({{"service.name", "fuzz"}});
    context.tick_scale = {0, 0, std::uint64_t{1} << 32};
    context.include_scope = true;
    context.scope_of = [](std::uint16_t) { return wire::Scope{"fuzz", "\xE2\x80\xA8"}; };
    return new wire::EnvelopeEncoder(std::move(context));
  }();
  return value;
}

/// An object with these members, each once, whatever they are.
void check_members(std::string_view line, std::set<std::string, std::less<>> wanted) {
  wire::JsonCursor json(line);
  const bool read = json.object([&](std::string_view key) {
    const auto found = wanted.find(key);
    if (found == wanted.end()) std::abort();
    wanted.erase(found);
    return json.skip();
  });
  if (!read || !json.at_end() || !wanted.empty()) std::abort();
}

void check_lines(std::string_view text, std::uint32_t items) {
  for (; items > 0; --items) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos || end >= wire::item_size_limit) std::abort();
    const std::string_view line = text.substr(0, end);
    check_members(line, {"ver", "name", "iKey", "tags", "time", "sampleRate", "data"});
    for (const std::string_view separator : {"\xE2\x80\xA8", "\xE2\x80\xA9", "\r"}) {
      if (line.find(separator) != std::string_view::npos) std::abort();
    }
    if (!posthaste::is_utf8(line)) std::abort();
    text.remove_prefix(end + 1);
  }
  if (!text.empty()) std::abort();
}

wire::OtlpRequest& otlp(posthaste::OtlpSignal signal, wire::OtlpFormat format) {
  static wire::OtlpRequest* requests[3][2] = {};
  auto*& request = requests[static_cast<int>(signal)][static_cast<int>(format)];
  if (request == nullptr) {
    wire::OtlpContext context;
    context.signal = signal;
    context.format = format;
    context.resource = model::Resource({{"service.name", "fuzz"}});
    context.tick_scale = {0, 0, std::uint64_t{1} << 32};
    request = new wire::OtlpRequest(std::move(context));
  }
  return *request;
}

class Count final : public posthaste::tools::otlp::Visitor {
public:
  void span(const posthaste::tools::otlp::Span&) override { ++items; }
  void log(const posthaste::tools::otlp::LogRecord&) override { ++items; }
  void point(const posthaste::tools::otlp::Metric&,
             const posthaste::tools::otlp::MetricPoint&) override {
    ++items;
  }
  int items = 0;
};

/// Twice the record: two items of one scope, or none at all.
void check_otlp(const model::RecordView& record) {
  using posthaste::OtlpSignal;
  const auto type = record.head().type;
  const OtlpSignal signal = type == model::RecordType::span  ? OtlpSignal::traces
                            : type == model::RecordType::log ? OtlpSignal::logs
                                                             : OtlpSignal::metrics;
  for (const auto format : {wire::OtlpFormat::protobuf, wire::OtlpFormat::json}) {
    wire::OtlpRequest& request = otlp(signal, format);
    request.clear();
    if (request.add(record) != wire::EncodeRefusal::none) continue;
    if (request.add(record) != wire::EncodeRefusal::none) std::abort();
    wire::ByteBuffer scratch;
    const std::string_view out = request.finish(scratch);
    Count count;
    const auto defect = format == wire::OtlpFormat::json
                            ? posthaste::tools::otlp::read_json(out, count)
                            : posthaste::tools::otlp::read_protobuf(
                                  out, static_cast<posthaste::tools::otlp::Signal>(signal), count);
    if (defect) std::fprintf(stderr, "%s\n", defect->to_string().c_str());
    if (defect || count.items != 2) std::abort();
  }
}

/// With a length that fits, so that the fuzzer need not guess it.
std::vector<std::byte> as_record(std::span<const std::byte> input) {
  std::vector<std::byte> bytes(input.begin(), input.end());
  bytes.resize(std::max(bytes.size() & ~std::size_t{7}, sizeof(model::RecordHead)));
  const auto length = static_cast<std::uint32_t>(bytes.size());
  std::memcpy(bytes.data(), &length, sizeof length);
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span input(reinterpret_cast<const std::byte*>(data), size);
  const auto resource = model::Resource::parse(input);
  if (resource && resource->bytes().size() != size) std::abort();
  const std::vector<std::byte> bytes = as_record(input);
  const auto record = model::RecordView::from(bytes);
  if (!record) return 0;
  wire::ByteBuffer out;
  const wire::EncodeResult result = encoder().encode(*record, out);
  check_lines(out.view(), result.items);
  check_otlp(*record);
  return 0;
}
