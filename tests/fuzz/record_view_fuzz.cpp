// A record's bytes, as a crash or a foreign file may leave them, through the reader and the
// encoder.

#include "runtime/base/utf8.h"
#include "runtime/model/resource.h"
#include "runtime/wire/envelope_encoder.h"
#include "runtime/wire/json_cursor.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
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
    return new wire::EnvelopeEncoder(std::move(context));
  }();
  return value;
}

void check_lines(std::string_view text, std::uint32_t items) {
  for (; items > 0; --items) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos || end >= wire::item_size_limit) std::abort();
    wire::JsonCursor json(text.substr(0, end));
    if (!json.skip() || !json.at_end() || !posthaste::is_utf8(text.substr(0, end))) std::abort();
    text.remove_prefix(end + 1);
  }
  if (!text.empty()) std::abort();
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
  return 0;
}
