#pragma once

/// Reads JSON text from left to right, strictly (RFC 8259, UTF-8 checked), without a copy or an
/// allocation. The emulator's ingestion checks and the OTLP reader run on it: one pass, about a
/// nanosecond for two bytes.
///
/// The first defect makes the cursor fail for good: every later read answers false.
/// Strings are handed out raw: the text between the quotes, its escapes as they were written.
///
/// Threads:  none; an ordinary value over text that must outlive it.
///           A copy is a bookmark: it reads on from where the original stood.
/// Overflow: nesting deeper than `deepest` is a defect, so no text sizes the stack.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace posthaste::tools {

enum class JsonKind : std::uint8_t { object, array, string, number, boolean, null, nothing };

/// "object", "string", ...; for messages.
std::string_view to_string(JsonKind kind) noexcept;

class JsonCursor {
public:
  explicit JsonCursor(std::string_view text, int deepest = 64) noexcept
      : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()), deepest_(deepest) {}

  /// What stands here, white space skipped; `nothing` at the end and before what is no value.
  JsonKind kind() noexcept;
  bool failed() const noexcept { return failed_; }
  /// It failed because of `deepest`.
  bool too_deep() const noexcept { return depth_ > deepest_; }
  /// How far it read.
  std::size_t offset() const noexcept { return static_cast<std::size_t>(at_ - begin_); }
  /// Nothing but white space is left.
  bool at_end() noexcept;

  bool read_string(std::string_view& raw) noexcept;
  /// The number's text, its grammar checked.
  bool read_number(std::string_view& raw) noexcept;
  bool read_boolean(bool& value) noexcept;
  /// Goes over one value of any kind, all of it checked.
  bool skip() noexcept;

  /// Calls `member(raw_key)` once per member; it must read the value here and answer true, or
  /// false to give up (which fails the cursor).
  template <class Member>
  bool read_object(Member&& member) {
    if (!open('{')) return false;
    if (close_empty('}')) return true;
    do {
      std::string_view key;
      skip_space();
      if (!read_string(key) || !take(':') || !member(key) || failed_) return fail();
    } while (next('}'));
    return !failed_;
  }

  /// Calls `element()` once per element; the same rule.
  template <class Element>
  bool read_array(Element&& element) {
    if (!open('[')) return false;
    if (close_empty(']')) return true;
    do {
      if (!element() || failed_) return fail();
    } while (next(']'));
    return !failed_;
  }

private:
  bool fail() noexcept {
    failed_ = true;
    return false;
  }
  void skip_space() noexcept;
  bool open(char bracket) noexcept;
  bool close_empty(char bracket) noexcept;
  bool take(char expected) noexcept;
  /// True after a comma, false after `bracket` or a defect.
  bool next(char bracket) noexcept;
  bool skip_literal(std::string_view word) noexcept;
  bool skip_escape() noexcept;
  bool skip_utf8() noexcept;

  const char* begin_;
  const char* at_;
  const char* end_;
  int deepest_;
  int depth_ = 0;
  bool failed_ = false;
};

/// The length of raw string content in UTF-16 units, escapes counted as what they stand for.
std::size_t characters_in(std::string_view raw) noexcept;

}  // namespace posthaste::tools
