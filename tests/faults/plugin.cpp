/// A plugin with a telemetry of its own, to be loaded and unloaded.

#include <posthaste/posthaste.h>

#include <chrono>

/// How many of its ten spans were delivered.
extern "C" int record_and_stop(const char* connection_string, const char* ca_file) {
  posthaste::Settings settings;
  settings.service_name = "plugin";
  settings.outputs = {
      posthaste::AzureMonitor{.connection_string = connection_string, .ca_file = ca_file}};
  settings.metrics.performance_counters = false;  // ten spans are all that is delivered
  settings.metrics.standard_metrics = false;
  settings.store.enabled = false;
  posthaste::Telemetry telemetry = posthaste::start(settings);
  for (int i = 0; i < 10; ++i) telemetry.tracer("plugin").start_span("work").end();
  return static_cast<int>(telemetry.shutdown(std::chrono::seconds{5}).delivered());
}
