// The redirect rule against an oracle of its own: whatever a server writes into Location, nothing
// is ever sent to a stranger. Input: the current URL, a line feed, the Location.

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "runtime/http/redirect.h"

namespace {

using posthaste::http::Url;

void need(bool holds) {
  if (!holds) std::abort();
}

int cloud_of(const std::string& host) {
  const auto below = [&host](const std::string& suffix) {
    return host.size() > suffix.size() &&
           host.compare(host.size() - suffix.size(), suffix.size(), suffix) == 0;
  };
  if (below(".monitor.azure.com") || below(".services.visualstudio.com") ||
      below(".applicationinsights.azure.com")) {
    return 1;  // .livediagnostics.monitor.azure.com lies below the first
  }
  if (below(".monitor.azure.us") || below(".applicationinsights.azure.us")) return 2;
  if (below(".monitor.azure.cn") || below(".applicationinsights.azure.cn")) return 3;
  return 0;
}

bool may_have_it(const Url& current, const Url& target) {
  if (target.has_user_info()) return false;
  if (current.origin() == target.origin()) return true;
  if (target.origin() != "https://" + target.host()) return false;  // https, a name, port 443
  if (target.host().find_first_not_of("0123456789.") == std::string::npos) return false;
  if (current.origin().rfind(':') > 5) return false;  // current has a port of its own choice
  if (target.host() == current.host()) return true;
  return cloud_of(target.host()) != 0 && cloud_of(target.host()) == cloud_of(current.host());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto line = text.find('\n');
  if (line == std::string::npos) return 0;
  const std::string location = text.substr(line + 1);
  const auto current = Url::parse(text.substr(0, line));
  static const auto home = Url::parse("https://a.in.applicationinsights.azure.com/v2.1/track");
  for (const auto* from : {&current, &home}) {
    if (!*from) continue;
    const auto target = posthaste::http::trusted_redirect(from->value(), location);
    if (target) need(may_have_it(from->value(), *target));
  }
  using namespace std::chrono_literals;
  const auto lifetime = posthaste::http::redirect_lifetime(location, 12h);
  need(lifetime >= 0s && lifetime <= 12h);
  return 0;
}
