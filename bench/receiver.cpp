#include "bench/receiver.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace bench {
namespace {

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::_Exit(1);
}

/// One connection: what of its present request is still to come.
struct Connection {
  int socket = -1;
  std::string head;      // until its end has come
  std::size_t body = 0;  // bytes left of it
};

std::uint64_t requests = 0;
std::uint64_t bytes_received = 0;
volatile std::sig_atomic_t told_to_end = 0;

constexpr std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

std::size_t content_length(std::string_view head) {
  constexpr std::string_view name = "\r\nContent-Length: ";
  const std::size_t at = head.find(name);
  return at == std::string_view::npos
             ? 0
             : std::strtoul(std::string(head.substr(at + name.size(), 20)).c_str(), nullptr, 10);
}

/// Takes what has come; false: the connection is over.
bool take(Connection& connection) {
  static char bytes[1 << 18];
  const ssize_t got = ::recv(connection.socket, bytes, sizeof bytes, 0);
  if (got <= 0) return false;
  bytes_received += static_cast<std::uint64_t>(got);
  std::string_view rest(bytes, static_cast<std::size_t>(got));
  while (!rest.empty()) {
    if (connection.body == 0) {
      const std::size_t before = connection.head.size();
      connection.head += rest;
      const std::size_t end = connection.head.find("\r\n\r\n");
      if (end == std::string::npos) return true;
      connection.head.resize(end + 4);
      rest.remove_prefix(connection.head.size() - before);
      connection.body = content_length(connection.head);
      connection.head.clear();
    }
    const std::size_t part = std::min(connection.body, rest.size());
    connection.body -= part;
    rest.remove_prefix(part);
    if (connection.body > 0) return true;
    ++requests;
    if (::send(connection.socket, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) return false;
  }
  return true;
}

}  // namespace

Receiver::Receiver(const char* program) {
  const int listening = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (listening < 0 || ::bind(listening, generic, size) != 0 || ::listen(listening, 64) != 0 ||
      ::getsockname(listening, generic, &size) != 0) {
    fail("listen");
  }
  port_ = ntohs(address.sin_port);
  pid_ = ::fork();
  if (pid_ < 0) fail("fork");
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::execl(program, program, "receive", std::to_string(listening).c_str(), nullptr);
    fail("exec");
  }
  ::close(listening);
}

void Receiver::stop() const {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

int receive(int listening) {
  struct sigaction action {};
  action.sa_handler = [](int) { told_to_end = 1; };
  ::sigaction(SIGTERM, &action, nullptr);
  std::vector<Connection> connections;
  while (told_to_end == 0) {
    std::vector<pollfd> waiting{{listening, POLLIN, 0}};
    for (const Connection& connection : connections) {
      waiting.push_back({connection.socket, POLLIN, 0});
    }
    if (::poll(waiting.data(), waiting.size(), 100) < 0) {
      if (errno == EINTR) continue;
      fail("poll");
    }
    for (std::size_t i = 1; i < waiting.size(); ++i) {
      Connection& connection = connections[i - 1];
      if (waiting[i].revents == 0 || take(connection)) continue;
      ::close(connection.socket);
      connection.socket = -1;
    }
    std::erase_if(connections, [](const Connection& connection) { return connection.socket < 0; });
    if ((waiting[0].revents & POLLIN) == 0) continue;
    const int accepted = ::accept(listening, nullptr, nullptr);
    if (accepted >= 0) connections.push_back({.socket = accepted, .head = {}, .body = 0});
  }
  std::printf("requests %llu\nbytes %llu\n", static_cast<unsigned long long>(requests),
              static_cast<unsigned long long>(bytes_received));
  std::fflush(stdout);
  return 0;
}

}  // namespace bench
