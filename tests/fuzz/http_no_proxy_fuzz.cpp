// NO_PROXY: no text crashes it or makes it grow, and loopback is covered by every list.
// Input: a URL, a line feed, the list.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "runtime/http/no_proxy.h"
#include "runtime/http/proxy.h"

namespace {

void need(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace posthaste::http;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto line = text.find('\n');
  const std::string list = line == std::string::npos ? text : text.substr(line + 1);
  const NoProxy no_proxy = NoProxy::parse(list);
  for (const std::string& complaint : no_proxy.complaints()) {
    need(complaint.size() < 400);
    for (const char c : complaint) need(c >= ' ' && c < '\x7f');
  }
  static const auto loopback = Url::parse("http://127.0.0.1:4318").value();
  need(no_proxy.covers(loopback));
  if (line != std::string::npos) {
    if (const auto url = Url::parse(text.substr(0, line))) {
      const bool covered = no_proxy.covers(*url);
      need(NoProxy::parse("*," + list).covers(*url));
      need(covered || !NoProxy::parse("").covers(*url));
    }
  }
  const auto rules = ProxyRules::parse({.https_proxy = list, .http_proxy = text, .no_proxy = list});
  need(rules || rules.error().code() == posthaste::ErrorCode::invalid_setting);
  return 0;
}
