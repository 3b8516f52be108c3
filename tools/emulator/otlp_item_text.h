#pragma once

/// OTLP/JSON of what the readers of tools/otlp tell: for `--record`, each item as an export request
/// of its own, which any reader of OTLP/JSON takes (`posthaste convert` too). What the readers pass
/// over (exemplars, schema URLs) is not in it.
///
/// Threads: none. Exceptions: std::bad_alloc.

#include "tools/otlp/telemetry.h"

#include <boost/json.hpp>

#include <string>

namespace posthaste::tools {

boost::json::object to_object(const otlp::Resource& resource);
boost::json::object to_object(const otlp::Scope& scope);
boost::json::object to_object(const otlp::Span& span);
boost::json::object to_object(const otlp::LogRecord& log);
/// The metric with this point alone.
boost::json::object to_object(const otlp::Metric& metric, const otlp::MetricPoint& point);

/// A request of `signal` with the item, on one line.
std::string request_text(otlp::Signal signal, const boost::json::object& resource,
                         const boost::json::object& scope, boost::json::object item);

}  // namespace posthaste::tools
