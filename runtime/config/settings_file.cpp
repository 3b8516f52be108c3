#include "runtime/config/settings_file.h"

#include "runtime/base/utf8.h"
#include "runtime/config/text.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <optional>
#include <utility>

#define TOML_HEADER_ONLY 1  // Debian's compiled library would be one more that a host must have
#define TOML_EXCEPTIONS 0
#define TOML_MAX_NESTED_VALUES 16
#define TOML_ENABLE_FORMATTERS 0
// Some of its assertions do not hold for wrong input, such as "[[[": they would abort the host, and
// with NDEBUG the optimiser would believe them. Without them the parser reports an error there.
#define TOML_ASSERT(expression) static_assert(true)
#pragma push_macro("NDEBUG")
#undef NDEBUG
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")

namespace posthaste::config {
namespace {

// A dotted key nests as deep as it has dots, and the tree is taken down recursively.
constexpr std::ptrdiff_t most_dots_in_line = 100;

std::optional<std::uint32_t> line_with_too_many_dots(std::string_view text) {
  for (std::uint32_t line = 1; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view here = text.substr(0, end);
    if (std::count(here.begin(), here.end(), '.') > most_dots_in_line) return line;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return std::nullopt;
}

/// What would stand for it in the environment, where ',' and '=' have a meaning.
std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c != '%' && c != ',' && c != '=' && byte > ' ' && byte < 0x7f) {
      out += c;
      continue;
    }
    char hexadecimal[4];
    std::snprintf(hexadecimal, sizeof hexadecimal, "%%%02X", byte);
    out += hexadecimal;
  }
  return out;
}

/// toml++ 3.3 runs into undefined behaviour on letters from U+00A1 to U+0499, so it gets to see
/// ASCII alone: other bytes, and '%', go through it as %XX.
std::string as_ascii(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c != '%' && byte < 0x80) {
      out += c;
      continue;
    }
    char hexadecimal[4];
    std::snprintf(hexadecimal, sizeof hexadecimal, "%%%02X", byte);
    out += hexadecimal;
  }
  return out;
}

std::string as_written(std::string_view text) {
  return percent_decoded(text).value_or(std::string(text));
}

bool is_table(const SettingRow& row) noexcept {
  return row.id == SettingId::resource_attributes || row.id == SettingId::otlp_headers;
}

bool is_whole_number(const SettingRow& row) noexcept {
  return row.kind == SettingKind::count || row.kind == SettingKind::milliseconds ||
         row.kind == SettingKind::bytes || row.id == SettingId::otlp_timeout;
}

std::string_view expected(const SettingRow& row) {
  if (is_whole_number(row)) return "a whole number";
  switch (row.kind) {
    case SettingKind::boolean: return "true or false";
    case SettingKind::ratio: return "a number";
    case SettingKind::list: return is_table(row) ? "a table of strings" : "an array of strings";
    default: return "a string in quotes";
  }
}

class Reader {
public:
  Reader(const SettingsFile& file, std::vector<SettingsFile::Entry>& entries,
         std::vector<Diagnostic>& warnings)
      : file_(file), entries_(entries), warnings_(warnings) {}

  void read(std::string_view text);

private:
  void read_table(const toml::table& table, const std::string& above);
  void read_value(const SettingRow& row, const toml::node& node);
  std::optional<std::string> text_of(const SettingRow& row, const toml::node& node) const;
  static std::optional<std::string> joined(const SettingRow& row, const toml::array& array);
  static bool add_pairs(const toml::table& table, const std::string& above, std::string& text);
  void complain(std::uint32_t line, std::string_view what);
  void count_the_others();

  const SettingsFile& file_;
  std::vector<SettingsFile::Entry>& entries_;
  std::vector<Diagnostic>& warnings_;
  std::size_t complaints_ = 0;
};

void Reader::complain(std::uint32_t line, std::string_view what) {
  if (++complaints_ > SettingsFile::most_warnings) return;
  warnings_.push_back({.severity = Severity::warn,
                       .code = DiagnosticCode::file_ignored,
                       .message = file_.place(line) + ": " + std::string(what)});
}

void Reader::count_the_others() {
  if (complaints_ <= SettingsFile::most_warnings) return;
  const std::size_t others = complaints_ - SettingsFile::most_warnings;
  complaints_ = 0;
  complain(1, "and " + std::to_string(others) + " more lines of this file are ignored; mend these");
}

bool Reader::add_pairs(const toml::table& table, const std::string& above, std::string& text) {
  for (const auto& [key, node] : table) {
    const std::string name =
        above.empty() ? as_written(key.str()) : above + '.' + as_written(key.str());
    if (const toml::table* const below = node.as_table()) {
      if (!add_pairs(*below, name, text)) return false;
    } else if (const auto* const value = node.as_string()) {
      if (!text.empty()) text += ',';
      text.append(percent_encoded(name))
          .append("=")
          .append(percent_encoded(as_written(value->get())));
    } else {
      return false;
    }
  }
  return true;
}

std::optional<std::string> Reader::joined(const SettingRow& row, const toml::array& array) {
  const char separator = row.id == SettingId::drop ? ';' : ',';
  std::string text;
  for (const toml::node& node : array) {
    const auto* const value = node.as_string();
    if (value == nullptr) return std::nullopt;
    if (!text.empty()) text += separator;
    text += as_written(value->get());
  }
  return text;
}

std::optional<std::string> Reader::text_of(const SettingRow& row, const toml::node& node) const {
  const auto* const whole = node.as_integer();
  if (is_whole_number(row)) {
    return whole != nullptr ? std::optional(std::to_string(whole->get())) : std::nullopt;
  }
  switch (row.kind) {
    case SettingKind::boolean:
      if (const auto* const flag = node.as_boolean()) return flag->get() ? "true" : "false";
      return std::nullopt;
    case SettingKind::ratio: {
      const auto* const broken = node.as_floating_point();
      if (whole != nullptr) return std::to_string(whole->get());
      if (broken == nullptr) return std::nullopt;
      char text[32];
      std::snprintf(text, sizeof text, "%.17g", broken->get());
      return text;
    }
    case SettingKind::list:
      if (const toml::array* const array = node.as_array(); array != nullptr && !is_table(row)) {
        return joined(row, *array);
      }
      if (const toml::table* const table = node.as_table(); table != nullptr && is_table(row)) {
        std::string text;
        return add_pairs(*table, {}, text) ? std::optional(text) : std::nullopt;
      }
      return std::nullopt;
    default: break;
  }
  const auto* const value = node.as_string();
  return value != nullptr ? std::optional(as_written(value->get())) : std::nullopt;
}

void Reader::read_value(const SettingRow& row, const toml::node& node) {
  const auto line = static_cast<std::uint32_t>(node.source().begin.line);
  auto text = text_of(row, node);
  if (!text) {
    return complain(line, file_key(row) + " is not " + std::string(expected(row)) +
                              "; it is ignored; write it as one");
  }
  entries_.push_back({row.id, std::move(*text), line});
}

void Reader::read_table(const toml::table& table, const std::string& above) {
  for (const auto& [key, node] : table) {
    const std::string name = above + as_written(key.str());
    const std::string below = name + '.';
    const auto rows = settings_table();
    const auto row = std::find_if(rows.begin(), rows.end(),
                                  [&](const SettingRow& r) { return file_key(r) == name; });
    const bool leads_on = std::any_of(rows.begin(), rows.end(), [&](const SettingRow& r) {
      return file_key(r).starts_with(below);
    });
    if (row != rows.end()) {
      read_value(*row, node);
    } else if (const toml::table* const inner = node.as_table(); inner != nullptr && leads_on) {
      read_table(*inner, below);
    } else {
      complain(static_cast<std::uint32_t>(key.source().begin.line),
               quoted(name) +
                   " is no setting of the file; it is ignored; docs/settings.md lists "
                   "their names");
    }
  }
}

void Reader::read(std::string_view text) {
  constexpr std::string_view whole = "; the whole file is ignored; ";
  if (text.size() > SettingsFile::most_bytes) {
    return complain(1, "the file is larger than 1 MiB" + std::string(whole) + "make it smaller");
  }
  if (const auto line = line_with_too_many_dots(text)) {
    return complain(*line, "has more than 100 dots" + std::string(whole) + "break the line");
  }
  if (!is_utf8(text)) {
    return complain(1,
                    "is not TOML, as it is not UTF-8" + std::string(whole) + "encode it as UTF-8");
  }
  const toml::parse_result parsed = toml::parse(as_ascii(text));
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return complain(
        static_cast<std::uint32_t>(error.source().begin.line),
        "is not TOML, " + quoted(error.description()) + std::string(whole) + "mend the line");
  }
  read_table(parsed.table(), {});
  count_the_others();
}

}  // namespace

SettingsFile SettingsFile::parse(std::string path, std::string_view text,
                                 std::vector<Diagnostic>& warnings) {
  SettingsFile file;
  file.path_ = std::move(path);
  Reader(file, file.entries_, warnings).read(text);
  return file;
}

const SettingsFile::Entry* SettingsFile::find(SettingId id) const noexcept {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.id == id; });
  return found == entries_.end() ? nullptr : &*found;
}

std::string SettingsFile::place(std::uint32_t line) const {
  return printable(path_, 200) + ':' + std::to_string(line);
}

}  // namespace posthaste::config
