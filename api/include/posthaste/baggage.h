#pragma once

/// What an application sends along with a trace: a few keys and values, which every service on the
/// way can read. Part of a Context; carried by Propagators.
///
/// Threads: an immutable value; copies share what they hold. Blocking: never.
/// Limits:  64 members and 8,192 bytes as a header. What comes from outside and is beyond them, or
///          malformed, is left out member by member; what the application adds is refused.
/// Trust:   anybody on the way may have written it, and it goes on to whomever you call.
/// Specification: W3C Baggage. Of a key that comes twice the last value counts.

#include <posthaste/export.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace posthaste {

class POSTHASTE_API Baggage {
public:
  static constexpr std::size_t member_limit = 64;
  static constexpr std::size_t byte_limit = 8192;

  Baggage() noexcept = default;
  /// As one `baggage` header has it. Looks at the first 8,192 bytes only.
  [[nodiscard]] static Baggage from_header(std::string_view header) noexcept;

  bool empty() const noexcept { return header_ == nullptr; }
  std::size_t size() const noexcept;
  /// Decoded, bytes that are no UTF-8 as U+FFFD; nothing where there is no such key. Throws only
  /// std::bad_alloc.
  std::optional<std::string> value(std::string_view key) const;
  /// The metadata of a member, "ttl=5;secure", as it came; borrowed from this Baggage.
  std::string_view properties(std::string_view key) const noexcept;
  /// Of the member at `index`, below size(), in the order of the header; borrowed; else empty.
  std::string_view key(std::size_t index) const noexcept;

  /// With this member too, or instead of the one of the same key. Nothing where the key is no
  /// token of HTTP, the properties are malformed, a limit would be passed, or there is no memory.
  /// A value may be any bytes.
  [[nodiscard]] std::optional<Baggage> with(std::string_view key, std::string_view value,
                                            std::string_view properties = {}) const noexcept;
  /// Without memory to do so: as it is.
  [[nodiscard]] Baggage without(std::string_view key) const noexcept;

  /// As a `baggage` header; printable ASCII, blanks and tabs; empty if nothing is in it.
  std::string_view header() const noexcept {
    return header_ ? std::string_view(*header_) : std::string_view();
  }

private:
  friend class BaggageMembers;
  std::shared_ptr<const std::string> header_;  // well-formed, within the limits; null: empty
};

}  // namespace posthaste
