#include "runtime/model/trace_state_threshold.h"

#include "runtime/model/head_sampling.h"
#include "runtime/model/trace_state_rate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace posthaste::model {
namespace {

constexpr std::uint64_t all = std::uint64_t{1} << 56;
constexpr std::size_t digits = 14;
constexpr std::size_t most_members = 32;
constexpr std::size_t most_value_bytes = 256;

std::uint64_t threshold_of(double percent) noexcept {
  const double kept = std::nearbyint(percent / 100 * static_cast<double>(all));
  return all - std::min(all, static_cast<std::uint64_t>(kept));
}

using Hexadecimal = std::array<char, digits>;

Hexadecimal hexadecimal(std::uint64_t number) noexcept {
  Hexadecimal text;
  for (std::size_t i = digits; i-- > 0; number >>= 4) text[i] = "0123456789abcdef"[number & 15];
  return text;
}

/// "8" for 8000000000000.
std::string_view without_zeros(const Hexadecimal& text) noexcept {
  std::string_view shown(text.data(), text.size());
  while (shown.size() > 1 && shown.back() == '0') shown.remove_suffix(1);
  return shown;
}

/// The piece up to `separator`, without blanks around it, taken off `rest`.
std::string_view next_piece(std::string_view& rest, char separator) noexcept {
  const std::size_t at = rest.find(separator);
  std::string_view piece = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!piece.empty() && is_blank(piece.front())) piece.remove_prefix(1);
  while (!piece.empty() && is_blank(piece.back())) piece.remove_suffix(1);
  return piece;
}

std::string_view ot_value(std::string_view state) noexcept {
  while (!state.empty()) {
    const std::string_view member = next_piece(state, ',');
    if (member.starts_with("ot=")) return member.substr(3);
  }
  return {};
}

bool has_field(std::string_view value, std::string_view name) noexcept {
  while (!value.empty()) {
    if (next_piece(value, ';').starts_with(name)) return true;
  }
  return false;
}

/// Members, and fields of one, a separator between two; all or nothing of each.
class Writer {
public:
  explicit Writer(std::span<char> buffer) : buffer_(buffer) {}

  bool append(std::string_view text, char separator) noexcept {
    const std::size_t between = size_ > start_ ? 1 : 0;
    if (text.size() + between > buffer_.size() - size_) return false;
    if (between > 0) buffer_[size_++] = separator;
    std::memcpy(buffer_.data() + size_, text.data(), text.size());
    size_ += text.size();
    return true;
  }
  /// What follows gets no separator in front.
  void begin(std::string_view text) noexcept {
    append(text, '\0');
    start_ = size_;
  }
  bool empty() const noexcept { return size_ == start_; }
  std::string_view text() const noexcept { return {buffer_.data(), size_}; }

private:
  std::span<char> buffer_;
  std::size_t size_ = 0;
  std::size_t start_ = 0;
};

void append_field(Writer& writer, std::string_view name, std::string_view value) noexcept {
  std::array<char, 3 + digits> field;
  std::memcpy(field.data(), name.data(), name.size());
  std::memcpy(field.data() + name.size(), value.data(), value.size());
  writer.append({field.data(), name.size() + value.size()}, ';');
}

/// The member `ot`, with the fields that it had but for the threshold.
std::string_view ot_member(std::string_view old_value, const KeptRate& kept,
                           std::span<char> buffer) noexcept {
  Writer writer(buffer);
  writer.begin("ot=");
  if (kept.sampled) {
    append_field(writer, "th:", without_zeros(hexadecimal(threshold_of(kept.percent))));
    if (kept.randomness && !has_field(old_value, "rv:")) {
      const Hexadecimal randomness = hexadecimal(*kept.randomness);
      append_field(writer, "rv:", {randomness.data(), randomness.size()});
    }
  }
  while (!old_value.empty()) {
    const std::string_view field = next_piece(old_value, ';');
    if (!field.empty() && !field.starts_with("th:")) writer.append(field, ';');
  }
  return writer.empty() ? std::string_view() : writer.text();
}

bool says_so_already(std::string_view state, std::string_view ot, const KeptRate& kept) noexcept {
  if (!kept.sampled) return !has_field(ot, "th:");
  const double said = rate_in_trace_state(state);
  return std::abs(said - kept.percent) <= kept.percent * 1e-9;
}

}  // namespace

std::optional<std::uint64_t> randomness_of(const TraceId& trace, SamplingHash hash,
                                           double percent) noexcept {
  if (hash == SamplingHash::trace_id) return std::nullopt;
  const double score = sampling_score(trace, hash);
  if (score >= percent || percent >= 100) return std::nullopt;
  const auto from_above = static_cast<std::uint64_t>(score / 100 * static_cast<double>(all));
  return std::max(all - 1 - from_above, threshold_of(percent));
}

std::string_view with_rate(std::string_view state, const KeptRate& kept,
                           std::span<char, most_trace_state_bytes> buffer) noexcept {
  const std::string_view old_value = ot_value(state);
  if (says_so_already(state, old_value, kept)) return state;
  std::array<char, 3 + most_value_bytes> first;
  const std::string_view ot = ot_member(old_value, kept, first);
  Writer writer(buffer);
  std::size_t members = 0;
  if (!ot.empty() && writer.append(ot, ',')) ++members;
  while (!state.empty() && members < most_members) {
    const std::string_view member = next_piece(state, ',');
    if (member.empty() || member.starts_with("ot=")) continue;
    if (!writer.append(member, ',')) break;
    ++members;
  }
  return writer.text();
}

}  // namespace posthaste::model
