#include "runtime/wire/otlp_cut.h"

#include "runtime/wire/protobuf_writer.h"

#include <protozero/pbf_reader.hpp>

#include <algorithm>
#include <array>
#include <exception>

namespace posthaste::wire {
namespace {

/// Which item comes next, and whether it stays.
class Chosen {
public:
  explicit Chosen(std::span<const std::uint32_t> wanted) noexcept : wanted_(wanted) {}

  bool next() noexcept {
    const bool stays = !wanted_.empty() && wanted_.front() == seen_;
    if (stays) wanted_ = wanted_.subspan(1);
    ++seen_;
    return stays;
  }
  std::uint32_t seen() const noexcept { return seen_; }

private:
  std::span<const std::uint32_t> wanted_;
  std::uint32_t seen_ = 0;
};

// ---- protobuf

constexpr std::uint32_t resources_field = 1;
constexpr std::uint32_t scopes_field = 2;
constexpr std::uint32_t items_field = 2;
constexpr std::uint32_t points_field = 1;

class ProtobufCut {
public:
  ProtobufCut(OtlpSignal signal, std::span<const std::uint32_t> wanted)
      : items_level_(signal == OtlpSignal::metrics ? 4 : 2), chosen_(wanted) {}

  /// What stays of a message whose items lie in it or below it. True: some do.
  bool cut(protozero::data_view message, int level, ByteBuffer& out) {
    bool some = false;
    protozero::pbf_reader fields(message);
    const char* begin = message.data();
    while (fields.next()) {
      const std::uint32_t field = fields.tag();  // reading the value forgets it
      const bool leads = leads_to_items(level, field) &&
                         fields.wire_type() == protozero::pbf_wire_type::length_delimited;
      if (leads) {
        some |= level == items_level_ ? item(field, fields.get_view(), out)
                                      : inner(field, fields.get_view(), level + 1, out);
      } else {
        fields.skip();
        const char* const end = fields.data().data();
        out.append({begin, static_cast<std::size_t>(end - begin)});
      }
      begin = fields.data().data();
    }
    return some;
  }

  std::uint32_t seen() const noexcept { return chosen_.seen(); }

private:
  /// Level 0 is the request, 1 a resource's, 2 a scope's, 3 a metric, 4 its data.
  static bool leads_to_items(int level, std::uint32_t field) noexcept {
    switch (level) {
      case 0: return field == resources_field;
      case 1: return field == scopes_field;
      case 2: return field == items_field;
      case 3: return field == 5 || field == 7 || (field >= 9 && field <= 11);
      default: return field == points_field;
    }
  }

  bool item(std::uint32_t field, protozero::data_view bytes, ByteBuffer& out) {
    const bool stays = chosen_.next();
    if (stays) put(field, {bytes.data(), bytes.size()}, out);
    return stays;
  }

  bool inner(std::uint32_t field, protozero::data_view bytes, int level, ByteBuffer& out) {
    ByteBuffer kept;
    if (!cut(bytes, level, kept)) return false;
    put(field, kept.view(), out);
    return true;
  }

  static void put(std::uint32_t field, std::string_view bytes, ByteBuffer& out) {
    constexpr std::size_t longest_head = 16;
    out.end_at(protobuf::put_head(out.room(longest_head), field, bytes.size()));
    out.append(bytes);
  }

  const int items_level_;
  Chosen chosen_;
};

// ---- JSON

/// The members that lead to the items, from the request inwards; of metrics two more.
constexpr std::array<std::array<std::string_view, 5>, 5> leading_keys{{
    {"resourceSpans", "resourceMetrics", "resourceLogs"},
    {"scopeSpans", "scopeMetrics", "scopeLogs"},
    {"spans", "metrics", "logRecords"},
    {"gauge", "sum", "histogram", "exponentialHistogram", "summary"},
    {"dataPoints"},
}};

/// Of JSON that this library wrote: without blanks, its own keys without escapes.
class JsonCut {
public:
  JsonCut(std::string_view text, OtlpSignal signal, std::span<const std::uint32_t> wanted)
      : items_level_(signal == OtlpSignal::metrics ? 4 : 2), text_(text), chosen_(wanted) {}

  bool cut(ByteBuffer& out) { return object(0, out) && at_ == text_.size(); }
  std::uint32_t seen() const noexcept { return chosen_.seen(); }

private:
  /// False: not JSON. `kept_` says whether items stay in it.
  bool object(int level, ByteBuffer& out) {
    bool some = false;
    bool first = true;
    if (!take('{')) return false;
    out.push_back('{');
    if (take('}')) return end('}', some, out);
    do {
      std::string_view key;
      if (!read_key(key)) return false;
      const std::size_t before = out.size();
      if (!first) out.push_back(',');
      out.append(key);
      out.push_back(':');
      const bool leads = leads_to_items(level, key.substr(1, key.size() - 2));
      if (!(leads ? members(level, out) : copy(out))) return false;
      if (leads && !kept_) out.truncate(before);
      if (leads) some |= kept_;
      first &= out.size() == before;
    } while (take(','));
    return take('}') && end('}', some, out);
  }

  /// The value of a leading key: an array, but for a metric's data.
  bool members(int level, ByteBuffer& out) {
    if (level == 3) return object(4, out);
    bool some = false;
    if (!take('[')) return false;
    out.push_back('[');
    if (take(']')) return end(']', some, out);
    do {
      const std::size_t before = out.size();
      if (some) out.push_back(',');
      if (!(level == items_level_ ? item(out) : object(level + 1, out))) return false;
      if (!kept_) out.truncate(before);
      some |= kept_;
    } while (take(','));
    return take(']') && end(']', some, out);
  }

  bool item(ByteBuffer& out) {
    kept_ = chosen_.next();
    return copy(out);
  }

  bool end(char c, bool some, ByteBuffer& out) {
    out.push_back(c);
    kept_ = some;
    return true;
  }

  static bool leads_to_items(int level, std::string_view key) noexcept {
    const auto& keys = leading_keys[static_cast<std::size_t>(level)];
    return !key.empty() && std::ranges::find(keys, key) != keys.end();
  }

  bool take(char c) noexcept {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  /// With its quotes, and the colon behind it passed.
  bool read_key(std::string_view& key) noexcept {
    const std::size_t begin = at_;
    if (!pass_string()) return false;
    key = text_.substr(begin, at_ - begin);
    return take(':');
  }

  bool pass_string() noexcept {
    if (!take('"')) return false;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size()) return false;
    ++at_;
    return true;
  }

  /// Any value, as it is: brackets are counted, so that depth costs no stack.
  bool copy(ByteBuffer& out) {
    const std::size_t begin = at_;
    std::size_t depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      const bool closes = c == '}' || c == ']';
      if (depth == 0 && (c == ',' || closes)) break;
      if (c == '"') {
        if (!pass_string()) return false;
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (closes) --depth;
      ++at_;
    }
    if (at_ == begin || depth != 0) return false;
    out.append(text_.substr(begin, at_ - begin));
    return true;
  }

  const int items_level_;
  std::string_view text_;
  std::size_t at_ = 0;
  Chosen chosen_;
  bool kept_ = false;
};

}  // namespace

std::optional<std::uint32_t> cut_otlp(std::string_view request, OtlpFormat format,
                                      OtlpSignal signal, std::span<const std::uint32_t> wanted,
                                      ByteBuffer& out) {
  if (format == OtlpFormat::json) {
    JsonCut json(request, signal, wanted);
    if (!json.cut(out)) return std::nullopt;
    return json.seen();
  }
  ProtobufCut protobuf(signal, wanted);
  try {
    protobuf.cut({request.data(), request.size()}, 0, out);
  } catch (const protozero::exception&) {
    return std::nullopt;
  }
  return protobuf.seen();
}

}  // namespace posthaste::wire
