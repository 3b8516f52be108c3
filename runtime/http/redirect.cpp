#include "runtime/http/redirect.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <vector>

namespace posthaste::http {
namespace {

// The leading dot matters: "evilmonitor.azure.com" is a stranger.
constexpr std::array<std::string_view, 4> public_cloud = {
    ".livediagnostics.monitor.azure.com", ".monitor.azure.com", ".services.visualstudio.com",
    ".applicationinsights.azure.com"};
constexpr std::array<std::string_view, 2> us_government_cloud = {".monitor.azure.us",
                                                                 ".applicationinsights.azure.us"};
constexpr std::array<std::string_view, 2> china_cloud = {".monitor.azure.cn",
                                                         ".applicationinsights.azure.cn"};

template <class Suffixes>
bool is_below_one_of(const Suffixes& suffixes, std::string_view host) noexcept {
  return std::any_of(suffixes.begin(), suffixes.end(), [host](std::string_view suffix) {
    return host.size() > suffix.size() && host.ends_with(suffix);
  });
}

bool in_the_same_cloud(std::string_view a, std::string_view b) noexcept {
  const auto both = [a, b](const auto& suffixes) {
    return is_below_one_of(suffixes, a) && is_below_one_of(suffixes, b);
  };
  return both(public_cloud) || both(us_government_cloud) || both(china_cloud);
}

const char* broken_rule(const Url& current, const Url& target) noexcept {
  if (target.has_user_info()) return "it holds a user name";
  const bool same_host = target.host() == current.host();
  if (target.scheme() == current.scheme() && same_host && target.port() == current.port()) {
    return nullptr;
  }
  if (!target.secure()) return "it is not https";
  if (target.is_ip_literal()) return "its host is an address, not a name";
  if (!target.has_default_port()) return "its port is not 443";
  if (!current.has_default_port()) return "it leaves a port that was chosen in the settings";
  if (!same_host && !in_the_same_cloud(current.host(), target.host())) {
    return "its host is neither the same nor in the same Azure cloud";
  }
  return nullptr;
}

std::string_view trimmed(std::string_view text) noexcept {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

bool equal_ignoring_case(std::string_view a, std::string_view lower_case) noexcept {
  return std::equal(a.begin(), a.end(), lower_case.begin(), lower_case.end(), [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? static_cast<char>(x + 32) : x) == y;
  });
}

}  // namespace

Result<Url> trusted_redirect(const Url& current, std::string_view location) {
  if (location.empty()) {
    return Error(ErrorCode::redirect_refused,
                 current.origin() + " answered with a redirect that names no Location");
  }
  auto target = current.resolve(location);
  const char* rule = target ? broken_rule(current, *target) : target.error().message().c_str();
  if (rule == nullptr) return target;
  return Error(ErrorCode::redirect_refused, "the redirect of " + current.origin() + " to \"" +
                                                masked_url(location) +
                                                "\" is not followed: " + rule);
}

std::chrono::seconds redirect_lifetime(std::string_view cache_control,
                                       std::chrono::seconds longest) {
  std::chrono::seconds lifetime = longest;
  while (!cache_control.empty()) {
    const auto comma = cache_control.find(',');
    const std::string_view directive = trimmed(cache_control.substr(0, comma));
    cache_control =
        comma == cache_control.npos ? std::string_view{} : cache_control.substr(comma + 1);
    const auto equals = directive.find('=');
    const std::string_view name = trimmed(directive.substr(0, equals));
    if (equal_ignoring_case(name, "no-store") || equal_ignoring_case(name, "no-cache")) return {};
    if (!equal_ignoring_case(name, "max-age") || equals == directive.npos) continue;
    std::string_view value = trimmed(directive.substr(equals + 1));
    if (value.size() > 1 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    std::uint32_t seconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error == std::errc{} && end == value.data() + value.size()) {
      lifetime = std::min(lifetime, std::chrono::seconds{seconds});
    }
  }
  return lifetime;
}

}  // namespace posthaste::http
