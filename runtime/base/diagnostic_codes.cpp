#include "runtime/base/diagnostic_codes.h"

namespace posthaste {
namespace {

enum class Repeats { each, rated };

constexpr DiagnosticExplanation explanations[] = {
#define POSTHASTE_DIAGNOSTIC(enumerator, name, repeats, meaning, mend) \
  {DiagnosticCode::enumerator,         name,    #enumerator,           \
   Repeats::repeats == Repeats::rated, meaning, mend},
#include "runtime/base/diagnostic_codes.def"
#undef POSTHASTE_DIAGNOSTIC
};

}  // namespace

std::span<const DiagnosticExplanation> diagnostic_explanations() noexcept {
  return explanations;
}

std::size_t index_of(DiagnosticCode code) noexcept {
  std::size_t index = 0;
  while (index < std::size(explanations) && explanations[index].code != code) ++index;
  return index;
}

std::string_view to_string(DiagnosticCode code) noexcept {
  // Its only purpose: -Wswitch names a code that has no row in the table.
  switch (code) {
#define POSTHASTE_DIAGNOSTIC(enumerator, name, repeats, meaning, mend) \
  case DiagnosticCode::enumerator:                                     \
    return name;
#include "runtime/base/diagnostic_codes.def"
#undef POSTHASTE_DIAGNOSTIC
  }
  return "PH-UNKNOWN";
}

}  // namespace posthaste
