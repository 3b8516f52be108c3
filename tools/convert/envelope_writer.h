#pragma once

/// Second pass of the conversion: makes a record of each item, encodes it as the pipeline does, and
/// hands the lines on in pieces of some 256 KiB.
///
/// Threads: none. Memory: one record, one piece, one encoder (made anew for each resource).

#include "tools/convert/operation_names.h"
#include "tools/convert/record_maker.h"
#include "tools/otlp/visitor.h"

#include "runtime/wire/envelope_encoder.h"

#include <posthaste/result.h>

#include <functional>
#include <map>
#include <string>

namespace posthaste::tools {

/// What the envelopes are made with, beside the input.
struct EnvelopeSettings {
  std::string instrumentation_key;
  bool include_scope = false;  // properties otel.scope.name and otel.scope.version
};

class EnvelopeWriter final : public otlp::Visitor {
public:
  using Write = std::function<Result<void>(std::string_view)>;

  EnvelopeWriter(const EnvelopeSettings& settings, const OperationNames& names, Write write)
      : settings_(settings), names_(names), write_(std::move(write)) {}

  void resource(otlp::Signal signal, const otlp::Resource& resource) override;
  void scope(const otlp::Scope& scope) override;
  void span(const otlp::Span& span) override;
  void log(const otlp::LogRecord& log) override;
  void point(const otlp::Metric& metric, const otlp::MetricPoint& point) override;

  /// Hands on what is left; the first failure of `write`, if there was one.
  Result<void> finish();
  /// How many records were left out, by the encoder's reason.
  const std::map<wire::EncodeRefusal, std::uint64_t>& refused() const noexcept { return refused_; }

private:
  void encode(const model::RecordView& record);
  void flush();

  const EnvelopeSettings& settings_;
  const OperationNames& names_;
  Write write_;
  RecordMaker maker_;
  model::Resource resource_;
  std::string scope_name_;
  std::string scope_version_;
  std::optional<wire::EnvelopeEncoder> encoder_;  // for resource_
  wire::ByteBuffer lines_;
  Result<void> written_;
  std::map<wire::EncodeRefusal, std::uint64_t> refused_;
};

}  // namespace posthaste::tools
