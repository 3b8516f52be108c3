// Any bytes as drop rules: refused with the rule that is wrong, or accepted within the limits, and
// then matching ends.

#include "runtime/config/drop_rules.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = posthaste::config::parse_drop_rules(text);
  require(read.fault.empty() || read.rules.empty());
  require(read.fault.empty() == read.wrong.empty());
  require(read.rules.size() <= 64);
  for (const auto& rule : read.rules) {
    require(!rule.conditions.empty() && rule.conditions.size() <= 8);
    for (const auto& condition : rule.conditions) {
      using Field = posthaste::config::DropCondition::Field;
      require((condition.field == Field::attribute) == !condition.key.empty());
      static_cast<void>(condition.pattern.matches(text));
    }
  }
  return 0;
}
