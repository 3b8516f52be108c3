#include "tools/convert/envelope_writer.h"

namespace posthaste::tools {
namespace {

constexpr std::size_t piece = 256 * 1024;

}  // namespace

void EnvelopeWriter::resource(otlp::Signal, const otlp::Resource& resource) {
  model::Resource made = maker_.resource(resource);
  if (encoder_ && made == resource_) return;
  resource_ = std::move(made);
  encoder_.reset();
}

void EnvelopeWriter::scope(const otlp::Scope& scope) {
  scope_name_ = scope.name;
  scope_version_ = scope.version;
}

void EnvelopeWriter::span(const otlp::Span& span) {
  encode(maker_.span(span, names_.of_span(span)));
}

void EnvelopeWriter::log(const otlp::LogRecord& log) {
  encode(maker_.log(log, names_.of_log(log)));
}

void EnvelopeWriter::point(const otlp::Metric& metric, const otlp::MetricPoint& point) {
  encode(maker_.point(metric, point));
}

void EnvelopeWriter::encode(const model::RecordView& record) {
  if (!written_) return;
  if (!encoder_) {
    wire::EncoderContext context;
    context.instrumentation_key = settings_.instrumentation_key;
    context.resource = resource_;
    context.include_scope = settings_.include_scope;
    context.scope_of = [this](std::uint16_t) { return wire::Scope{scope_name_, scope_version_}; };
    encoder_.emplace(std::move(context));
  }
  const wire::EncodeResult result = encoder_->encode(record, lines_);
  if (result.refused != wire::EncodeRefusal::none) ++refused_[result.refused];
  if (lines_.size() >= piece) flush();
}

void EnvelopeWriter::flush() {
  if (written_ && !lines_.empty()) written_ = write_(lines_.view());
  lines_.clear();
}

Result<void> EnvelopeWriter::finish() {
  flush();
  return written_;
}

}  // namespace posthaste::tools
