#include "tests/fuzz/otlp_conversion.h"

#include "runtime/base/utf8.h"
#include "tests/tools/otlp/protobuf_request.h"
#include "tests/tools/otlp/transcript.h"
#include "tools/convert/conversion.h"
#include "tools/json_cursor.h"

#include <cstdlib>

namespace posthaste::fuzz {
namespace {

using tools::otlp::RequestFormat;
using tools::otlp::Signal;
using tools::otlp::testing::ProtobufRequest;
using tools::otlp::testing::Transcript;

/// Hands on what belongs to one signal.
class OnlyOf final : public tools::otlp::Visitor {
public:
  OnlyOf(Signal signal, Visitor& next) noexcept : signal_(signal), next_(next) {}

  void resource(Signal signal, const tools::otlp::Resource& resource) override {
    wanted_ = signal == signal_;
    if (wanted_) next_.resource(signal, resource);
  }
  void scope(const tools::otlp::Scope& scope) override {
    if (wanted_) next_.scope(scope);
  }
  void span(const tools::otlp::Span& span) override {
    if (wanted_) next_.span(span);
  }
  void log(const tools::otlp::LogRecord& log) override {
    if (wanted_) next_.log(log);
  }
  void point(const tools::otlp::Metric& metric, const tools::otlp::MetricPoint& point) override {
    if (wanted_) next_.point(metric, point);
  }

private:
  Signal signal_;
  Visitor& next_;
  bool wanted_ = false;
};

RequestFormat protobuf_of(Signal signal) noexcept {
  switch (signal) {
    case Signal::traces: return RequestFormat::protobuf_traces;
    case Signal::metrics: return RequestFormat::protobuf_metrics;
    case Signal::logs: break;
  }
  return RequestFormat::protobuf_logs;
}

void check_line(std::string_view line) {
  tools::JsonCursor json(line);
  if (!json.skip() || !json.at_end() || !is_utf8(line)) std::abort();
}

}  // namespace

bool check_conversion(std::string_view input, RequestFormat format) {
  std::string text;
  const tools::Conversion done =
      tools::convert(input, format, {"key"}, [&](std::string_view piece) -> Result<void> {
        text += piece;
        return {};
      });
  if (done.defect) {
    const std::string said = done.defect->to_string();
    if (!text.empty() || done.defect->offset > input.size() || done.defect->reason.empty() ||
        said.find('\n') != std::string::npos) {
      std::abort();
    }
    return false;
  }
  std::size_t lines = 0;
  for (std::string_view rest = text; !rest.empty(); ++lines) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) std::abort();
    check_line(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  Transcript told;
  if (tools::otlp::read_request(input, format, told)) std::abort();
  const bool all = done.refused.empty();
  if (all ? lines != told.items() : lines >= told.items()) std::abort();
  return true;
}

void check_way_back(std::string_view input, RequestFormat format, Signal signal) {
  Transcript told;
  ProtobufRequest request(signal);
  OnlyOf only(signal, told);
  if (tools::otlp::read_request(input, format, only)) std::abort();
  if (tools::otlp::read_request(input, format, request)) std::abort();
  Transcript again;
  if (tools::otlp::read_request(request.finish(), protobuf_of(signal), again)) std::abort();
  if (told.text() != again.text()) std::abort();
}

}  // namespace posthaste::fuzz
