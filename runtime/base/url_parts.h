#pragma once

/// A URL that an application gave as text, taken apart, and its path as a browser would write it.
/// Used where a request is named: by the mapping, and on application threads for the name that the
/// request's children inherit.
///
/// Pure; the texts come from the application, so everything may be malformed. No allocation.

#include <optional>
#include <span>
#include <string_view>

namespace posthaste {

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

/// `path` percent-encoded and without dot segments, "/" when empty: itself if it is so already,
/// else put into `room`, and cut where that is full (three bytes for each of `path` always do).
std::string_view normal_path(std::string_view path, std::span<char> room) noexcept;

}  // namespace posthaste
