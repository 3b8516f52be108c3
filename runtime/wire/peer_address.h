#pragma once

/// Where the other side of a span is: the one order of attributes by which every convention finds
/// it. The caller's own address (client.address) is never a target.
///
/// Pure; used by the rules of each convention.

#include "runtime/wire/seen_attributes.h"
#include "runtime/wire/url_parts.h"

#include <optional>
#include <string_view>

namespace posthaste::wire {

struct PeerQuestion {
  std::string_view implied_port = {};  // the scheme's or system's own, left out of the answer
  std::string_view also_implied = {};  // a second one, where the scheme is not known
  const UrlParts* url = nullptr;       // if any, asked after server.address and http.host
  bool keeps_server_address = false;   // server.address and server.port stay properties as well
};

/// `host[:port]`, or a service's name; empty if nothing is known. Marks what it used as carried; a
/// port that it left out is not.
std::string_view find_peer(const PeerQuestion& question, SeenAttributes& seen);

/// `host[:port]` out of two attributes, by the same rules.
std::string_view carry_address(std::optional<Known> host, std::optional<Known> port,
                               const PeerQuestion& question, SeenAttributes& seen);

}  // namespace posthaste::wire
