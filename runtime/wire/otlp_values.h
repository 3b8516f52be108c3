#pragma once

/// Attributes and values as OTLP's KeyValue and AnyValue, in protobuf: measured, then written.
/// Nothing is deeper than `model::nesting_limit`; what is comes out as no value, so that no damaged
/// record can use up the stack. Pure; for otlp_items.h and otlp_request.h.
///
/// Room: what is written takes less than `otlp_bound` of the record that it comes from.

#include "runtime/model/record_view.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace posthaste::wire {

/// More than any record becomes in protobuf: a bucket count grows from one byte to eight, and
/// nothing else grows as much.
constexpr std::size_t otlp_bound(std::size_t record_size) noexcept {
  return 8 * record_size + 1024;
}

std::size_t otlp_value_size(const model::ValueView& value, int depth = 0) noexcept;
char* put_otlp_value(char* at, const model::ValueView& value, int depth = 0) noexcept;

/// As field `field` (below 16) of the message at hand, with tag and length.
char* put_otlp_attribute(char* at, std::uint32_t field, const model::EntryView& attribute,
                         int depth = 0) noexcept;

/// All attributes among `entries`, each as field `field`.
std::size_t otlp_attributes_size(std::string_view entries) noexcept;
char* put_otlp_attributes(char* at, std::uint32_t field, std::string_view entries) noexcept;

}  // namespace posthaste::wire
