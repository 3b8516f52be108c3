#pragma once

/// A text with `*` for any run of characters, the empty one too. Made once, matched often.
///
/// Threads: an ordinary value; matches() from any. Blocking: never.

#include <string>
#include <string_view>
#include <vector>

namespace posthaste {

class TextPattern {
public:
  /// The texts between the stars, in their order: one piece is that text alone, {"a", ""} is "a*".
  /// Never empty.
  explicit TextPattern(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}

  /// Case counts. At most as many steps as pattern times text are long.
  bool matches(std::string_view text) const noexcept;

private:
  std::vector<std::string> pieces_;
};

}  // namespace posthaste
