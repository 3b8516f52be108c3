#pragma once

/// What an Otlp among the outputs becomes: one output for each of its signals, by the rules of the
/// OTLP exporter's specification. Of each value the first that is given counts: in code for the
/// signal, in code for all, in the environment for the signal, there for all, the default. A wrong
/// value in the environment is one warning, and the next counts. Used by final_output.cpp alone.

#include "runtime/config/final_output.h"

#include <string_view>

namespace posthaste::config {

/// Complete but for name, proxy and metrics of others. `setting` names it in messages. Fails with
/// `invalid_setting`; no message holds a header's value.
Result<std::vector<FinalOutput>> make_otlp_outputs(const Otlp& given, std::string_view setting,
                                                   const Environment& environment,
                                                   SettingResolver& resolver);

/// "key=value,key=value", keys and values percent-decoded, as OTEL_EXPORTER_OTLP_HEADERS has it;
/// nothing where one of them is no header, or is one that the client itself writes.
std::optional<std::vector<std::pair<std::string, Secret>>> parse_otlp_headers(
    std::string_view text);

}  // namespace posthaste::config
