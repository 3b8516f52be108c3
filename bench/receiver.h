#pragma once

/// A receiver that reads requests and answers 200, nothing more: what telemetry costs its sender is
/// not hidden by what it costs a receiver. A process of its own, made by exec, so that callgrind
/// does not follow it.

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace bench {

class Receiver {
public:
  /// Runs `program receive <descriptor>` with a listening socket. Ends the process on failure.
  explicit Receiver(const char* program);
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  void stop() const;

private:
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
};

/// What the other process does, until SIGTERM; then it tells how many requests and bytes came.
int receive(int listening);

}  // namespace bench
