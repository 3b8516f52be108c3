#include "runtime/http/request.h"

#include <algorithm>
#include <array>

namespace posthaste::http {
namespace {

constexpr std::array<std::string_view, 12> own_headers = {"host",
                                                          "user-agent",
                                                          "content-length",
                                                          "transfer-encoding",
                                                          "connection",
                                                          "keep-alive",
                                                          "te",
                                                          "trailer",
                                                          "upgrade",
                                                          "expect",
                                                          "accept-encoding",
                                                          "proxy-authorization"};

bool is_token_character(char c) noexcept {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         marks.find(c) != marks.npos;
}

bool is_value_character(char c) noexcept {
  return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != '\x7f');
}

bool is_own(std::string_view name) noexcept {
  return std::any_of(own_headers.begin(), own_headers.end(), [name](std::string_view own) {
    return std::equal(own.begin(), own.end(), name.begin(), name.end(), [](char a, char b) {
      return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b + 32) : b);
    });
  });
}

void add_header(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

std::size_t size_of(const std::vector<std::span<const std::byte>>& body) noexcept {
  std::size_t size = 0;
  for (const auto& part : body) size += part.size();
  return size;
}

}  // namespace

std::string_view to_string(Method method) noexcept {
  return method == Method::get ? "GET" : "POST";
}

const char* broken_rule(const Request& request) noexcept {
  if (request.url.has_user_info()) return "its URL holds a user name, which is not sent";
  if (request.method == Method::get && !request.body.empty()) return "a GET has no body";
  for (const auto& [name, value] : request.headers) {
    if (name.empty() || !std::all_of(name.begin(), name.end(), is_token_character)) {
      return "the name of a header holds a character that is not allowed there";
    }
    if (!std::all_of(value.begin(), value.end(), is_value_character)) {
      return "the value of a header holds a control character";
    }
    if (is_own(name)) return "it sets a header that the client is responsible for";
  }
  return nullptr;
}

std::string request_head(const Request& request, const Url& url, const HeadOptions& options) {
  std::string head(to_string(request.method));
  head += ' ' + (options.by_proxy ? url.origin() : std::string()) + url.target() + " HTTP/1.1\r\n";
  add_header(head, "Host", url.authority());
  add_header(head, "User-Agent", options.user_agent);
  if (options.by_proxy && !options.proxy_credentials.empty()) {
    add_header(head, "Proxy-Authorization", options.proxy_credentials);
  }
  for (const auto& [name, value] : request.headers) add_header(head, name, value);
  if (request.method != Method::get) {
    add_header(head, "Content-Length", std::to_string(size_of(request.body)));
  }
  return head += "\r\n";
}

std::string tunnel_head(const Url& url, std::string_view user_agent,
                        std::string_view proxy_credentials) {
  std::string head = "CONNECT " + url.host_and_port() + " HTTP/1.1\r\n";
  add_header(head, "Host", url.host_and_port());
  add_header(head, "User-Agent", user_agent);
  if (!proxy_credentials.empty()) add_header(head, "Proxy-Authorization", proxy_credentials);
  return head += "\r\n";
}

}  // namespace posthaste::http
