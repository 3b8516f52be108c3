#pragma once

/// The encoder of one output over a log: of a stretch of it as many records as fit in a batch become
/// one compressed body with its item map. Used by the batcher on its own log, and by whoever
/// adopts a dead process's arena, on that one's.
///
/// Threads: one owner. Blocking: 1 to 2 ms an extent. Memory: about 2 MiB of buffers, kept.
/// Exceptions: std::bad_alloc of its buffers, before anything is changed.

#include "actors/log_stretch.h"
#include "runtime/arena/arena.h"
#include "runtime/config/final_output.h"
#include "runtime/wire/body_kind.h"
#include "runtime/wire/envelope_encoder.h"
#include "runtime/wire/gzip.h"
#include "runtime/wire/item_map.h"
#include "runtime/wire/otlp_request.h"

#include <posthaste/result.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace posthaste::actors {

struct EncodedExtent {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint32_t records = 0;             // in the body
  model::SignalCounts signals = {};      // the same
  model::SignalCounts not_encoded = {};  // refused by the encoder
  model::SignalCounts left_out = {};     // not in the part that is kept
  model::SignalCounts for_others = {};   // what only other outputs take
  std::uint32_t items = 0;
  std::uint64_t plain_bytes = 0;         // of the body, before compression
  std::span<const std::byte> body = {};  // until the next call; empty when no record was encoded
  std::span<const std::byte> map = {};
  wire::BodyKind kind = wire::BodyKind::track_gzip;

  /// All records of the extent.
  model::SignalCounts all() const noexcept { return signals + not_encoded + left_out + for_others; }
};

/// What the encoder must know of an arena (its resource, scopes and tick scale) and of an output.
/// `marks_measured`: what the standard metrics count says so.
wire::EncoderContext encoder_context(const arena::Arena& arena, const config::FinalOutput& output,
                                     bool marks_measured);

/// An encoder that says of an arena what holds now: it is made anew when the resource has changed.
/// `output` must outlive it.
class ArenaEncoder {
public:
  ArenaEncoder(const arena::Arena& arena, const config::FinalOutput& output);
  /// From now on, what the standard metrics count says so. May throw std::bad_alloc.
  void mark_measured();
  /// Valid until the next call. Without memory for a new one it is the old one still.
  wire::EnvelopeEncoder& current() noexcept;

private:
  arena::Arena arena_;
  const config::FinalOutput& output_;
  bool marks_measured_ = false;
  std::uint32_t revision_;  // of the resource that the encoder has, or of an earlier one
  std::unique_ptr<wire::EnvelopeEncoder> encoder_;
};

/// The same for an OTLP request.
class ArenaOtlpRequest {
public:
  ArenaOtlpRequest(const arena::Arena& arena, const config::FinalOutput& output);
  /// Emptied. Without memory for a new one it is the old one still.
  wire::OtlpRequest& current() noexcept;

private:
  arena::Arena arena_;
  const config::FinalOutput& output_;
  std::uint32_t revision_;
  std::unique_ptr<wire::OtlpRequest> request_;
};

class ExtentEncoder {
public:
  static constexpr std::size_t most_plain_bytes = 1024 * 1024;

  /// Resource, scopes and tick scale are the arena's own. `output` must outlive it.
  ExtentEncoder(const arena::Arena& arena, const config::FinalOutput& output);
  /// As of ArenaEncoder. Not for what a dead process left: what it had counted and not sent is
  /// gone, and the service counts those items.
  void mark_measured() {
    if (envelopes_) envelopes_->mark_measured();
  }

  /// The whole stretch, or until the body has `most_plain_bytes`: then the stretch is cut there.
  /// What it keeps of its records stands for what it leaves out, too.
  Result<EncodedExtent> encode(LogStretch& stretch);

private:
  using Records = std::span<const model::RecordView>;
  std::size_t add_lines(wire::EnvelopeEncoder& encoder, Records records, EncodedExtent& extent);
  std::size_t add_items(wire::OtlpRequest& request, Records records, EncodedExtent& extent);
  void count(EncodedExtent& extent, model::Signal signal, std::uint32_t lines, std::size_t encoded,
             std::size_t refused);
  Result<void> compress(EncodedExtent& extent, std::string_view plain, bool gzip);

  const config::FinalOutput& output_;
  std::optional<ArenaEncoder> envelopes_;     // of Application Insights
  std::optional<ArenaOtlpRequest> requests_;  // of OTLP
  wire::Compressor compressor_;
  wire::ByteBuffer plain_;
  wire::ByteBuffer body_;
  wire::ByteBuffer map_bytes_;
  wire::ItemMap map_;
};

}  // namespace posthaste::actors
