#pragma once

/// URLs as the mapping needs them: hosts with and without ports, paths as browsers would write
/// them, and a form without secrets. Taking one apart is runtime/base/url_parts.h.
///
/// Pure; the texts come from the application, so everything may be malformed.

#include "runtime/base/url_parts.h"
#include "runtime/wire/text_scratch.h"

#include <string_view>

namespace posthaste::wire {

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
