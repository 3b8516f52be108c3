#include "tests/support/tls_server.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace posthaste::testing_support {
namespace {

constexpr int patience_seconds = 10;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

int bound_socket(std::uint16_t& port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (fd < 0 || ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("no port on loopback");
  }
  port = ntohs(address.sin_port);
  return fd;
}

void set_patience(int fd) {
  const timeval patience{patience_seconds, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  constexpr int yes = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

// OpenSSL writes with write(2): in these threads a client that hangs up must not end the test.
void block_sigpipe() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

std::string lowered(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return result;
}

}  // namespace

std::string ServerRequest::header(std::string_view name) const {
  const std::string lower = lowered(head);
  const auto found = lower.find("\r\n" + std::string(name) + ": ");
  if (found == lower.npos) return {};
  const auto begin = found + name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

struct ServerConnection::State {
  int fd = -1;
  SSL* ssl = nullptr;
  std::shared_ptr<std::atomic<std::size_t>> bytes_received;

  ~State() {
    if (ssl != nullptr) {
      SSL_shutdown(ssl);
      SSL_free(ssl);
    }
    ERR_clear_error();
  }
  std::size_t read(char* room, std::size_t size) const {
    const auto count = ssl != nullptr ? SSL_read(ssl, room, static_cast<int>(size))
                                      : static_cast<int>(::recv(fd, room, size, 0));
    if (count <= 0) return 0;
    *bytes_received += static_cast<std::size_t>(count);
    return static_cast<std::size_t>(count);
  }
  bool write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto count = ssl != nullptr
                             ? SSL_write(ssl, bytes.data(), static_cast<int>(bytes.size()))
                             : static_cast<int>(::send(fd, bytes.data(), bytes.size(), 0));
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
};

ServerConnection::ServerConnection(std::unique_ptr<State> state, std::size_t number)
    : state_(std::move(state)), number_(number) {}
ServerConnection::~ServerConnection() = default;

bool ServerConnection::read_more() {
  std::array<char, 16384> room;
  const std::size_t count = state_->read(room.data(), room.size());
  unread_.append(room.data(), count);
  return count > 0;
}

std::optional<ServerRequest> ServerConnection::read_head() {
  std::size_t end = 0;
  while ((end = unread_.find("\r\n\r\n")) == unread_.npos) {
    if (!read_more()) return std::nullopt;
  }
  ServerRequest request{unread_.substr(0, end + 2), {}};
  unread_.erase(0, end + 4);
  return request;
}

std::optional<ServerRequest> ServerConnection::read_request() {
  auto request = read_head();
  if (!request) return std::nullopt;
  const std::string length = request->header("content-length");
  const std::size_t size = length.empty() ? 0 : std::stoul(length);
  while (unread_.size() < size) {
    if (!read_more()) return std::nullopt;
  }
  request->body = unread_.substr(0, size);
  unread_.erase(0, size);
  return request;
}

bool ServerConnection::read_exactly(std::size_t count) {
  while (unread_.size() < count) {
    if (!read_more()) return false;
  }
  unread_.erase(0, count);
  return true;
}

bool ServerConnection::send(std::string_view bytes) {
  return state_->write(bytes);
}

bool ServerConnection::answer(int status, std::string_view body, std::string_view headers) {
  return send("HTTP/1.1 " + std::to_string(status) +
              " Said\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
              std::string(headers) + "\r\n" + std::string(body));
}

void ServerConnection::reset() {
  const linger at_once{1, 0};
  ::setsockopt(state_->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  // Nothing more may be said above TCP: the RST is to be what the client hears.
  if (state_->ssl != nullptr) SSL_set_quiet_shutdown(state_->ssl, 1);
}

void ServerConnection::wait_for_close() {
  pollfd closed{state_->fd, POLLRDHUP, 0};
  ::poll(&closed, 1, patience_seconds * 1000);
}

void ServerConnection::splice_to(std::uint16_t port) {
  const int onward = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  std::array<pollfd, 2> sides{pollfd{state_->fd, POLLIN, 0}, pollfd{onward, POLLIN, 0}};
  bool open = ::connect(onward, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  set_patience(onward);
  while (open && ::poll(sides.data(), sides.size(), patience_seconds * 1000) > 0) {
    for (std::size_t from = 0; from < 2; ++from) {
      if (sides[from].revents == 0) continue;
      std::array<char, 16384> bytes;
      const ssize_t count = ::recv(sides[from].fd, bytes.data(), bytes.size(), 0);
      open = open && count > 0 &&
             ::send(sides[1 - from].fd, bytes.data(), static_cast<std::size_t>(count), 0) == count;
    }
  }
  ::close(onward);
}

bool ServerConnection::resumed() const noexcept {
  return state_->ssl != nullptr && SSL_session_reused(state_->ssl) == 1;
}

struct TlsServer::Tls {
  SSL_CTX* context = nullptr;

  explicit Tls(const ServerOptions& options) : context(SSL_CTX_new(TLS_server_method())) {
    const auto as_bio = [](const std::string& pem) {
      return BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
    };
    BIO* certificate_bio = as_bio(options.certificate.certificate);
    BIO* key_bio = as_bio(options.certificate.key);
    X509* certificate = PEM_read_bio_X509(certificate_bio, nullptr, nullptr, nullptr);
    EVP_PKEY* key = PEM_read_bio_PrivateKey(key_bio, nullptr, nullptr, nullptr);
    const bool usable = SSL_CTX_use_certificate(context, certificate) == 1 &&
                        SSL_CTX_use_PrivateKey(context, key) == 1;
    X509_free(certificate);
    EVP_PKEY_free(key);
    BIO_free(certificate_bio);
    BIO_free(key_bio);
    if (!usable) throw std::runtime_error("the test server has no usable certificate");
    if (!options.client_authority.empty()) {
      BIO* authority_bio = as_bio(options.client_authority);
      X509* authority = PEM_read_bio_X509(authority_bio, nullptr, nullptr, nullptr);
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority);
      X509_free(authority);
      BIO_free(authority_bio);
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
      SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    }
    if (options.transport == Transport::tls_1_1_only) {
      SSL_CTX_set_security_level(context, 0);  // OpenSSL 3 allows TLS 1.1 no higher
      SSL_CTX_set_min_proto_version(context, TLS1_1_VERSION);
      SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION);
    }
  }
  ~Tls() { SSL_CTX_free(context); }
};

TlsServer::TlsServer(ServerOptions options, Script script)
    : options_(std::move(options)),
      script_(std::move(script)),
      bytes_received_(std::make_shared<std::atomic<std::size_t>>(0)) {
  const auto transport = options_.transport;
  if (transport == Transport::tls || transport == Transport::tls_1_1_only) {
    tls_ = std::make_unique<Tls>(options_);
  }
  listener_ = bound_socket(port_);
  if (::listen(listener_, 64) != 0) throw std::runtime_error("cannot listen on loopback");
  acceptor_ = std::thread([this] { accept_all(); });
}

TlsServer::~TlsServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (auto& server : servers_) server.join();
  ::close(listener_);
}

std::string TlsServer::url(std::string_view host) const {
  return (options_.transport == Transport::plain ? "http://" : "https://") + std::string(host) +
         ":" + std::to_string(port_) + "/v2.1/track";
}

void TlsServer::accept_all() {
  block_sigpipe();
  for (int fd; (fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      ::close(fd);
      return;
    }
    open_.push_back(fd);
    servers_.emplace_back([this, fd, number = ++connections_] { serve(fd, number); });
  }
}

void TlsServer::serve(int fd, std::size_t number) {
  set_patience(fd);
  auto state = std::make_unique<ServerConnection::State>();
  state->fd = fd;
  state->bytes_received = bytes_received_;
  bool ready = true;
  if (tls_ != nullptr) {
    state->ssl = SSL_new(tls_->context);
    SSL_set_fd(state->ssl, fd);
    ready = SSL_accept(state->ssl) == 1;
    ERR_clear_error();
    if (!ready) SSL_set_quiet_shutdown(state->ssl, 1);
  }
  {
    ServerConnection connection(std::move(state), number);
    if (options_.transport == Transport::silent_tls) {
      connection.wait_for_close();
    } else if (ready) {
      script_(connection);
    }
  }
  const std::lock_guard lock(mutex_);
  std::erase(open_, fd);
  ::close(fd);
}

std::uint16_t port_without_listener() {
  std::uint16_t port = 0;
  ::close(bound_socket(port));
  return port;
}

}  // namespace posthaste::testing_support
