#pragma once

/// A text with `*` for any run of characters, the empty one too; as views have it, also with `?`
/// for any one. Made once, matched often.
///
/// Threads: an ordinary value; matches() from any. Blocking: never.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste {

class TextPattern {
public:
  /// The texts between the stars, in their order: one piece is that text alone, {"a", ""} is "a*".
  /// Never empty.
  explicit TextPattern(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}

  /// Of a text in which every `*` and `?` stands for characters; nothing is escaped.
  static TextPattern with_wildcards(std::string_view text);

  /// Case counts. At most as many steps as pattern times text are long.
  bool matches(std::string_view text) const noexcept;

private:
  bool begins(std::string_view text, std::string_view piece) const noexcept;
  std::size_t find(std::string_view text, std::string_view piece) const noexcept;

  std::vector<std::string> pieces_;
  bool question_marks_ = false;  // in the pieces they stand for any character
};

}  // namespace posthaste
