#include "runtime/base/text_pattern.h"

#include <algorithm>

namespace posthaste {

TextPattern TextPattern::with_wildcards(std::string_view text) {
  std::vector<std::string> pieces;
  for (std::size_t at = text.find('*'); at != std::string_view::npos; at = text.find('*')) {
    pieces.emplace_back(text.substr(0, at));
    text.remove_prefix(at + 1);
  }
  pieces.emplace_back(text);
  TextPattern pattern(std::move(pieces));
  pattern.question_marks_ = true;
  return pattern;
}

bool TextPattern::begins(std::string_view text, std::string_view piece) const noexcept {
  if (!question_marks_) return text.starts_with(piece);
  if (text.size() < piece.size()) return false;
  return std::equal(piece.begin(), piece.end(), text.begin(),
                    [](char wanted, char given) { return wanted == '?' || wanted == given; });
}

std::size_t TextPattern::find(std::string_view text, std::string_view piece) const noexcept {
  if (!question_marks_) return text.find(piece);
  for (std::size_t at = 0; at + piece.size() <= text.size(); ++at) {
    if (begins(text.substr(at), piece)) return at;
  }
  return std::string_view::npos;
}

bool TextPattern::matches(std::string_view text) const noexcept {
  const std::string& first = pieces_.front();
  if (pieces_.size() == 1) return text.size() == first.size() && begins(text, first);
  const std::string& last = pieces_.back();
  if (text.size() < first.size() + last.size()) return false;
  if (!begins(text, first) || !begins(text.substr(text.size() - last.size()), last)) return false;
  text = text.substr(first.size(), text.size() - first.size() - last.size());
  // What lies between, each at the first place where it fits.
  for (std::size_t i = 1; i + 1 < pieces_.size(); ++i) {
    const std::size_t at = find(text, pieces_[i]);
    if (at == std::string_view::npos) return false;
    text.remove_prefix(at + pieces_[i].size());
  }
  return true;
}

}  // namespace posthaste
