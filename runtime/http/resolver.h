#pragma once

/// Names to addresses, so that a silent DNS server harms nobody but the name that it was asked for.
///
///   resolve(host) ── address, localhost ──────────────────────────► at once
///                 └─ name ──► own thread "posthaste.dns" ──► answer ──► waiting requests
///                                    └─ hangs: last good addresses, or an error at `patience`
///
/// The system's look-up cannot be interrupted. So each name is looked up on a thread of its own,
/// which nobody ever joins: another host, and shutdown, never wait for it. While a look-up hangs,
/// further requests for that name wait for the same thread; after a second, or when it fails, they
/// use the addresses that were good last. TLS verifies the host afterwards, so an old address can
/// cost time but not trust.
///
/// Threads:  resolve() on the io thread; `done` is called there, once, not before resolve()
/// returns. Blocking: never on the io thread. Full:     at most 8 look-ups hang at a time; a
/// further name fails at once. 64 names are remembered.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <posthaste/result.h>
#include "runtime/http/io_loop.h"

namespace posthaste::http {

using Addresses = std::vector<std::string>;  // "192.0.2.1", "2001:db8::1", "fe80::1%eth0"

/// Blocks until it knows. An empty list means: the name does not exist. An error: could not be
/// asked.
using LookUp = std::function<Result<Addresses>(const std::string& host)>;

/// The system's (getaddrinfo), in its order of preference.
Result<Addresses> look_up_by_system(const std::string& host);

class Resolver {
public:
  using Done = std::function<void(Result<Addresses>)>;  // never an empty list

  Resolver(std::shared_ptr<IoLoop> loop, LookUp look_up);
  ~Resolver();
  Resolver(Resolver&&) noexcept;
  Resolver& operator=(Resolver&&) noexcept;

  /// Fails with `name_not_resolved`, at `patience` at the latest.
  void resolve(const std::string& host, std::chrono::nanoseconds patience, Done done);

private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace posthaste::http
