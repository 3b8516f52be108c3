#include "tests/actors/scripted_ingestion.h"

#include "runtime/wire/gzip.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace posthaste::actors::testing_support {
namespace {

constexpr std::size_t most_plain = 64 * 1024 * 1024;

/// The id of a line's own item: "id":"<16 digits>".
Ids ids_in(std::string_view lines) {
  Ids ids;
  std::size_t at = 0;
  while (at < lines.size()) {
    const std::size_t end = std::min(lines.find('\n', at), lines.size());
    const std::string_view line = lines.substr(at, end - at);
    const std::size_t key = line.find("\"id\":\"");
    ids.emplace_back(key == std::string_view::npos ? std::string_view{} : line.substr(key + 6, 16));
    at = end + 1;
  }
  return ids;
}

bool send_all(int connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::size_t content_length(const std::string& head) {
  const std::size_t at = head.find("Content-Length: ");
  return at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
}

}  // namespace

Reply accept_all(const Ids& ids) {
  const std::string count = std::to_string(ids.size());
  return {.body = "{\"itemsReceived\":" + count + ",\"itemsAccepted\":" + count + ",\"errors\":[]}",
          .accepted = ids};
}

Reply accept_some(const Ids& ids, int status, const std::function<bool(std::size_t)>& fails) {
  Reply reply{.status = 206};
  std::string errors;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!fails(i)) {
      reply.accepted.push_back(ids[i]);
      continue;
    }
    errors += (errors.empty() ? "" : ",") + std::string("{\"index\":") + std::to_string(i) +
              ",\"statusCode\":" + std::to_string(status) + ",\"message\":\"scripted\"}";
  }
  if (errors.empty()) return accept_all(ids);
  reply.body = "{\"itemsReceived\":" + std::to_string(ids.size()) +
               ",\"itemsAccepted\":" + std::to_string(reply.accepted.size()) + ",\"errors\":[" +
               errors + "]}";
  return reply;
}

ScriptedIngestion::ScriptedIngestion(Script script) : script_(std::move(script)) {
  place_ = bind_to_port();
  listen();
}

ScriptedIngestion::~ScriptedIngestion() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  ended_.notify_all();
  close_door();
  for (std::thread& thread : threads_) thread.join();
  ::close(place_);
}

std::string ScriptedIngestion::connection_string() const {
  return "InstrumentationKey=c0ffee00-1111-2222-3333-44445555cafe;IngestionEndpoint="
         "http://127.0.0.1:" +
         std::to_string(port_);
}

void ScriptedIngestion::set_script(Script script) {
  const std::lock_guard lock(mutex_);
  script_ = std::move(script);
}

int ScriptedIngestion::bind_to_port() {
  const int bound = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(bound, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (::bind(bound, generic, size) != 0 || ::getsockname(bound, generic, &size) != 0) {
    throw std::runtime_error("the ingestion server has no port");
  }
  port_ = ntohs(address.sin_port);
  return bound;
}

void ScriptedIngestion::listen() {
  const int listener = bind_to_port();
  if (::listen(listener, 64) != 0) {
    throw std::runtime_error("the ingestion server cannot listen");
  }
  listener_ = listener;
  closed_ = false;
  acceptor_ = std::thread([this, listener] { accept_all_connections(listener); });
}

void ScriptedIngestion::close_door() {
  closed_ = true;
  const int listener = listener_.exchange(-1);
  if (listener < 0) return;
  ::shutdown(listener, SHUT_RDWR);
  acceptor_.join();
  ::close(listener);
  std::unique_lock lock(mutex_);
  ended_.wait_for(lock, std::chrono::seconds{2}, [this] { return open_ == 0; });
}

void ScriptedIngestion::open_door() {
  listen();
}

void ScriptedIngestion::accept_all_connections(int listener) {
  for (;;) {
    const int connection = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    const std::lock_guard lock(mutex_);
    ++open_;
    threads_.emplace_back([this, connection] {
      serve(connection);
      ::close(connection);
      const std::lock_guard gone(mutex_);
      --open_;
      ended_.notify_all();
    });
  }
}

void ScriptedIngestion::serve(int connection) {
  std::string unread;
  while (serve_one(connection, unread)) {
  }
}

bool ScriptedIngestion::serve_one(int connection, std::string& unread) {
  std::size_t body_at = std::string::npos;
  std::size_t whole = std::string::npos;
  while (whole == std::string::npos || unread.size() < whole) {
    pollfd waiting{connection, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, 10);
    if (ending_ || (closed_ && unread.empty() && ready == 0)) return false;
    if (ready == 0) continue;
    char bytes[65536];
    const ssize_t got = ::recv(connection, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    unread.append(bytes, static_cast<std::size_t>(got));
    if (body_at == std::string::npos) {
      const std::size_t end = unread.find("\r\n\r\n");
      if (end == std::string::npos) continue;
      body_at = end + 4;
      whole = body_at + content_length(unread.substr(0, body_at));
    }
  }
  wire::ByteBuffer plain;
  const std::string_view body = std::string_view(unread).substr(body_at, whole - body_at);
  const auto unpacked = wire::gunzip(std::as_bytes(std::span(body)), most_plain, plain);
  const Ids ids = unpacked ? ids_in(plain.view()) : Ids{};
  unread.erase(0, whole);
  ++requests_;
  const Reply reply = answer(ids);
  if (reply.never || reply.delay.count() > 0) {
    std::unique_lock lock(mutex_);
    const auto time = reply.never ? std::chrono::milliseconds{3'600'000} : reply.delay;
    ended_.wait_for(lock, time, [this] { return ending_.load(); });
    if (reply.never) return false;
  }
  return send_all(connection, "HTTP/1.1 " + std::to_string(reply.status) + " X\r\n" +
                                  reply.headers + "Content-Length: " +
                                  std::to_string(reply.body.size()) + "\r\n\r\n" + reply.body);
}

Reply ScriptedIngestion::answer(const Ids& ids) {
  const std::lock_guard lock(mutex_);
  Reply reply = script_(ids);
  for (const std::string& id : reply.accepted) ++accepted_[id];
  return reply;
}

std::size_t ScriptedIngestion::distinct() const {
  const std::lock_guard lock(mutex_);
  return accepted_.size();
}

std::size_t ScriptedIngestion::copies() const {
  const std::lock_guard lock(mutex_);
  std::size_t sum = 0;
  for (const auto& [id, count] : accepted_) sum += count;
  return sum;
}

bool ScriptedIngestion::has(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  return accepted_.contains(id);
}

}  // namespace posthaste::actors::testing_support
