// The answer of the metadata service: whatever it is, what is found fits in a resource that can be
// read back, and nothing that was there is touched.

#include "runtime/base/utf8.h"
#include "runtime/wire/vm_metadata.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

void need(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace posthaste;
  const auto found = wire::parse_vm_metadata({reinterpret_cast<const char*>(data), size});
  if (!found) return 0;
  const model::Resource given({{"host.name", "mine"}});
  const auto whole = wire::amended(given, *found);
  need(whole.has_value());
  need(whole->text("host.name") == "mine");
  need(!whole->text("service.instance.id").empty());
  for (const auto& [key, value] : *found) {
    need(!value.empty() && value.size() <= 1024 && is_utf8(value));
    need(key == "host.name" || whole->text(key) == value);
  }
  const auto again = model::Resource::parse(whole->bytes());
  need(again && *again == *whole);
  return 0;
}
