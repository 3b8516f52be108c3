#include "actors/encoded_extent.h"

#include "actors/daily_budget.h"
#include "runtime/arena/log.h"
#include "runtime/arena/scopes.h"
#include "runtime/model/metric_point.h"

#include <new>

namespace posthaste::actors {
namespace {

/// Of a dead process it may be damaged: then its items carry no resource.
model::Resource resource_of(const arena::Arena& arena) {
  auto resource = model::Resource::parse(arena.resource());
  return resource ? std::move(*resource) : model::Resource{};
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
  context.scope_of = [arena](std::uint16_t index) {
    const arena::Scope scope = arena::scope_at(arena, index);
    return wire::Scope{scope.name, scope.version};
  };
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

ExtentEncoder::ExtentEncoder(const arena::Arena& arena, const config::FinalOutput& output,
                             std::uint32_t number)
    : arena_(arena), number_(number), encoder_(arena, output) {}

Result<EncodedExtent> ExtentEncoder::encode(std::uint64_t begin, std::uint32_t most_items,
                                            double part) {
  wire::EnvelopeEncoder& encoder = encoder_.current();
  encoder.set_part(part > 0 ? part : 1);
  plain_.clear();
  body_.clear();
  map_bytes_.clear();
  map_.clear();
  arena::LogCursor cursor(arena_, begin);
  EncodedExtent extent{.begin = begin, .end = begin};
  std::uint32_t passed = 0;
  while (extent.items < most_items && plain_.size() < most_plain_bytes && passed < most_passed) {
    const model::RecordHead* record = cursor.next();
    if (record == nullptr) break;
    const model::Signal signal = model::signal_of(*record);
    const bool ours = model::is_for(*record, number_);
    if (!ours || !in_part(*record, part)) {
      ++passed;
      ++(ours ? extent.left_out : extent.for_others)[signal];
      extent.end = cursor.position();
      continue;
    }
    const auto view =
        model::RecordView::from({reinterpret_cast<const std::byte*>(record), record->length()});
    const wire::EncodeResult lines = view ? encoder.encode(*view, plain_) : wire::EncodeResult{};
    if (lines.items == 0 || !map_.add(lines.items, wire::OwnLine::here, signal)) {
      ++extent.not_encoded[signal];
    } else {
      ++extent.records;
      ++extent.signals[signal];
      extent.items += lines.items;
    }
    extent.end = cursor.position();
  }
  extent.plain_bytes = plain_.size();
  if (extent.records == 0) return extent;
  if (auto done = compressor_.gzip(plain_.bytes(), body_); !done) return std::move(done).error();
  map_.append_to(map_bytes_);
  extent.body = body_.bytes();
  extent.map = map_bytes_.bytes();
  return extent;
}

}  // namespace posthaste::actors
