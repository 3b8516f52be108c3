#pragma once

/// Reads what the resource detectors want to know out of files of /proc and /etc. Pure: the texts
/// come from outside and may be anything.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace posthaste::config {

/// The 64 hexadecimal digits that name the container, out of /proc/self/cgroup (version 1).
std::optional<std::string> container_id_of_cgroup(std::string_view text);
/// The same, out of /proc/self/mountinfo (version 2: files that the runtime mounts into it).
std::optional<std::string> container_id_of_mounts(std::string_view text);
/// The value of `key` in /etc/os-release, without quotes and escapes.
std::optional<std::string> os_release_value(std::string_view text, std::string_view key);
/// The name of the user in /etc/passwd.
std::optional<std::string> user_name(std::string_view passwd, std::uint32_t user_id);

}  // namespace posthaste::config
