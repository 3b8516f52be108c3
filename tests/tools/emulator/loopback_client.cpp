#include "tests/tools/emulator/loopback_client.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>

namespace posthaste::tools::testing {
namespace {

constexpr int deadline_ms = 5000;

int connect_to(std::uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval limit{deadline_ms / 1000, 0};
  ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    return descriptor;
  }
  ::close(descriptor);
  return -1;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

struct LoopbackClient::Parts {
  int descriptor = -1;
  SSL_CTX* context = nullptr;
  SSL* tls = nullptr;
  std::string buffered;
  bool reset = false;

  ~Parts() {
    SSL_free(tls);
    SSL_CTX_free(context);
    if (descriptor >= 0) ::close(descriptor);
  }

  /// False at the end of the connection.
  bool read_more() {
    char bytes[16384];
    const auto size =
        static_cast<ssize_t>(tls != nullptr ? SSL_read(tls, bytes, sizeof bytes)
                                            : ::recv(descriptor, bytes, sizeof bytes, 0));
    if (size > 0) buffered.append(bytes, static_cast<std::size_t>(size));
    if (size < 0 && errno == ECONNRESET) reset = true;
    return size > 0;
  }
};

LoopbackClient::LoopbackClient(std::uint16_t port) : parts_(std::make_unique<Parts>()) {
  parts_->descriptor = connect_to(port);
}

LoopbackClient::LoopbackClient(std::uint16_t port, const std::string& ca_path,
                               const std::string& host, std::time_t now)
    : LoopbackClient(port) {
  parts_->context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_load_verify_locations(parts_->context, ca_path.c_str(), nullptr);
  SSL_CTX_set_verify(parts_->context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_min_proto_version(parts_->context, TLS1_2_VERSION);
  SSL* const tls = SSL_new(parts_->context);
  SSL_set_fd(tls, parts_->descriptor);
  SSL_set1_host(tls, host.c_str());
  X509_VERIFY_PARAM_set_time(SSL_get0_param(tls), now);
  if (SSL_connect(tls) == 1) {
    parts_->tls = tls;
  } else {
    SSL_free(tls);
  }
}

LoopbackClient::~LoopbackClient() = default;

bool LoopbackClient::connected() const noexcept {
  return parts_->descriptor >= 0;
}
bool LoopbackClient::secured() const noexcept {
  return parts_->tls != nullptr;
}

void LoopbackClient::send(std::string_view bytes) {
  if (parts_->tls != nullptr) {
    SSL_write(parts_->tls, bytes.data(), static_cast<int>(bytes.size()));
    return;
  }
  while (!bytes.empty()) {
    const ssize_t sent = ::send(parts_->descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return;  // the emulator went away, as some tests want
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::optional<Answer> LoopbackClient::read_answer() {
  std::string& text = parts_->buffered;
  std::size_t head_end = 0;
  while ((head_end = text.find("\r\n\r\n")) == std::string::npos) {
    if (!parts_->read_more()) return std::nullopt;
  }
  Answer answer;
  answer.status = static_cast<unsigned>(std::stoul(text.substr(9, 3)));
  for (std::size_t at = text.find("\r\n") + 2; at < head_end + 2;) {
    const std::size_t end = text.find("\r\n", at);
    const std::size_t colon = text.find(": ", at);
    answer.headers[lower(text.substr(at, colon - at))] = text.substr(colon + 2, end - colon - 2);
    at = end + 2;
  }
  const std::size_t whole = head_end + 4 + std::stoul(answer.headers["content-length"]);
  while (text.size() < whole) {
    if (!parts_->read_more()) return std::nullopt;
  }
  answer.body = text.substr(head_end + 4, whole - head_end - 4);
  text.erase(0, whole);
  return answer;
}

std::string LoopbackClient::read_some(std::size_t most) {
  while (parts_->buffered.size() < most && parts_->read_more()) {
  }
  return parts_->buffered.substr(0, most);
}

bool LoopbackClient::ended_orderly() {
  while (parts_->read_more()) {
  }
  return !parts_->reset;
}

bool LoopbackClient::silent() {
  pollfd waiting{parts_->descriptor, POLLIN, 0};
  return parts_->buffered.empty() && ::poll(&waiting, 1, 0) == 0;
}

std::optional<Answer> LoopbackClient::request(std::string_view method, std::string_view target,
                                              std::string_view body, std::string_view headers) {
  send(std::string(method) + ' ' + std::string(target) +
       " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
       std::string(headers) + "\r\n" + std::string(body));
  return read_answer();
}

}  // namespace posthaste::tools::testing
