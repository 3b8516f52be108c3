#include <posthaste/baggage.h>

#include "api/baggage_members.h"
#include "api/trace_state.h"
#include "runtime/base/utf8.h"

#include <algorithm>

namespace posthaste {
namespace {

bool is_token_character(char c) noexcept {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         marks.find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

bool is_octet(char c) noexcept {
  return c > ' ' && c <= '~' && c != '"' && c != ',' && c != ';' && c != '\\';
}

bool is_value(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), is_octet);
}

/// `token` or `token=value`, any number of them with semicolons between.
bool are_properties(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(';'), text.size());
    const std::string_view property = text.substr(0, end);
    if (end + 1 == text.size()) return false;  // nothing behind the last one
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t equals = std::min(property.find('='), property.size());
    if (!is_token(without_blanks(property.substr(0, equals)))) return false;
    if (equals < property.size() && !is_value(without_blanks(property.substr(equals + 1)))) {
      return false;
    }
  }
  return true;
}

int hexadecimal(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// A '%' without two digits behind it stays what it is.
std::string percent_decoded(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hexadecimal(text[i + 1]) : -1;
    const int low = high < 0 ? -1 : hexadecimal(text[i + 2]);
    decoded += low < 0 ? text[i] : static_cast<char>(high << 4 | low);
    if (low >= 0) i += 2;
  }
  return decoded;
}

std::string only_utf8(std::string text) {
  if (is_utf8(text)) return text;
  std::string mended;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t length = utf8_length(rest);
    mended.append(length == 0 ? std::string_view("\xEF\xBF\xBD") : rest.substr(0, length));
    rest.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return mended;
}

void append_encoded(std::string& to, std::string_view value) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : value) {
    if (is_octet(c) && c != '%') {
      to += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      to.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
  }
}

/// The member of that key in a well-formed header; an empty one if there is none.
BaggageMember member_of(std::string_view header, std::string_view key) noexcept {
  while (!header.empty()) {
    const BaggageMember member = baggage_member(next_baggage_member(header));
    if (member.key == key) return member;
  }
  return {};
}

}  // namespace

BaggageMember baggage_member(std::string_view text) noexcept {
  const std::size_t semicolon = std::min(text.find(';'), text.size());
  const std::string_view pair = text.substr(0, semicolon);
  const std::size_t equals = pair.find('=');
  if (equals == std::string_view::npos) return {};
  BaggageMember member;
  member.text = without_blanks(text);
  member.key = without_blanks(pair.substr(0, equals));
  member.value = without_blanks(pair.substr(equals + 1));
  if (semicolon < text.size()) member.properties = without_blanks(text.substr(semicolon + 1));
  const bool bare = semicolon < text.size() && member.properties.empty();
  if (bare || !is_token(member.key) || !is_value(member.value) ||
      !are_properties(member.properties)) {
    return {};
  }
  return member;
}

std::string_view next_baggage_member(std::string_view& header) noexcept {
  const std::size_t end = std::min(header.find(','), header.size());
  const std::string_view member = header.substr(0, end);
  header.remove_prefix(std::min(end + 1, header.size()));
  return member;
}

bool BaggageMembers::read(std::string_view header) noexcept {
  const std::size_t left = Baggage::byte_limit - looked_at_;
  const bool cut = header.size() > left;
  if (cut) {
    // A member that is cut in two is none.
    const std::size_t comma = header.substr(0, left + 1).rfind(',');
    header = header.substr(0, comma == std::string_view::npos ? 0 : comma);
  }
  looked_at_ += header.size();
  while (!header.empty()) {
    const BaggageMember member = baggage_member(next_baggage_member(header));
    if (!member.key.empty()) add(member);
  }
  return !cut && looked_at_ < Baggage::byte_limit;
}

std::size_t BaggageMembers::find(std::string_view key) const noexcept {
  std::size_t at = 0;
  while (at < count_ && members_[at].key != key) ++at;
  return at;
}

bool BaggageMembers::add(const BaggageMember& member) noexcept {
  const std::size_t at = find(member.key);
  const std::size_t old = at < count_ ? members_[at].text.size() + 1 : 0;
  const std::size_t bytes = bytes_ - old + member.text.size() + 1;
  if (at == members_.size() || bytes > Baggage::byte_limit + 1) return false;
  members_[at] = member;
  count_ = std::max(count_, at + 1);
  bytes_ = bytes;
  return true;
}

void BaggageMembers::remove(std::string_view key) noexcept {
  const std::size_t at = find(key);
  if (at == count_) return;
  bytes_ -= members_[at].text.size() + 1;
  std::move(members_.begin() + static_cast<std::ptrdiff_t>(at) + 1,
            members_.begin() + static_cast<std::ptrdiff_t>(count_),
            members_.begin() + static_cast<std::ptrdiff_t>(at));
  --count_;
}

Baggage BaggageMembers::joined() const noexcept {
  Baggage baggage;
  if (count_ == 0) return baggage;
  try {
    std::string header;
    header.reserve(bytes_);
    for (std::size_t i = 0; i < count_; ++i) {
      if (i > 0) header += ',';
      header.append(members_[i].text);
    }
    baggage.header_ = std::make_shared<const std::string>(std::move(header));
  } catch (...) {
    baggage.header_ = nullptr;  // no memory: the trace goes on without it
  }
  return baggage;
}

Baggage Baggage::from_header(std::string_view header) noexcept {
  BaggageMembers members;
  members.read(header);
  return members.joined();
}

std::size_t Baggage::size() const noexcept {
  const std::string_view text = header();
  return empty() ? 0 : 1 + static_cast<std::size_t>(std::count(text.begin(), text.end(), ','));
}

std::optional<std::string> Baggage::value(std::string_view key) const {
  const BaggageMember member = member_of(header(), key);
  if (key.empty() || member.key.empty()) return std::nullopt;
  return only_utf8(percent_decoded(member.value));
}

std::string_view Baggage::properties(std::string_view key) const noexcept {
  return member_of(header(), key).properties;
}

std::string_view Baggage::key(std::size_t index) const noexcept {
  std::string_view rest = header();
  while (index-- > 0) next_baggage_member(rest);
  return baggage_member(next_baggage_member(rest)).key;
}

std::optional<Baggage> Baggage::with(std::string_view key, std::string_view value,
                                     std::string_view properties) const noexcept {
  const std::string_view metadata = without_blanks(properties);
  // Before anything is encoded: a value takes as many bytes at least.
  if (key.size() + value.size() + metadata.size() > byte_limit) return std::nullopt;
  if (!is_token(key) || !are_properties(metadata)) return std::nullopt;
  try {
    std::string text(key);
    text += '=';
    append_encoded(text, value);
    if (!metadata.empty()) text.append(1, ';').append(metadata);
    BaggageMembers members;
    members.read(header());
    if (!members.add(baggage_member(text))) return std::nullopt;
    Baggage baggage = members.joined();
    return baggage.empty() ? std::nullopt : std::optional(std::move(baggage));
  } catch (...) {
    return std::nullopt;  // no memory
  }
}

Baggage Baggage::without(std::string_view key) const noexcept {
  BaggageMembers members;
  members.read(header());
  members.remove(key);
  if (members.size() == 0) return Baggage();
  Baggage baggage = members.joined();
  return baggage.empty() ? *this : baggage;
}

}  // namespace posthaste
