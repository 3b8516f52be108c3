#pragma once

/// Database calls, old (db.system, db.statement) and stable (db.system.name, db.query.text)
/// conventions. One of the conventions in the table of span_rules.cpp. Pure.

#include "runtime/wire/seen_attributes.h"
#include "runtime/wire/span_fields.h"

namespace posthaste::wire {

inline constexpr KnownSet database_triggers{Known::db_system_name, Known::db_system};

/// type (`SQL` for the systems that the portal knows by that name), data, target
/// `host[:port]|name`, result code.
void map_database_dependency(const SpanFacts& span, SeenAttributes& seen, SpanFields& fields);

}  // namespace posthaste::wire
