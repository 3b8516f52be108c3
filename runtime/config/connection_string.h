#pragma once

/// An Application Insights connection string:
/// "InstrumentationKey=<GUID>;IngestionEndpoint=https://...".
///
///   pairs      key=value, split at the first '='; ';' between them; blanks around both and empty
///              pieces are allowed; there is no quoting
///   keys       in any case; unknown ones are ignored; given twice, the last counts
///   endpoints  the explicit one; else https://[<Location>.]dc.<EndpointSuffix>; else the public
///   one
///
/// Pure; any thread. No message holds the key: it is shown as "****" and its last four characters.

#include "runtime/base/secret.h"
#include "runtime/config/endpoint.h"

#include <posthaste/result.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace posthaste::config {

struct ConnectionString {
  static constexpr std::size_t max_length = 4096;

  Secret instrumentation_key;  // a GUID, in the case in which it was given
  Endpoint ingestion;
  Endpoint live;
  std::string application_id;  // empty when it is not given
};

/// The error is one line: which piece, the rule and the mend; not where the string came from.
Result<ConnectionString> parse_connection_string(std::string_view text);

/// Where items are posted to: the ingestion endpoint and "/v2.1/track".
std::string track_url(const ConnectionString& connection_string);

}  // namespace posthaste::config
