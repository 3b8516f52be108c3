#pragma once

/// Who an output's requests come from: a bearer token for each, from wherever tokens come from.
/// What speaks to Microsoft Entra ID will stand behind it; there is none yet, and no public setting.
///
///   delivery ─► PostEndpoint ── token() ──► Authorization: Bearer ... ──► 401? refused(token)
///
/// A token goes over TLS only, and only where http/redirect.h lets telemetry go. It is in no store,
/// arena, diagnostic or error.
///
/// Threads:  any.
/// Blocking: never: an implementation gets its tokens ahead of time, on a thread of its own.
/// Failure:  without a token nothing is sent; the batch waits as for an endpoint that is away.

#include <posthaste/result.h>

#include "runtime/base/secret.h"

namespace posthaste::actors {

class Credential {
public:
  virtual ~Credential() = default;
  /// For the next request. It must not throw.
  virtual Result<Secret> token() = 0;
  /// The service answered 401 to this one: it is not to be given again. It must not throw.
  virtual void refused(const Secret& token) = 0;
};

}  // namespace posthaste::actors
