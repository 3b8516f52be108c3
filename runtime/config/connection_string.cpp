#include "runtime/config/connection_string.h"

#include "runtime/config/text.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace posthaste::config {
namespace {

constexpr std::string_view mend = "; copy it again from the resource's Overview page in the portal";

// The known keys, in lower case, and what was given for each.
struct Pairs {
  std::string_view instrumentationkey, ingestionendpoint, liveendpoint, endpointsuffix, location,
      authorization, applicationid;
};

struct KnownKey {
  std::string_view name;
  std::string_view Pairs::*value;
};

constexpr std::array known_keys{
    KnownKey{"instrumentationkey", &Pairs::instrumentationkey},
    KnownKey{"ingestionendpoint", &Pairs::ingestionendpoint},
    KnownKey{"liveendpoint", &Pairs::liveendpoint},
    KnownKey{"endpointsuffix", &Pairs::endpointsuffix},
    KnownKey{"location", &Pairs::location},
    KnownKey{"authorization", &Pairs::authorization},
    KnownKey{"applicationid", &Pairs::applicationid},
};

Error refused(std::string message) {
  return {ErrorCode::invalid_connection_string, std::move(message)};
}

Result<Pairs> split_pairs(std::string_view text) {
  Pairs pairs;
  std::size_t number = 0;
  for (const std::string_view piece : split(text, ';')) {
    ++number;
    const std::size_t equals = piece.find('=');
    // The piece itself is not shown: it may be a key that lost its name.
    if (equals == std::string_view::npos || trimmed(piece.substr(0, equals)).empty()) {
      return refused("piece " + std::to_string(number) + " is not of the form key=value" +
                     std::string(mend));
    }
    const std::string_view key = trimmed(piece.substr(0, equals));
    const auto known = std::find_if(known_keys.begin(), known_keys.end(), [&](const KnownKey& k) {
      return equal_ignoring_case(k.name, key);
    });
    if (known != known_keys.end()) pairs.*known->value = trimmed(piece.substr(equals + 1));
  }
  return pairs;
}

std::optional<Error> check_key(std::string_view key) {
  if (key.empty()) return refused("InstrumentationKey is missing" + std::string(mend));
  if (is_guid(key)) return std::nullopt;
  return refused("InstrumentationKey " + Secret::mask(key) +
                 " is not a GUID of the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" +
                 std::string(mend));
}

bool is_location(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
}

// Explicit; else composed of Location, `prefix` and EndpointSuffix; else `public_endpoint`.
Result<Endpoint> choose_endpoint(const Pairs& pairs, std::string_view name,
                                 std::string_view explicit_value, std::string_view prefix,
                                 std::string_view public_endpoint) {
  if (!explicit_value.empty()) {
    auto endpoint = parse_endpoint(explicit_value);
    if (endpoint) return endpoint;
    return std::move(endpoint).error().with_context(name);
  }
  if (pairs.endpointsuffix.empty()) return parse_endpoint(public_endpoint);

  std::string_view location = pairs.location;
  while (location.ends_with('.')) location.remove_suffix(1);
  if (!is_location(location)) {
    return refused("Location " + quoted(location) + " is not made of letters and digits alone");
  }
  std::string_view suffix = pairs.endpointsuffix;
  while (suffix.starts_with('.')) suffix.remove_prefix(1);
  std::string host(location);
  if (!host.empty()) host += '.';
  host.append(prefix).append(".").append(suffix);
  if (!is_host_name(host)) {
    return refused("EndpointSuffix " + quoted(suffix) + " is not a domain such as example.com");
  }
  return parse_endpoint("https://" + host);
}

}  // namespace

Result<ConnectionString> parse_connection_string(std::string_view text) {
  if (text.size() > ConnectionString::max_length) {
    return refused("it is " + std::to_string(text.size()) + " characters long, at most " +
                   std::to_string(ConnectionString::max_length) + " are allowed" +
                   std::string(mend));
  }
  const auto pairs = split_pairs(text);
  if (!pairs) return pairs.error();
  if (const auto error = check_key(pairs->instrumentationkey)) return *error;
  if (!pairs->authorization.empty() && !equal_ignoring_case(pairs->authorization, "ikey")) {
    return refused("Authorization " + quoted(pairs->authorization) +
                   " is not supported; only ikey is, which is also the default");
  }
  auto ingestion = choose_endpoint(*pairs, "IngestionEndpoint", pairs->ingestionendpoint, "dc",
                                   "https://dc.services.visualstudio.com");
  if (!ingestion) return std::move(ingestion).error();
  auto live = choose_endpoint(*pairs, "LiveEndpoint", pairs->liveendpoint, "live",
                              "https://rt.services.visualstudio.com");
  if (!live) return std::move(live).error();
  return ConnectionString{.instrumentation_key = Secret(std::string(pairs->instrumentationkey)),
                          .ingestion = std::move(*ingestion),
                          .live = std::move(*live),
                          .application_id = std::string(pairs->applicationid)};
}

std::string track_url(const ConnectionString& connection_string) {
  return connection_string.ingestion.text() + "/v2.1/track";
}

}  // namespace posthaste::config
