#pragma once

/// Who may send our telemetry elsewhere, and where to: the rule for 307 and 308, pure.
///
/// A redirect carries telemetry and perhaps a token to whoever it names, so it is followed only to
///   - the same scheme, host and port as now (a server that moves a path; also tests on loopback),
///   or
///   - https on port 443, a name and not an address, from a URL at its default port, and either the
///     same host or both under the suffixes of one Azure cloud.
/// Never with user info, never from https to http. Checked before a byte is sent.
///
/// Threads:  pure functions.
/// Blocking: never.

#include <chrono>
#include <optional>
#include <string_view>

#include <posthaste/result.h>
#include "runtime/http/url.h"

namespace posthaste::http {

/// Where `location`, answered by `current`, leads; or `redirect_refused` and the rule it breaks.
Result<Url> trusted_redirect(const Url& current, std::string_view location);

/// How long a redirect may be remembered by its Cache-Control header: max-age, 0 for no-store and
/// no-cache, at most `longest`; `longest` itself if nothing readable is said.
std::chrono::seconds redirect_lifetime(std::string_view cache_control,
                                       std::chrono::seconds longest);

}  // namespace posthaste::http
