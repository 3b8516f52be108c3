#include "actors/self_metrics.h"

#include "actors/durable.h"
#include "runtime/arena/open_spans.h"
#include "runtime/http/url.h"

#include <algorithm>
#include <new>

namespace posthaste::actors {
namespace {

using model::Signal;

/// A queue is bounded by bytes; told in records of this size where no setting counts them.
constexpr std::uint64_t nominal_record = 1024;
constexpr std::array duration_bounds{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25,
                                     0.5,   0.75, 1.0,   2.5,  5.0,   7.5, 10.0};

std::int64_t as_value(std::uint64_t count) noexcept {
  return static_cast<std::int64_t>(count);
}

double as_seconds(std::chrono::nanoseconds time) noexcept {
  return std::chrono::duration<double>(time).count();
}

std::string_view exporter_type(config::OutputKind kind) noexcept {
  if (kind == config::OutputKind::azure_monitor) return "azure_monitor_exporter";
  if (kind == config::OutputKind::console) return "console_exporter";
  if (kind == config::OutputKind::local) return "local_exporter";
  return "otlp_http_exporter";
}

void observe(metrics::Instrument& to, std::uint64_t value, const std::vector<Attribute>& attributes,
             std::uint64_t collection) noexcept {
  to.observe(as_value(value), Attributes(std::span<const Attribute>(attributes)), collection);
}

/// Of a count that most never have: nothing is sent before there is one.
void observe_some(metrics::Instrument& to, std::uint64_t value, std::vector<Attribute> attributes,
                  const Attribute& more, std::uint64_t collection) {
  if (value == 0) return;
  attributes.push_back(more);
  observe(to, value, attributes, collection);
}

}  // namespace

struct SelfMetrics::Definition {
  const char* name;
  const char* unit;
  const char* description;
  InstrumentKind kind;
  Observe observe;
  Signal signal = Signal::unknown;
  // of requests
  std::vector<StatusCount> RequestStatistics::*by_status = nullptr;
  std::uint64_t RequestStatistics::*count = nullptr;
};

constexpr auto counter = InstrumentKind::observable_counter;
constexpr auto level = InstrumentKind::observable_up_down_counter;

const SelfMetrics::Definition SelfMetrics::definitions[] = {
    {"otel.sdk.span.live", "{span}", "Recording spans that have not ended", level,
     &SelfMetrics::observe_live},
    {"otel.sdk.span.started", "{span}", "Spans that began, sampled or not", counter,
     &SelfMetrics::observe_started},
    {"otel.sdk.processor.span.queue.size", "{span}", "Ended spans that are not encoded yet", level,
     &SelfMetrics::observe_queue, Signal::span},
    {"otel.sdk.processor.span.queue.capacity", "{span}", "Spans that may wait", level,
     &SelfMetrics::observe_capacity, Signal::span},
    {"otel.sdk.processor.span.processed", "{span}", "Spans that were encoded, or had no room",
     counter, &SelfMetrics::observe_processed, Signal::span},
    {"otel.sdk.exporter.span.inflight", "{span}", "Encoded spans in memory, not delivered yet",
     level, &SelfMetrics::observe_inflight, Signal::span},
    {"otel.sdk.exporter.span.exported", "{span}", "Spans that were delivered, or dropped", counter,
     &SelfMetrics::observe_exported, Signal::span},
    {"otel.sdk.log.created", "{log_record}", "Log records that were emitted", counter,
     &SelfMetrics::observe_logs_created},
    {"otel.sdk.processor.log.queue.size", "{log_record}", "Log records that are not encoded yet",
     level, &SelfMetrics::observe_queue, Signal::log},
    {"otel.sdk.processor.log.queue.capacity", "{log_record}", "Log records that may wait", level,
     &SelfMetrics::observe_capacity, Signal::log},
    {"otel.sdk.processor.log.processed", "{log_record}",
     "Log records that were encoded, or had no room", counter, &SelfMetrics::observe_processed,
     Signal::log},
    {"otel.sdk.exporter.log.inflight", "{log_record}",
     "Encoded log records in memory, not delivered yet", level, &SelfMetrics::observe_inflight,
     Signal::log},
    {"otel.sdk.exporter.log.exported", "{log_record}",
     "Log records that were delivered, or dropped", counter, &SelfMetrics::observe_exported,
     Signal::log},
    {"otel.sdk.exporter.metric_data_point.inflight", "{data_point}",
     "Encoded metric points in memory, not delivered yet", level, &SelfMetrics::observe_inflight,
     Signal::metric_point},
    {"otel.sdk.exporter.metric_data_point.exported", "{data_point}",
     "Metric points that were delivered, or dropped", counter, &SelfMetrics::observe_exported,
     Signal::metric_point},
    // Statsbeat's measures, under Statsbeat's names
    {"Request_Success_Count", "", "Requests of which all or some items were taken", counter,
     &SelfMetrics::observe_requests, Signal::unknown, nullptr, &RequestStatistics::succeeded},
    {"Request_Failure_Count", "", "Requests that were refused for good", counter,
     &SelfMetrics::observe_requests, Signal::unknown, &RequestStatistics::failed},
    {"Request_Duration", "ms", "Mean time until an answer, in the interval",
     InstrumentKind::observable_gauge, &SelfMetrics::observe_request_duration},
    {"Retry_Count", "", "Requests that are to be sent again", counter,
     &SelfMetrics::observe_requests, Signal::unknown, &RequestStatistics::retried},
    {"Throttle_Count", "", "Requests that are to be sent again later: 402, 429, 439", counter,
     &SelfMetrics::observe_requests, Signal::unknown, &RequestStatistics::throttled},
    {"Exception_Count", "", "Requests without an answer", counter, &SelfMetrics::observe_requests},
    {"Read_Failure_Count", "", "Batches that could not be read from the store", counter,
     &SelfMetrics::observe_requests, Signal::unknown, nullptr,
     &RequestStatistics::store_read_failures},
    {"Write_Failure_Count", "", "Batches that could not be written to the store", counter,
     &SelfMetrics::observe_requests, Signal::unknown, nullptr,
     &RequestStatistics::store_write_failures},
    {"Item_Dropped_Count", "", "Records that will not be delivered", counter,
     &SelfMetrics::observe_items_dropped},
};

SelfMetrics::SelfMetrics(Durable& durable, std::uint16_t scope)
    : durable_(durable),
      meter_(durable.metrics->self_meter(std::string(self_meter_name), scope)),
      timed_(durable.outputs.size()) {
  for (const config::FinalOutput& output : durable.settings->outputs()) {
    const std::string type(exporter_type(output.kind));
    Component component{.exporter_type = type,
                        .exporter_name = type + "/" + output.name,
                        .span_processor_name = "batching_span_processor/" + output.name,
                        .log_processor_name = "batching_log_processor/" + output.name,
                        .server_address = {},
                        .server_port = 0};
    if (const auto url = http::Url::parse(output.track_url)) {
      component.server_address = url->host();
      component.server_port = url->port();
    }
    components_.push_back(std::move(component));
  }
  const auto duration = [this](const char* name, const char* description) {
    return meter_.make({.name = name,
                        .unit = "s",
                        .description = description,
                        .kind = InstrumentKind::histogram,
                        .integer = false,
                        .boundaries = {duration_bounds.begin(), duration_bounds.end()}});
  };
  export_duration_ = duration("otel.sdk.exporter.operation.duration",
                              "From a batch's first request to its last answer");
  collection_duration_ =
      duration("otel.sdk.metric_reader.collection.duration", "Collecting one meter");
  for (const Definition& definition : definitions) watch(definition);
}

SelfMetrics::~SelfMetrics() {
  for (const auto& callback : callbacks_) callback->cancel();
}

void SelfMetrics::watch(const Definition& definition) {
  metrics::Instrument* const made =
      meter_.make({.name = definition.name,
                   .unit = definition.unit,
                   .description = definition.description,
                   .kind = definition.kind,
                   .integer = definition.kind != InstrumentKind::observable_gauge});
  if (made == nullptr || made->streams().empty()) return;  // a view drops it
  callbacks_.push_back(
      std::make_shared<metrics::Callback>(*made, [this, made, &definition](Collection collection) {
        (this->*definition.observe)(definition, *made, collection);
      }));
  made->callbacks().add(callbacks_.back());
}

void SelfMetrics::exported(std::uint32_t output, std::chrono::nanoseconds took,
                           std::string_view error, int status) noexcept {
  if (export_duration_ == nullptr || !meter_.context().open()) return;
  try {
    std::vector<Attribute> attributes = exporter(output);
    if (!error.empty()) attributes.push_back({"error.type", error});
    if (status != 0) attributes.push_back({"http.response.status_code", status});
    export_duration_->measure_all(as_seconds(took),
                                  Attributes(std::span<const Attribute>(attributes)));
  } catch (const std::bad_alloc&) {
    return;  // one duration less: they are no account
  }
}

void SelfMetrics::collected(std::chrono::nanoseconds took, bool failed) noexcept {
  if (collection_duration_ == nullptr || !meter_.context().open()) return;
  const std::array attributes{
      Attribute{"otel.component.type", "periodic_metric_reader"},
      Attribute{"otel.component.name", "periodic_metric_reader/0"},
      Attribute{"error.type", "observation_failed"},
  };
  collection_duration_->measure_all(
      as_seconds(took), Attributes(std::span<const Attribute>(attributes).first(failed ? 3 : 2)));
}

// ---- who it is about

std::vector<Attribute> SelfMetrics::exporter(std::size_t output) const {
  const Component& component = components_[output];
  std::vector<Attribute> attributes{{"otel.component.type", component.exporter_type},
                                    {"otel.component.name", component.exporter_name}};
  if (component.server_address.empty()) return attributes;
  attributes.push_back({"server.address", component.server_address});
  attributes.push_back({"server.port", component.server_port});
  return attributes;
}

std::vector<Attribute> SelfMetrics::processor(std::size_t output, Signal signal) const {
  const Component& component = components_[output];
  const bool span = signal == Signal::span;
  return {
      {"otel.component.type", span ? "batching_span_processor" : "batching_log_processor"},
      {"otel.component.name", span ? component.span_processor_name : component.log_processor_name}};
}

Counts<RefusalReason> SelfMetrics::refused(Signal signal) const noexcept {
  const Counts<RefusalReason> logs = durable_.arena.refused_logs();
  if (signal == Signal::log) return logs;
  Counts<RefusalReason> spans = durable_.arena.refused();
  for (std::size_t i = 0; i < Counts<RefusalReason>::size(); ++i) {
    const auto reason = static_cast<RefusalReason>(i);
    spans[reason] -= std::min(spans[reason], logs[reason]);
  }
  return spans;
}

// ---- the callbacks

void SelfMetrics::observe_live(const Definition&, metrics::Instrument& to, Collection collection) {
  observe(to, arena::count_open_spans(durable_.arena),
          {{"otel.span.sampling_result", "RECORD_AND_SAMPLE"}}, collection);
}

void SelfMetrics::observe_started(const Definition&, metrics::Instrument& to,
                                  Collection collection) {
  const Counts<RefusalReason> not_taken = refused(Signal::span);
  const std::uint64_t dropped = not_taken[RefusalReason::sampled];
  const std::uint64_t ended = durable_.collected.read()[Signal::span] + not_taken.total() - dropped;
  started_ = std::max(started_, ended + arena::count_open_spans(durable_.arena));
  observe(to, started_, {{"otel.span.sampling_result", "RECORD_AND_SAMPLE"}}, collection);
  observe(to, dropped, {{"otel.span.sampling_result", "DROP"}}, collection);
}

void SelfMetrics::observe_logs_created(const Definition&, metrics::Instrument& to,
                                       Collection collection) {
  observe(to, durable_.collected.read()[Signal::log] + refused(Signal::log).total(), {},
          collection);
}

void SelfMetrics::observe_queue(const Definition& what, metrics::Instrument& to,
                                Collection collection) {
  for (const auto& output : durable_.outputs) {
    const std::uint64_t encoded = output->signals.encoded.read()[what.signal];
    const std::uint64_t all = durable_.collected.read()[what.signal];
    observe(to, all > encoded ? all - encoded : 0, processor(output->number, what.signal),
            collection);
  }
}

void SelfMetrics::observe_capacity(const Definition& what, metrics::Instrument& to,
                                   Collection collection) {
  const std::uint64_t bytes =
      std::uint64_t{durable_.arena.geometry().segments} * arena::segment_size;
  const std::uint64_t usable = what.signal == Signal::log ? bytes / 2 : bytes - bytes / 8;
  const std::uint64_t most = durable_.settings->batch().max_waiting;
  for (const auto& output : durable_.outputs) {
    observe(to, most != 0 ? most : usable / nominal_record, processor(output->number, what.signal),
            collection);
  }
}

void SelfMetrics::observe_processed(const Definition& what, metrics::Instrument& to,
                                    Collection collection) {
  const Counts<RefusalReason> not_taken = refused(what.signal);
  const std::uint64_t no_room = not_taken[RefusalReason::arena_full] +
                                not_taken[RefusalReason::slots_full] +
                                not_taken[RefusalReason::logs_share];
  for (const auto& output : durable_.outputs) {
    const std::vector<Attribute> self = processor(output->number, what.signal);
    observe(to, output->signals.encoded.read()[what.signal], self, collection);
    observe_some(to, no_room, self, {"error.type", "queue_full"}, collection);
    observe_some(to, not_taken[RefusalReason::shutdown], self, {"error.type", "already_shutdown"},
                 collection);
  }
}

void SelfMetrics::observe_inflight(const Definition& what, metrics::Instrument& to,
                                   Collection collection) {
  for (const auto& output : durable_.outputs) {
    observe(to, output->signals.in_memory.read()[what.signal], exporter(output->number),
            collection);
  }
}

void SelfMetrics::observe_exported(const Definition& what, metrics::Instrument& to,
                                   Collection collection) {
  for (const auto& output : durable_.outputs) {
    const std::vector<Attribute> self = exporter(output->number);
    observe(to, output->signals.delivered.read()[what.signal], self, collection);
    for (std::size_t i = 0; i < drop_count; ++i) {
      observe_some(to, output->signals.dropped[i].read()[what.signal], self,
                   {"error.type", to_string(static_cast<DropReason>(i))}, collection);
    }
  }
}

void SelfMetrics::observe_requests(const Definition& what, metrics::Instrument& to,
                                   Collection collection) {
  for (const auto& output : durable_.outputs) {
    if (!output->remote) continue;
    const RequestStatistics requests = output->requests.read();
    const std::vector<Attribute> self = exporter(output->number);
    if (what.count != nullptr) {
      if (requests.*what.count != 0) observe(to, requests.*what.count, self, collection);
    } else if (what.by_status != nullptr) {
      for (const StatusCount& each : requests.*what.by_status) {
        observe_some(to, each.requests, self, {"statusCode", each.status}, collection);
      }
    } else {
      for (const ExceptionCount& each : requests.exceptions) {
        observe_some(to, each.requests, self, {"exceptionType", each.kind}, collection);
      }
    }
  }
}

/// Of the interval: nothing where nothing was answered.
void SelfMetrics::observe_request_duration(const Definition&, metrics::Instrument& to,
                                           Collection collection) {
  for (const auto& output : durable_.outputs) {
    const auto [requests, time] = output->requests.timed();
    Timed& told = timed_[output->number];
    const Timed grown{requests - told.requests, time - told.time};
    told = {requests, time};
    if (grown.requests == 0) continue;
    const std::vector<Attribute> self = exporter(output->number);
    to.observe(as_seconds(grown.time) * 1'000 / static_cast<double>(grown.requests),
               Attributes(std::span<const Attribute>(self)), collection);
  }
}

void SelfMetrics::observe_items_dropped(const Definition&, metrics::Instrument& to,
                                        Collection collection) {
  for (const auto& output : durable_.outputs) {
    for (std::size_t i = 0; i < drop_count; ++i) {
      const model::SignalCounts counts = output->signals.dropped[i].read();
      observe_some(to, counts.total() - counts[Signal::self_metric], exporter(output->number),
                   {"dropReason", to_string(static_cast<DropReason>(i))}, collection);
    }
  }
}

}  // namespace posthaste::actors
