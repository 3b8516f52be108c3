#include "runtime/config/directories.h"

#include "runtime/config/text.h"

#include <algorithm>
#include <optional>

namespace posthaste::config {
namespace {

constexpr std::size_t longest_name = 100;

bool stays(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_';
}

// systemd gives a list where a unit names several directories.
std::string_view first_of_list(std::string_view list) {
  return list.substr(0, list.find(':'));
}

std::optional<std::string> absolute(const Environment& environment, std::string_view name,
                                    bool list, std::vector<Diagnostic>& warnings) {
  auto value = environment.get(name);
  if (!value) return std::nullopt;
  if (list) value = first_of_list(*value);
  if (value->starts_with('/')) return std::string(*value);
  warnings.push_back({.severity = Severity::warn,
                      .code = DiagnosticCode::directory_ignored,
                      .message = std::string(name) + '=' + quoted(*value) +
                                 " is not an absolute path; it is ignored; begin it with '/'"});
  return std::nullopt;
}

}  // namespace

std::string directory_name(std::string_view name) {
  std::string out(name.substr(0, longest_name));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return !stays(c); }, '_');
  if (out.empty() || out.front() == '.') out.insert(out.begin(), '_');
  out.resize(std::min(out.size(), longest_name));
  return out;
}

std::vector<DirectoryCandidate> store_candidates(std::string_view directory, std::string_view app,
                                                 const Environment& environment,
                                                 std::vector<Diagnostic>& warnings) {
  if (!directory.empty()) return {{std::string(directory), "store.directory"}};
  const std::string below = "/posthaste/" + directory_name(app);
  std::vector<DirectoryCandidate> candidates;
  if (const auto root = absolute(environment, "STATE_DIRECTORY", true, warnings)) {
    candidates.push_back({*root + below, "$STATE_DIRECTORY"});
  }
  if (const auto root = absolute(environment, "XDG_STATE_HOME", false, warnings)) {
    candidates.push_back({*root + below, "$XDG_STATE_HOME"});
  } else if (const auto home = absolute(environment, "HOME", false, warnings)) {
    candidates.push_back({(*home == "/" ? "" : *home) + "/.local/state" + below, "$HOME"});
  }
  candidates.push_back({"/var/lib" + below, "/var/lib"});
  return candidates;
}

std::vector<DirectoryCandidate> arena_candidates(std::string_view directory,
                                                 const Environment& environment,
                                                 std::vector<Diagnostic>& warnings) {
  if (!directory.empty()) return {{std::string(directory), "arena_dir"}};
  std::vector<DirectoryCandidate> candidates;
  if (const auto root = absolute(environment, "RUNTIME_DIRECTORY", true, warnings)) {
    candidates.push_back({*root, "$RUNTIME_DIRECTORY"});
  }
  if (const auto root = absolute(environment, "XDG_RUNTIME_DIR", false, warnings)) {
    candidates.push_back({*root, "$XDG_RUNTIME_DIR"});
  }
  candidates.push_back({"/dev/shm", "/dev/shm"});
  return candidates;
}

const DirectoryCandidate* first_usable(const std::vector<DirectoryCandidate>& candidates,
                                       const HostFacts& host) {
  const auto found = std::find_if(
      candidates.begin(), candidates.end(),
      [&](const DirectoryCandidate& candidate) { return host.can_hold_directory(candidate.path); });
  return found == candidates.end() ? nullptr : &*found;
}

}  // namespace posthaste::config
