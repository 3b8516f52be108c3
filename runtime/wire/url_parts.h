#pragma once

/// URLs as the mapping needs them: parts of one that an application gave as text, its path as
/// browsers would write it, and a form without secrets.
///
/// Pure; the texts come from the application, so everything may be malformed.

#include "runtime/wire/text_scratch.h"

#include <optional>
#include <string_view>

namespace posthaste::wire {

/// `scheme://[user@]host[:port][/path][?query][#fragment]`; parts borrow from the text.
struct UrlParts {
  std::string_view scheme;
  std::string_view user;
  std::string_view host;   // brackets of an IPv6 literal included
  std::string_view port;   // empty when absent
  std::string_view path;   // with its slash; empty when absent
  std::string_view query;  // without its question mark

  /// Empty unless the text has a scheme and a host that can be.
  static std::optional<UrlParts> of(std::string_view url) noexcept;
};

/// The port that `scheme` implies, as text; empty if unknown.
std::string_view default_port(std::string_view scheme) noexcept;

/// A host with a port behind it where it has none and `port` is neither empty nor `implied`; an
/// IPv6 literal in front of a port gets its brackets.
std::string_view host_and_port(std::string_view host, std::string_view port,
                               std::string_view implied, TextScratch& scratch);

/// `host`, an IPv6 literal with its brackets as a URL needs them.
std::string_view bracketed(std::string_view host, TextScratch& scratch);

/// `path` percent-encoded and without dot segments; "/" when empty.
std::string_view normal_path(std::string_view path, TextScratch& scratch);

/// `url` with REDACTED for user information and for the values of query keys that carry signatures;
/// `url` itself when there is nothing to hide.
std::string_view redacted_url(std::string_view url, TextScratch& scratch);
/// The same for what follows a question mark.
std::string_view redacted_query(std::string_view query, TextScratch& scratch);

}  // namespace posthaste::wire
