#pragma once

/// How the telemetry does, as JSON: the ledger of every record, and how the outputs are.

#include <posthaste/telemetry.h>

#include <boost/json/fwd.hpp>

namespace shop {

boost::json::object to_json(const posthaste::Ledger& ledger);
boost::json::object to_json(const posthaste::Health& health);

}  // namespace shop
