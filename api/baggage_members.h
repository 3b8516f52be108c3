#pragma once

/// The members of `baggage` headers: views into the headers, which must outlive it. Used by Baggage
/// and Propagators on application threads; allocates only in joined(). Bytes from outside.

#include <posthaste/baggage.h>

#include <array>
#include <cstddef>
#include <string_view>

namespace posthaste {

/// One `key=value;properties`, all as in the header, without blanks around them.
struct BaggageMember {
  std::string_view text, key, value, properties;
};

/// Nothing of it, with an empty key, where it is malformed.
BaggageMember baggage_member(std::string_view text) noexcept;

/// Takes the next member off `header`.
std::string_view next_baggage_member(std::string_view& header) noexcept;

class BaggageMembers {
public:
  /// Adds what is well-formed and within the limits. False when nothing more can be added.
  bool read(std::string_view header) noexcept;
  /// Instead of one of the same key; false where a limit would be passed.
  bool add(const BaggageMember& member) noexcept;
  void remove(std::string_view key) noexcept;
  /// Empty where there is no memory.
  Baggage joined() const noexcept;

  std::size_t size() const noexcept { return count_; }

private:
  std::size_t find(std::string_view key) const noexcept;

  std::array<BaggageMember, Baggage::member_limit> members_;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;      // as one header, with a comma behind each
  std::size_t looked_at_ = 0;  // bytes of headers
};

}  // namespace posthaste
