#pragma once

/// What both fuzz targets of the OTLP readers hold a conversion against: either a defect with its
/// place inside the input, and not a byte written; or as many lines as there are items, less those
/// refused, each valid JSON in valid UTF-8.

#include "tools/otlp/request_format.h"

#include <string_view>

namespace posthaste::fuzz {

/// Aborts where it does not hold. True when `input` was well-formed.
bool check_conversion(std::string_view input, tools::otlp::RequestFormat format);

/// Aborts unless what `format` says of `input`, written as protobuf of `signal` and read again, is
/// the same.
void check_way_back(std::string_view input, tools::otlp::RequestFormat format,
                    tools::otlp::Signal signal);

}  // namespace posthaste::fuzz
