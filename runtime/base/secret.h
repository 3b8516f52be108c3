#pragma once

/// Text that must appear in no log, error or diagnostic: instrumentation keys, proxy passwords.
/// It cannot be streamed or turned into a string by accident; `reveal` is what one looks for in a
/// review. Any thread; an ordinary value.

#include <string>
#include <string_view>
#include <utility>

namespace posthaste {

class Secret {
public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}

  /// The text itself: for a request's body and headers, never for a message.
  std::string_view reveal() const noexcept { return text_; }
  bool empty() const noexcept { return text_.empty(); }
  /// For messages: "****" and the last four characters, these only where eight others stay hidden
  /// and where they are ASCII without control characters.
  std::string masked() const { return mask(text_); }

  static std::string mask(std::string_view text) {
    std::string out = "****";
    if (text.size() < 12) return out;
    const std::string_view end = text.substr(text.size() - 4);
    for (const char c : end) {
      if (c < ' ' || c > '~') return out;
    }
    return out.append(end);
  }

  friend bool operator==(const Secret&, const Secret&) = default;

private:
  std::string text_;
};

}  // namespace posthaste
