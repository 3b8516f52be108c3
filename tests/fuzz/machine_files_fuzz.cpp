// The files of /proc and /etc that the resource detectors read: no text crashes them, an id is 64
// hexadecimal digits, and no value is longer than the text.

#include "runtime/config/machine_files.h"

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
  using namespace posthaste::config;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto& id : {container_id_of_cgroup(text), container_id_of_mounts(text)}) {
    if (!id) continue;
    need(id->size() == 64);
    need(id->find_first_not_of("0123456789abcdef") == std::string::npos);
  }
  const auto value = os_release_value(text, "NAME");
  need(!value || value->size() <= size);
  const auto user = user_name(text, 0);
  need(!user || (!user->empty() && user->size() <= size));
  return 0;
}
