#pragma once

/// One request to one URL and its answer: the whole way through names, sockets, proxy and TLS, with
/// a deadline at each step. Redirects are an answer like any other here; the Client follows them.
///
///   begin ─ idle connection? ─yes──────────────────────────────────────► write ─► read ─► done
///              └─no─► resolve ─► connect ─► [CONNECT by proxy] ─► [TLS] ────┘
///
///   - All addresses of a name are tried in turn.
///   - An idle connection that turns out to be closed before it took the whole request is replaced
///   by
///     a fresh one, once. If it took the whole request, the outcome is ambiguous, and told so.
///   - A server that answers and closes before it has read everything is heard all the same.
///
/// Threads:  the io thread only. `done` is called there, once, always.
/// Blocking: never.

#include <memory>
#include <optional>
#include <string>

#include "runtime/http/connection.h"
#include "runtime/http/connection_pool.h"
#include "runtime/http/proxy.h"
#include "runtime/http/request.h"
#include "runtime/http/resolver.h"
#include "runtime/http/response.h"
#include "runtime/http/response_reader.h"
#include "runtime/http/tls.h"

namespace posthaste::http {

/// What all exchanges of one client share.
struct Network {
  std::shared_ptr<IoLoop> loop;
  std::shared_ptr<TlsContext> tls;  // null: it speaks none
  std::shared_ptr<ConnectionPool> pool;
  Resolver resolver;
  ProxyRules proxies;
  ResponseLimits limits;
  std::string user_agent;
};

class Exchange : public std::enable_shared_from_this<Exchange> {
public:
  using Done = std::function<void(Outcome)>;

  /// `url`: where this exchange goes; it may differ from request->url after a redirect.
  Exchange(std::shared_ptr<Network> network, std::shared_ptr<const Request> request, Url url,
           Done done);

  void begin();

  /// Ends it with `why`; without effect once it has ended.
  void abort(Error why);

private:
  using Step = void (Exchange::*)();

  bool by_tunnel() const noexcept { return proxy_ != nullptr && url_.secure(); }
  bool by_proxy() const noexcept { return proxy_ != nullptr && !url_.secure(); }
  std::string place() const;  // what the pool knows such a connection by
  std::string peer() const;   // what messages call the other side

  void connect_anew();
  void on_addresses(Result<Addresses> addresses);
  void connect_next();
  void on_connected(Result<void> connected);
  void ask_for_tunnel();
  void on_tunnel();
  void begin_tls();
  void write();
  void on_written(Result<void> written);
  void read(Step when_whole);
  void on_read(Result<std::size_t> read, Step when_whole);
  void on_answer();
  bool try_afresh();

  void arm(std::chrono::nanoseconds limit, ErrorCode code, std::string_view what);
  void disarm();
  // Marks the end of a call to the connection; false if the exchange has been ended from outside.
  bool goes_on();
  void fail(Error error);
  void fail_at_proxy(const Error& error);
  void finish(Outcome outcome);

  const std::shared_ptr<Network> network_;
  const std::shared_ptr<const Request> request_;
  const Url url_;
  const Url* const proxy_;  // null: directly; else of network_->proxies
  Done done_;               // empty once it has been called

  std::unique_ptr<Connection> connection_;
  std::optional<ResponseReader> reader_;
  Addresses addresses_;
  std::size_t next_address_ = 0;
  std::string head_;
  TimerId phase_ = TimerId::none;
  std::optional<Error> attempt_error_;  // of the address tried last
  std::optional<Error> why_;            // why it was ended from outside
  std::optional<Error> write_error_;    // reported unless an answer turns up all the same
  bool calling_ = false;                // a call to the connection is under way
  bool attempt_timed_out_ = false;
  bool reused_ = false;  // the connection had served before; false again after the retry
  bool sent_ = false;    // the kernel has taken the last byte of the request
};

}  // namespace posthaste::http
