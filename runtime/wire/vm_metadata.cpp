#include "runtime/wire/vm_metadata.h"

#include "runtime/base/utf8.h"
#include "runtime/wire/json_cursor.h"

#include <algorithm>
#include <array>

namespace posthaste::wire {
namespace {

constexpr std::size_t value_limit = 1024;

struct Member {
  std::string_view name;       // in the answer
  std::string_view attribute;  // of the resource
};
constexpr std::array<Member, 7> members{{
    {"location", "cloud.region"},
    {"resourceId", "cloud.resource_id"},
    {"vmId", "host.id"},
    {"name", "host.name"},
    {"vmSize", "host.type"},
    {"osType", "os.type"},
    {"version", "os.version"},  // of the machine's image
}};

/// OpenTelemetry's names of systems are in lower case; Azure says "Linux".
void to_lower_case(std::string& text) noexcept {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
}

using Values = std::array<std::string, members.size()>;

bool read_members(JsonCursor& json, Values& values) {
  return json.object([&](std::string_view name) {
    const auto member = std::find_if(members.begin(), members.end(),
                                     [name](const Member& each) { return each.name == name; });
    if (member == members.end()) return json.skip();
    std::string& value = values[static_cast<std::size_t>(member - members.begin())];
    value.clear();
    return json.null() || json.string(value, value_limit);
  });
}

}  // namespace

std::optional<VmMetadata> parse_vm_metadata(std::string_view text) {
  if (text.size() > vm_metadata_limit) return std::nullopt;
  JsonCursor json(text);
  Values values;
  if (!read_members(json, values) || !json.at_end()) return std::nullopt;
  VmMetadata found{{"cloud.provider", "azure"}, {"cloud.platform", "azure_vm"}};
  bool identified = false;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (values[i].empty() || !is_utf8(values[i])) continue;
    if (members[i].name == "osType") to_lower_case(values[i]);
    if (members[i].name == "vmId") {
      identified = true;
      found.emplace_back("service.instance.id", values[i]);
    }
    found.emplace_back(members[i].attribute, std::move(values[i]));
  }
  if (!identified) return std::nullopt;
  return found;
}

std::optional<model::Resource> amended(model::Resource resource, const VmMetadata& found) {
  for (const auto& [key, value] : found) {
    if (resource.find(key)) continue;
    if (!resource.set(key, value)) return std::nullopt;
  }
  return resource;
}

}  // namespace posthaste::wire
