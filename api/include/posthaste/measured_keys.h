#pragma once

/// The attribute keys that the standard metrics have dimensions from (docs/metrics.md): of a span
/// that is not sampled, and measured all the same, only these are kept. For a key that the compiler
/// knows, the answer is a number in the code.
///
/// Pure; any thread; never blocks; no limits, no errors. The keys are those that the mapping to
/// Application Insights reads for result code, success, target, type and synthetic source; a test
/// holds the two together.

#include <cstdint>
#include <string_view>

namespace posthaste::measured_keys {

inline constexpr std::uint16_t none = 0;
/// Read for requests: server and consumer spans.
inline constexpr std::uint16_t of_requests = 8;
/// Read for dependencies: client and producer spans.
inline constexpr std::uint16_t of_dependencies = 16;
inline constexpr std::uint16_t of_both = of_requests | of_dependencies;

/// Which of the two read `key`. In line and without loops, so that the compiler sees through it.
[[gnu::always_inline]] constexpr std::uint16_t kinds_of(std::string_view key) noexcept {
  switch (key.size()) {
    case 7: return key == "db.name" ? of_dependencies : none;
    case 8: return key == "http.url" || key == "url.full" ? of_dependencies : none;
    case 9: return key == "db.system" || key == "http.host" ? of_dependencies : none;
    case 10:
      return key == "error.type" || key == "rpc.system" ? of_both
             : key == "url.scheme"                      ? of_dependencies
                                                        : none;
    case 11:
      return key == "http.method" ? of_both
             : key == "http.scheme" || key == "net.peer.ip" || key == "server.port"
                 ? of_dependencies
                 : none;
    case 12:
      return key == "az.namespace" || key == "db.namespace" || key == "peer.address" ||
                     key == "peer.service"
                 ? of_dependencies
                 : none;
    case 13: return key == "net.peer.name" || key == "net.peer.port" ? of_dependencies : none;
    case 14: return key == "db.system.name" || key == "server.address" ? of_dependencies : none;
    case 15: return key == "http.user_agent" || key == "rpc.system.name" ? of_both : none;
    case 16:
      return key == "http.status_code"   ? of_both
             : key == "messaging.system" ? of_dependencies
                                         : none;
    case 17: return key == "network.peer.port" ? of_dependencies : none;
    case 19: return key == "http.request.method" || key == "user_agent.original" ? of_both : none;
    case 20:
      return key == "rpc.grpc.status_code"   ? of_both
             : key == "network.peer.address" ? of_dependencies
                                             : none;
    case 21: return key == "messaging.destination" ? of_dependencies : none;
    case 23:
      return key == "message_bus.destination" || key == "db.response.status_code" ? of_dependencies
                                                                                  : none;
    case 24: return key == "rpc.response.status_code" ? of_both : none;
    case 25:
      return key == "user_agent.synthetic.type" || key == "http.response.status_code" ? of_both
             : key == "microsoft.dependency.type" ? of_dependencies
                                                  : none;
    case 26:
      return key == "microsoft.synthetic_source"   ? of_both
             : key == "messaging.destination.name" ? of_dependencies
                                                   : none;
    case 27: return key == "microsoft.dependency.target" ? of_dependencies : none;
    case 28: return key == "microsoft.request.resultCode" ? of_requests : none;
    case 31: return key == "microsoft.dependency.resultCode" ? of_dependencies : none;
    default: return none;
  }
}

}  // namespace posthaste::measured_keys
