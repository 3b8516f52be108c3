#pragma once

/// The HTTPS client: takes requests, follows trusted redirects, and calls back exactly once.
///
///   deliveries ──post()──► [ io thread: journey ─► exchange ─► exchange (redirected) ... ]
///   ──Done──►
///
/// It knows URLs, names, proxies, TLS and deadlines, but not what it carries. It retries nothing
/// that a server may have seen: whether to send again is for the caller, who is told whether a
/// failed request was ambiguous.
///
/// Threads:  post() and cancel() from any thread; Done on the io thread.
/// Blocking: never; Done must not block either, or all requests wait for it.
/// Full:     no bound of its own: callers bound what they have under way. An answer is bounded by
///           `limits`, a request's time by Phases::total.
/// Stop:     IoThread::stop() or the destructor end what is under way with `request_cancelled`.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <posthaste/result.h>
#include "runtime/base/clock.h"
#include "runtime/http/io_thread.h"
#include "runtime/http/proxy.h"
#include "runtime/http/request.h"
#include "runtime/http/resolver.h"
#include "runtime/http/response.h"
#include "runtime/http/response_reader.h"

namespace posthaste::http {

struct ClientOptions {
  std::string ca_file = {};  // PEM; trusted besides the system's. Empty: the system's only
  // PEM; what this client shows to a server that asks who it is. Both or neither.
  std::string client_certificate_file = {};
  std::string client_key_file = {};
  bool tls = true;  // false: http only, and no time is spent on reading authorities
  ProxyValues proxy = {};
  std::string user_agent = "posthaste";
  ResponseLimits limits = {};
  std::chrono::milliseconds idle_limit{30'000};  // an idle connection is used again for so long
  unsigned redirect_limit = 10;                  // redirects followed for one request
  std::chrono::seconds redirect_memory{12 * 60 * 60};  // the longest that one is remembered
  const Clock* clock = &system_clock();                // not null; for idling and remembering
  LookUp look_up = look_up_by_system;
};

enum class RequestId : std::uint64_t {};

class Client {
public:
  using Done = std::function<void(Outcome)>;

  /// Fails with `invalid_setting`, naming the option, or `tls_failed`. `io` may be stopped or
  /// destroyed before the client.
  static Result<std::unique_ptr<Client>> create(IoThread& io, ClientOptions options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Calls `done` once, on the io thread, whatever happens. Only after IoThread::stop() it is
  /// called on this thread, with `stopped`, before post() returns.
  RequestId post(Request request, Done done);

  /// Ends it with `request_cancelled`; without effect once it has ended.
  void cancel(RequestId request);

  /// One line for each part of the options that is ignored, such as a bad entry in NO_PROXY.
  const std::vector<std::string>& warnings() const noexcept { return warnings_; }

private:
  class Core;
  Client(std::shared_ptr<IoLoop> loop, std::shared_ptr<Core> core,
         std::vector<std::string> warnings);

  const std::shared_ptr<IoLoop> loop_;
  const std::shared_ptr<Core> core_;
  const std::vector<std::string> warnings_;
  const StopTaskId stop_task_;
};

}  // namespace posthaste::http
