#pragma once

/// What Azure's instance metadata service says about the virtual machine that it answers to
/// (GET /metadata/instance/compute), as resource attributes. docs/resource.md lists them.
///
/// Pure; called on the io thread. The text comes from outside: it may be anything.

#include "runtime/model/resource.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace posthaste::wire {

inline constexpr std::size_t vm_metadata_limit = 65'536;

/// Key and value; valid UTF-8, no value is empty or longer than 1024 bytes.
using VmMetadata = std::vector<std::pair<std::string_view, std::string>>;

/// Empty if `json` is no JSON object, is too long or too deep, one of the members that we read is no
/// string, or it names no `vmId`: then it is not that service's answer.
std::optional<VmMetadata> parse_vm_metadata(std::string_view json);

/// `resource` with those of `found` that it does not have yet. Empty if they do not fit in it.
std::optional<model::Resource> amended(model::Resource resource, const VmMetadata& found);

}  // namespace posthaste::wire
