#pragma once

/// OTLP export requests into Application Insights envelopes, one a line, by the pipeline's own way:
///
///   request ──► reader (tools/otlp) ──► record (record_maker.h) ──► EnvelopeEncoder (runtime/wire)
///
/// The input is read twice: once for its defects and for the operation names, so that nothing is
/// written of an input that is not good as a whole, and once for the envelopes.
///
/// Threads: none; blocks as `write` does. Memory: the input is the caller's; beside it one entry a
/// span and one record at a time.

#include "tools/convert/envelope_writer.h"
#include "tools/otlp/request_format.h"

#include <optional>

namespace posthaste::tools {

/// The longest input that is taken; receivers of OTLP refuse far shorter ones.
inline constexpr std::size_t conversion_input_limit = std::size_t{64} << 20;

struct Conversion {
  /// Set: the input is malformed, nothing was written.
  std::optional<otlp::Defect> defect;
  /// The first failure of `write`.
  Result<void> written;
  /// Records that have no envelope, by the encoder's reason.
  std::map<wire::EncodeRefusal, std::uint64_t> refused;
};

/// `format`: empty to recognise it by the content.
Conversion convert(std::string_view input, std::optional<otlp::RequestFormat> format,
                   const EnvelopeSettings& settings, EnvelopeWriter::Write write);

}  // namespace posthaste::tools
