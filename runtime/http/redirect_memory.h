#pragma once

/// Redirects that worked, so that the next request goes to its final place at once. In memory only:
/// an answer of one day must not decide where the telemetry of another run goes.
///
/// Threads:  the io thread only.
/// Blocking: never.
/// Full:     64 are remembered; a further one displaces another.

#include <chrono>
#include <map>
#include <string>

#include "runtime/base/clock.h"
#include "runtime/http/url.h"

namespace posthaste::http {

class RedirectMemory {
public:
  /// Requests for `from` go to `to` until `until`.
  void remember(const Url& from, Url to, SteadyTime until);

  /// Where a request for `url` goes now: itself, if nothing else is known.
  Url place_of(const Url& url, SteadyTime now);

  /// The place that was remembered for `from` did not answer.
  void forget(const Url& from);

private:
  struct Place {
    Url url;
    SteadyTime until;
  };
  static std::string key(const Url& url) { return url.origin() + url.target(); }

  std::map<std::string, Place> places_;
};

}  // namespace posthaste::http
