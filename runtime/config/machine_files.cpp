#include "runtime/config/machine_files.h"

#include "runtime/config/text.h"

#include <algorithm>

namespace posthaste::config {
namespace {

constexpr std::size_t id_length = 64;

/// Calls `f` with each line until it returns true.
template <class F>
void find_line(std::string_view text, F&& f) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (f(text.substr(0, end))) return;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string_view take_field(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view field = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return field;
}

bool is_id(std::string_view text) {
  return text.size() == id_length &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// `docker-<id>.scope`, `cri-containerd-<id>.scope`, `<id>`, `<id>:cri-containerd`.
std::optional<std::string> id_in(std::string_view name) {
  if (name.ends_with(".scope")) name.remove_suffix(6);
  name = name.substr(0, name.find(':'));
  if (name.size() > id_length && name[name.size() - id_length - 1] == '-') {
    name.remove_prefix(name.size() - id_length);
  }
  return is_id(name) ? std::optional<std::string>(name) : std::nullopt;
}

/// Whether the segment says that a container's id follows.
bool is_container_folder(std::string_view segment) {
  return segment == "containers" || segment == "overlay-containers";
}

}  // namespace

std::optional<std::string> container_id_of_cgroup(std::string_view text) {
  std::optional<std::string> found;
  find_line(text, [&found](std::string_view line) {  // "12:memory:/docker/<id>"
    take_field(line, ':');
    take_field(line, ':');
    const std::size_t slash = line.rfind('/');
    if (slash != std::string_view::npos) found = id_in(line.substr(slash + 1));
    return found.has_value();
  });
  return found;
}

std::optional<std::string> container_id_of_mounts(std::string_view text) {
  std::optional<std::string> found;
  find_line(text, [&found](std::string_view line) {  // "36 35 98:0 <root> <mount point> ..."
    for (int skipped = 0; skipped < 3; ++skipped) take_field(line, ' ');
    std::string_view root = take_field(line, ' ');
    const std::string_view point = take_field(line, ' ');
    // Of what a runtime mounts: these name the container itself, not the pod's sandbox.
    if (point != "/etc/hostname" && point != "/etc/hosts" && point != "/etc/resolv.conf") {
      return false;
    }
    bool follows = false;
    while (!root.empty() && !found) {
      const std::string_view segment = take_field(root, '/');
      if (follows) found = id_in(segment);
      follows = is_container_folder(segment);
    }
    return found.has_value();
  });
  return found;
}

std::optional<std::string> os_release_value(std::string_view text, std::string_view key) {
  std::optional<std::string> found;
  find_line(text, [&](std::string_view line) {
    const std::string_view name = take_field(line, '=');
    if (name != key) return false;
    std::string_view value = trimmed(line);
    const bool quoted = value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
                        value.back() == value.front();
    if (quoted) value = value.substr(1, value.size() - 2);
    std::string plain;
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (value[i] == '\\' && i + 1 < value.size()) ++i;
      plain += value[i];
    }
    found = std::move(plain);
    return true;
  });
  return found;
}

std::optional<std::string> user_name(std::string_view passwd, std::uint32_t user_id) {
  std::optional<std::string> found;
  find_line(passwd, [&](std::string_view line) {  // "name:x:uid:gid:..."
    const std::string_view name = take_field(line, ':');
    take_field(line, ':');
    if (name.empty() || parse_number(take_field(line, ':')) != user_id) return false;
    found = std::string(name);
    return true;
  });
  return found;
}

}  // namespace posthaste::config
