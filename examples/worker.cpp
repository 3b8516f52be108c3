// A background job: it takes messages, each with the trace of whoever sent it, and works them off.
// Shown here: consumer spans, logs and exceptions that belong to them, a metric with a view, an
// attribute on everything, and what is left out. Where to, the environment says.

#include <posthaste/posthaste.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using Headers = std::map<std::string, std::string>;

struct Message {
  std::string_view body;
  Headers headers;
};

posthaste::Settings settings() {
  return {
      .service_name = "label-printer",
      .logs = {.minimum_severity = posthaste::Severity::info},
      // Of the histogram's attributes only the result is kept: one series for each.
      .metrics = {.views = {{.instrument = "job.duration", .attribute_keys = {{"result"}}}}},
      .span_processors = {{.on_start =
                               [](posthaste::Span& span) {
                                 span.set_attribute("deployment.region", "north");
                               }}},
      .drop = {"poll queue"},  // spans of this name
  };
}

void print(std::string_view label) {
  if (label.empty()) throw std::invalid_argument("the label is empty");
}

class Worker {
public:
  explicit Worker(const posthaste::Telemetry& telemetry)
      : tracer_(telemetry.tracer("label-printer.jobs")),
        log_(telemetry.logger("label-printer.jobs")),
        duration_(telemetry.meter("label-printer.jobs").histogram("job.duration", {.unit = "ms"})),
        propagators_(telemetry.propagators()) {}

  void work_off(const Message& message) const {
    const auto began = std::chrono::steady_clock::now();
    const posthaste::Context sender = propagators_.extract(posthaste::MapGetter(message.headers));
    auto span = tracer_.start_span(
        "process labels",
        {.kind = posthaste::SpanKind::consumer,
         .parent = &sender,
         .attributes = {{"messaging.system", "queue"}, {"messaging.destination.name", "labels"}}});
    const posthaste::Scope scope(span);  // what is logged below belongs to this span
    std::string_view result = "printed";
    try {
      print(message.body);
      log_.info("label printed", {{"label.size", message.body.size()}});
    } catch (const std::exception& exception) {
      result = "failed";
      span.record_exception(exception);  // and the status `error`
      log_.error("label not printed", {{"label.size", message.body.size()}});
    }
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
    duration_.record(took.count(), {{"result", result}, {"queue", "labels"}});
  }

private:
  posthaste::Tracer tracer_;
  posthaste::Logger log_;
  posthaste::Histogram<double> duration_;
  posthaste::Propagators propagators_;
};

/// What the sender does: its trace travels in the headers of the message.
Message send(const posthaste::Telemetry& telemetry, std::string_view body) {
  const auto span =
      telemetry.tracer("shop").start_span("send labels", {.kind = posthaste::SpanKind::producer});
  Message message{body, {}};
  posthaste::MapSetter headers(message.headers);
  telemetry.propagators().inject(span.context(), headers);
  return message;
}

}  // namespace

int main() {
  auto telemetry = posthaste::start(settings());
  const Worker worker(telemetry);
  for (const std::string_view body : std::array{"apples", "", "pears"}) {
    telemetry.tracer("label-printer.jobs").start_span("poll queue").end();  // left out
    worker.work_off(send(telemetry, body));
  }
  const posthaste::FlushReport report = telemetry.shutdown(std::chrono::seconds(5));
  std::printf("delivered %llu records, stored %llu\n",
              static_cast<unsigned long long>(report.delivered()),
              static_cast<unsigned long long>(report.stored()));
  return report.complete ? 0 : 1;
}
