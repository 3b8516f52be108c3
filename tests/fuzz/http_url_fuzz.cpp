// Url: no text crashes it; what it accepts means one thing only, survives being printed and read
// again, and shows no secret.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "runtime/http/url.h"

namespace {

void need(bool holds) {
  if (!holds) std::abort();
}

void check(const posthaste::http::Url& url) {
  need(!url.host().empty() && url.port() != 0 && url.target().starts_with('/'));
  for (const char c : url.host() + url.target()) need(c > ' ' && c < '\x7f' && c != '\\');
  need(url.host().find_first_of("@/?#%") == std::string::npos);
  need(url.host().find(':') == std::string::npos || url.is_ip_literal());
  const auto again = posthaste::http::Url::parse(url.origin() + url.target());
  need(again && again->host() == url.host() && again->port() == url.port() &&
       again->target() == url.target() && again->scheme() == url.scheme());
  const std::string shown = url.to_string();
  need(url.has_user_info() == (shown.find("***@") != std::string::npos) ||
       url.target().find("***@") != std::string::npos);
  if (const auto query = shown.find('?'); query != std::string::npos) {
    need(shown.substr(query) == "?***");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto url = posthaste::http::Url::parse(text, "fuzz");
  if (url) {
    check(*url);
  } else {
    need(url.error().message().size() < 400);
    for (const char c : url.error().message()) need(c >= ' ' && c < '\x7f');
  }
  static const auto base = posthaste::http::Url::parse("https://base.test:8443/a").value();
  if (const auto resolved = base.resolve(text)) check(*resolved);
  return 0;
}
