#include "actors/encoded_extent.h"

#include "runtime/arena/scopes.h"
#include "runtime/wire/otlp_values.h"

#include <new>

namespace posthaste::actors {
namespace {

/// What the OTLP specification lets a request have; a record takes at most eight times its size.
constexpr std::size_t otlp_request_limit = 64 * 1024 * 1024;
static_assert(ExtentEncoder::most_plain_bytes + 3 * wire::otlp_bound(model::record_size_limit) <
              otlp_request_limit);

/// Of a dead process it may be damaged: then its items carry no resource.
model::Resource resource_of(const arena::Arena& arena) {
  auto resource = model::Resource::parse(arena.resource());
  return resource ? std::move(*resource) : model::Resource{};
}

std::function<wire::Scope(std::uint16_t)> scopes_of(const arena::Arena& arena) {
  return [arena](std::uint16_t index) {
    const arena::Scope scope = arena::scope_at(arena, index);
    return wire::Scope{scope.name, scope.version, scope.schema_url};
  };
}

wire::OtlpFormat format_of(const config::OtlpDestination& destination) noexcept {
  return destination.protocol == OtlpProtocol::http_json ? wire::OtlpFormat::json
                                                         : wire::OtlpFormat::protobuf;
}

wire::OtlpContext otlp_context(const arena::Arena& arena, const config::FinalOutput& output) {
  wire::OtlpContext context;
  context.signal = output.otlp.signal;
  context.format = format_of(output.otlp);
  context.resource = resource_of(arena);
  context.tick_scale = arena.tick_scale();
  context.sampling_hash = output.otlp.sampling_hash;
  context.scope_of = scopes_of(arena);
  return context;
}

}  // namespace

wire::EncoderContext encoder_context(const arena::Arena& arena, const config::FinalOutput& output,
                                     bool marks_measured) {
  wire::EncoderContext context;
  context.instrumentation_key = output.kind == config::OutputKind::console
                                    ? "console"
                                    : std::string(output.instrumentation_key.reveal());
  context.include_scope = output.include_scope;
  context.marks_measured = marks_measured;
  context.standard_dimensions = true;
  context.resource = resource_of(arena);
  context.tick_scale = arena.tick_scale();
  context.scope_of = scopes_of(arena);
  return context;
}

ArenaEncoder::ArenaEncoder(const arena::Arena& arena, const config::FinalOutput& output)
    : arena_(arena),
      output_(output),
      revision_(arena.resource_revision()),
      encoder_(std::make_unique<wire::EnvelopeEncoder>(encoder_context(arena, output, false))) {}

void ArenaEncoder::mark_measured() {
  marks_measured_ = true;
  encoder_ = std::make_unique<wire::EnvelopeEncoder>(encoder_context(arena_, output_, true));
}

wire::EnvelopeEncoder& ArenaEncoder::current() noexcept {
  const std::uint32_t revision = arena_.resource_revision();
  if (revision != revision_) {
    try {
      encoder_ = std::make_unique<wire::EnvelopeEncoder>(
          encoder_context(arena_, output_, marks_measured_));
      revision_ = revision;
    } catch (const std::bad_alloc&) {
      // The next call tries again.
    }
  }
  encoder_->set_tick_scale(arena_.tick_scale());
  return *encoder_;
}

ArenaOtlpRequest::ArenaOtlpRequest(const arena::Arena& arena, const config::FinalOutput& output)
    : arena_(arena),
      output_(output),
      revision_(arena.resource_revision()),
      request_(std::make_unique<wire::OtlpRequest>(otlp_context(arena, output))) {}

wire::OtlpRequest& ArenaOtlpRequest::current() noexcept {
  const std::uint32_t revision = arena_.resource_revision();
  if (revision != revision_) {
    try {
      request_ = std::make_unique<wire::OtlpRequest>(otlp_context(arena_, output_));
      revision_ = revision;
    } catch (const std::bad_alloc&) {
      // The next call tries again.
    }
  }
  request_->set_tick_scale(arena_.tick_scale());
  request_->clear();
  return *request_;
}

ExtentEncoder::ExtentEncoder(const arena::Arena& arena, const config::FinalOutput& output)
    : output_(output) {
  if (output.kind == config::OutputKind::otlp) {
    requests_.emplace(arena, output);
  } else {
    envelopes_.emplace(arena, output);
  }
}

/// Records of one signal that follow each other: `encoded` of them take `lines` each.
void ExtentEncoder::count(EncodedExtent& extent, model::Signal signal, std::uint32_t lines,
                          std::size_t encoded, std::size_t refused) {
  const auto records = static_cast<std::uint32_t>(encoded);
  if (map_.add(lines, wire::OwnLine::here, signal, records)) {
    extent.records += records;
    extent.signals[signal] += records;
    extent.items += lines * records;
  } else {
    refused += encoded;
  }
  extent.not_encoded[signal] += refused;
}

/// Gives to how many of the records it came.
std::size_t ExtentEncoder::add_lines(wire::EnvelopeEncoder& encoder, Records records,
                                     EncodedExtent& extent) {
  std::size_t seen = 0;
  for (; seen < records.size() && plain_.size() < most_plain_bytes; ++seen) {
    const auto view = model::RecordView::from(records[seen].bytes());
    const std::uint32_t lines = view ? encoder.encode(*view, plain_).items : 0;
    count(extent, model::signal_of(records[seen].head()), lines, lines > 0 ? 1 : 0,
          lines > 0 ? 0 : 1);
  }
  return seen;
}

/// The same; what one signal has side by side is counted once for all.
std::size_t ExtentEncoder::add_items(wire::OtlpRequest& request, Records records,
                                     EncodedExtent& extent) {
  std::size_t seen = 0;
  while (seen < records.size() && request.size() < most_plain_bytes) {
    const model::Signal signal = model::signal_of(records[seen].head());
    std::size_t end = seen + 1;
    while (end < records.size() && model::signal_of(records[end].head()) == signal) ++end;
    const std::uint32_t before = request.items();
    const std::size_t added = request.add(records.subspan(seen, end - seen), most_plain_bytes);
    const std::size_t encoded = request.items() - before;
    count(extent, signal, 1, encoded, added - encoded);
    seen += added;
  }
  return seen;
}

Result<void> ExtentEncoder::compress(EncodedExtent& extent, std::string_view plain, bool gzip) {
  extent.body = std::as_bytes(std::span(plain));
  extent.plain_bytes = plain.size();
  if (!gzip) return {};
  body_.clear();
  if (auto done = compressor_.gzip(extent.body, body_); !done) return done;
  extent.body = body_.bytes();
  return {};
}

Result<EncodedExtent> ExtentEncoder::encode(LogStretch& stretch) {
  plain_.clear();
  map_bytes_.clear();
  map_.clear();
  EncodedExtent extent;
  std::size_t seen = 0;
  std::string_view plain;
  const bool gzip = !requests_ || output_.otlp.gzip;
  if (requests_) {
    wire::OtlpRequest& request = requests_->current();
    seen = add_items(request, stretch.records(), extent);
    plain = request.finish(plain_);
    extent.kind = wire::otlp_body_kind(format_of(output_.otlp), gzip);
  } else {
    wire::EnvelopeEncoder& encoder = envelopes_->current();
    encoder.set_part(stretch.part() > 0 ? stretch.part() : 1);
    seen = add_lines(encoder, stretch.records(), extent);
    plain = plain_.view();
  }
  if (seen < stretch.records().size()) stretch.cut(seen);
  extent.begin = stretch.extent().begin;
  extent.end = stretch.extent().end;
  extent.left_out = stretch.left_out();
  extent.for_others = stretch.for_others();
  if (extent.records == 0) return extent;
  if (auto done = compress(extent, plain, gzip); !done) return std::move(done).error();
  map_.append_to(map_bytes_);
  extent.map = map_bytes_.bytes();
  return extent;
}

}  // namespace posthaste::actors
