#pragma once

/// The table of diagnostics (diagnostic_codes.def) as data. Constant; any thread.

#include <posthaste/diagnostics.h>

#include <cstddef>
#include <span>
#include <string_view>

namespace posthaste {

struct DiagnosticExplanation {
  DiagnosticCode code;
  std::string_view name;        // "PH-SET-101"
  std::string_view enumerator;  // "environment_ignored"
  bool rated;                   // shown at most once in 30 s
  std::string_view meaning;     // one sentence
  std::string_view mend;        // one sentence
};

/// Every code once, in the order of its numbers.
std::span<const DiagnosticExplanation> diagnostic_explanations() noexcept;

/// The place of `code` in that list; its size for a number that is no code.
std::size_t index_of(DiagnosticCode code) noexcept;

}  // namespace posthaste
