#pragma once

/// Reads JSON text from front to back without building anything: what the few small answers that we
/// read need. Strict (RFC 8259), bounded in depth, never allocates but for a string's own
/// characters.
///
/// After the first failure every call fails. Threads: none. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace posthaste::wire {

class JsonCursor {
public:
  static constexpr int depth_limit = 32;

  explicit JsonCursor(std::string_view text) noexcept : rest_(text) {}

  /// Calls `f(key)` for each member, with the first `key_bytes` of its key; `f` reads the value (or
  /// calls skip()) and says whether it could.
  template <class F>
  bool object(F&& f, std::size_t key_bytes = 64) {
    if (!open('{')) return false;
    if (take('}')) return leave();
    do {
      std::string key;
      if (!string(key, key_bytes) || !take(':') || !f(std::string_view(key))) return fail();
    } while (take(','));
    return take('}') ? leave() : fail();
  }
  /// Calls `f()` for each element.
  template <class F>
  bool array(F&& f) {
    if (!open('[')) return false;
    if (take(']')) return leave();
    do {
      if (!f()) return fail();
    } while (take(','));
    return take(']') ? leave() : fail();
  }
  /// Reads a string and keeps its first `most` bytes, cut between characters.
  bool string(std::string& value, std::size_t most);
  /// Reads a number; a fraction is cut off, what does not fit saturates.
  bool integer(std::int64_t& value);
  /// Reads a number, or passes over another value; then, and where a double cannot hold it, `value`
  /// is empty.
  bool number_or_skip(std::optional<double>& value);
  /// Reads `null` if that is what comes.
  bool null();
  /// Passes over any value.
  bool skip();
  /// Whether nothing but blanks is left.
  bool at_end();

private:
  char peek();
  bool take(char c);
  bool open(char c);
  bool leave() noexcept;
  bool fail() noexcept;
  bool word(std::string_view text);
  bool digits();
  bool number_text(std::string_view& text);
  bool escaped(std::string& value);
  bool code_unit(std::uint32_t& unit);

  std::string_view rest_;
  int depth_ = 0;
  bool failed_ = false;
};

}  // namespace posthaste::wire
