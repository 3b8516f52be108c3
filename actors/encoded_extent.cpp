#include "actors/encoded_extent.h"

#include "actors/daily_budget.h"
#include "runtime/arena/log.h"
#include "runtime/arena/scopes.h"
#include "runtime/model/metric_point.h"
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

ExtentEncoder::ExtentEncoder(const arena::Arena& arena, const config::FinalOutput& output,
                             std::uint32_t number)
    : arena_(arena), output_(output), number_(number) {
  if (output.kind == config::OutputKind::otlp) {
    requests_.emplace(arena, output);
  } else {
    envelopes_.emplace(arena, output);
  }
}

/// Items of the body, 0 where it cannot be encoded.
std::uint32_t ExtentEncoder::add(const model::RecordView& record) {
  if (request_ == nullptr) return encoder_->encode(record, plain_).items;
  return request_->add(record) == wire::EncodeRefusal::none ? 1 : 0;
}

std::size_t ExtentEncoder::plain_size() const noexcept {
  return request_ == nullptr ? plain_.size() : request_->size();
}

Result<void> ExtentEncoder::compress(EncodedExtent& extent) {
  const bool gzip = request_ == nullptr || output_.otlp.gzip;
  if (request_ != nullptr) {
    request_->finish(plain_);
    extent.kind = wire::otlp_body_kind(format_of(output_.otlp), gzip);
  }
  extent.plain_bytes = plain_.size();
  if (gzip) {
    if (auto done = compressor_.gzip(plain_.bytes(), body_); !done) return done;
  }
  extent.body = gzip ? body_.bytes() : plain_.bytes();
  return {};
}

Result<EncodedExtent> ExtentEncoder::encode(std::uint64_t begin, std::uint32_t most_items,
                                            double part) {
  if (envelopes_) encoder_ = &envelopes_->current();
  if (requests_) request_ = &requests_->current();
  if (encoder_ != nullptr) encoder_->set_part(part > 0 ? part : 1);
  plain_.clear();
  body_.clear();
  map_bytes_.clear();
  map_.clear();
  arena::LogCursor cursor(arena_, begin);
  EncodedExtent extent{.begin = begin, .end = begin};
  std::uint32_t passed = 0;
  while (extent.items < most_items && plain_size() < most_plain_bytes && passed < most_passed) {
    const model::RecordHead* record = cursor.next();
    if (record == nullptr) break;
    const model::Signal signal = model::signal_of(*record);
    const bool ours = takes(output_, *record, number_);
    if (!ours || (part < 1 && !in_part(*record, part))) {
      ++passed;
      ++(ours ? extent.left_out : extent.for_others)[signal];
      extent.end = cursor.position();
      continue;
    }
    const auto view =
        model::RecordView::from({reinterpret_cast<const std::byte*>(record), record->length()});
    const std::uint32_t items = view ? add(*view) : 0;
    if (items == 0 || !map_.add(items, wire::OwnLine::here, signal)) {
      ++extent.not_encoded[signal];
    } else {
      ++extent.records;
      ++extent.signals[signal];
      extent.items += items;
    }
    extent.end = cursor.position();
  }
  if (extent.records == 0) return extent;
  if (auto done = compress(extent); !done) return std::move(done).error();
  map_.append_to(map_bytes_);
  extent.map = map_bytes_.bytes();
  return extent;
}

}  // namespace posthaste::actors
