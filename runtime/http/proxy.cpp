#include "runtime/http/proxy.h"

namespace posthaste::http {
namespace {

Result<std::optional<Url>> read_proxy(std::string_view value, std::string_view variable) {
  if (value.empty()) return std::optional<Url>{};
  const bool has_scheme = value.find("://") != value.npos;
  auto url = Url::parse(has_scheme ? std::string(value) : "http://" + std::string(value), variable);
  if (!url) return Error(ErrorCode::invalid_setting, url.error().message());
  if (url->secure()) {
    return Error(
        ErrorCode::invalid_setting,
        std::string(variable) + " \"" + url->to_string() +
            "\" is not usable: proxies are spoken to by http:// only (what is sent through "
            "the tunnel stays encrypted); write http://host:port");
  }
  return std::optional<Url>(std::move(*url));
}

std::string base64(std::string_view text) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string encoded;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    unsigned group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      const bool padding = i + k > text.size();
      encoded.push_back(padding ? '=' : alphabet[group >> (18 - 6 * k) & 63U]);
    }
  }
  return encoded;
}

}  // namespace

Result<ProxyRules> ProxyRules::parse(const ProxyValues& values) {
  ProxyRules rules;
  auto https = read_proxy(values.https_proxy, "HTTPS_PROXY");
  if (!https) return std::move(https).error();
  rules.https_ = std::move(*https);

  if (values.cgi && !values.http_proxy.empty()) {
    rules.complaints_.push_back(
        "HTTP_PROXY is ignored: REQUEST_METHOD is set, so a CGI client could have chosen it");
  } else {
    auto http = read_proxy(values.http_proxy, "HTTP_PROXY");
    if (!http) return std::move(http).error();
    rules.http_ = std::move(*http);
  }
  rules.no_proxy_ = NoProxy::parse(values.no_proxy);
  const auto& ignored = rules.no_proxy_.complaints();
  rules.complaints_.insert(rules.complaints_.end(), ignored.begin(), ignored.end());
  return rules;
}

const Url* ProxyRules::proxy_for(const Url& url) const noexcept {
  const std::optional<Url>& proxy = url.secure() ? https_ : http_;
  return proxy.has_value() && !no_proxy_.covers(url) ? &*proxy : nullptr;
}

std::string proxy_authorization(const Url& proxy) {
  if (!proxy.has_user_info()) return {};
  return "Basic " + base64(proxy.user() + ":" + proxy.password());
}

}  // namespace posthaste::http
