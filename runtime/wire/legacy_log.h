#pragma once

/// Logs of the classic Application Insights API, sent through OpenTelemetry: an attribute
/// `_MS.baseType` names the type of item, and the body is a map with that type's fields. Page views
/// come in no other way.
///
/// Pure; called by the encoder for logs with that attribute.

#include "runtime/wire/item_writer.h"
#include "runtime/wire/measurements.h"
#include "runtime/wire/seen_attributes.h"

#include <optional>
#include <string_view>

namespace posthaste::wire {

/// The last member of a map with that key.
std::optional<model::ValueView> member_of(const model::ValueView& map, std::string_view key);

/// The item that `base_type` names, if the body has what such an item must have; else empty, and
/// the log is a message.
std::optional<ItemType> item_of_legacy_log(std::string_view base_type,
                                           const std::optional<model::ValueView>& body);

/// All fields but properties and measurements. `body` is a map.
void write_legacy_data(ItemWriter& item, ItemType type, const model::ValueView& body,
                       TextScratch& scratch);

}  // namespace posthaste::wire
