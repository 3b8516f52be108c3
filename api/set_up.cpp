#include "api/set_up.h"

#include <vector>

namespace posthaste {

produce::ProducerSetup producer_setup(const config::FinalSettings& settings,
                                      const FlightRecorder& recorder) {
  const config::FinalSpanLimits& spans = settings.span_limits();
  const config::FinalLogSettings& logs = settings.logs();
  produce::ProducerSetup setup;
  setup.arena = recorder.arena;
  setup.generation_base = recorder.region->generation_base();
  setup.span_limits = {spans.attributes,       spans.events,          spans.links,
                       spans.event_attributes, spans.link_attributes, spans.value_length};
  setup.log_limits.attributes = logs.attributes;
  setup.log_limits.value_length = logs.value_length;
  const config::FinalSampling& sampling = settings.sampling();
  setup.sample_rate = sampling.rate.as_percent();
  if (sampling.kind == config::SamplerKind::rate_limited) {
    setup.traces_per_second = sampling.traces_per_second;
  }
  setup.sampler = sampling.callback;
  setup.sampling_hash = sampling.hash;
  setup.parents = sampling.parents;
  setup.logs_with_trace = logs.sampled_with_trace;
  setup.span_processors = settings.span_processors();
  setup.log_processors = settings.log_processors();
  setup.exception_stacks = settings.exception_stacks();
  setup.measures = settings.metrics().standard_metrics || settings.metrics().performance_counters;
  return setup;
}

metrics::MetricStoreSetup metric_setup(const config::FinalSettings& settings) {
  const config::FinalMetrics& given = settings.metrics();
  metrics::MetricStoreSetup setup;
  setup.memory = given.memory.count;
  setup.exemplars = given.exemplars;
  setup.views = given.views;
  setup.defaults.cardinality_limit = given.cardinality_limit;
  std::vector<MetricPreferences> preferences;
  for (const config::FinalOutput& output : settings.outputs()) {
    preferences.push_back(output.metrics);
  }
  setup.readers = metrics::readers_of(preferences);
  return setup;
}

}  // namespace posthaste
