#include "tools/emulator/envelope_check.h"

#include "tools/emulator/time_text.h"
#include "tools/json_cursor.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace posthaste::tools {
namespace {

using namespace std::chrono_literals;

constexpr auto oldest_accepted = 48h;
constexpr auto newest_accepted = 2h;
constexpr std::size_t longest_quote = 64;  // of a wrong value in a message

constexpr TypeRules envelope_rules{"Envelope", {}};

bool too_long(std::string_view raw, std::size_t limit) noexcept {
  return limit != 0 && raw.size() > limit && characters_in(raw) > limit;
}

bool is_guid(std::string_view text) noexcept {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

bool is_severity(std::string_view name) noexcept {
  constexpr std::string_view names[]{"Verbose", "Information", "Warning", "Error", "Critical"};
  return std::ranges::find(names, name) != std::end(names);
}

/// Raw string content, short enough for a message and never cut inside an escape or a character.
std::string_view quote(std::string_view raw) noexcept {
  if (raw.size() <= longest_quote) return raw;
  const bool plain = std::ranges::all_of(raw.substr(0, longest_quote), [](char c) {
    return c != '\\' && static_cast<unsigned char>(c) < 0x80;
  });
  return plain ? raw.substr(0, longest_quote) : std::string_view{"(long text)"};
}

/// Walks one item. Every step answers true to go on; false after the first complaint.
class EnvelopeReader {
public:
  EnvelopeReader(std::string_view item, WallTime now, ItemFacts& facts)
      : cursor_(item), now_(now), facts_(facts) {}

  Rejection check() {
    const bool read = cursor_.kind() == JsonKind::object &&
                      cursor_.read_object([this](std::string_view key) { return member(key); }) &&
                      cursor_.at_end();
    if (rejection_.status == 0 && !read) complain(400, not_json());
    if (rejection_.status == 0) complete();
    return std::move(rejection_);
  }

private:
  bool member(std::string_view key) {
    if (key == "name") return required_text(envelope_name_, "name", 1024, has_name_);
    if (key == "time") return required_text(facts_.time, "time", 64, has_time_);
    if (key == "iKey") return required_text(facts_.ikey, "iKey", 40, has_ikey_);
    if (key == "tags") return texts(envelope_rules, "tags", true);
    if (key == "data") return data();
    if (key == "sampleRate") return sample_rate();
    if (key == "ver" || key == "flags") return expect(JsonKind::number, envelope_rules, key);
    if (key == "seq") return seq();
    return cursor_.skip();
  }

  void complete() {
    if (!has_name_) return missing(envelope_rules, "name");
    if (!has_time_) return missing(envelope_rules, "time");
    if (!has_ikey_) return missing(envelope_rules, "iKey");
    if (!is_guid(facts_.ikey)) return complain(400, "Invalid instrumentation key");
    check_time();
    if (rejection_.status == 0 && !has_data_) missing(envelope_rules, "data");
  }

  void check_time() {
    const std::optional<WallTime> time = read_timestamp(facts_.time);
    if (!time) {
      return complain(400,
                      "101: Field 'time' on type 'Envelope' is not a valid time. Expected: "
                      "ISO 8601, Actual: " +
                          std::string(quote(facts_.time)));
    }
    const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(now_ - *time);
    if (age > oldest_accepted) {
      complain(400,
               "103: Field 'time' on type 'Envelope' is older than the allowed min date. "
               "Expected: now - 172800000ms, Actual: now - " +
                   std::to_string(age.count()) + "ms");
    } else if (-age > newest_accepted) {
      complain(400,
               "104: Field 'time' on type 'Envelope' is newer than the max date. "
               "Expected: now + 7200000ms, Actual: now + " +
                   std::to_string(-age.count()) + "ms");
    }
  }

  bool required_text(std::string_view& into, std::string_view field, std::size_t limit,
                     bool& present) {
    if (!read_text(into, envelope_rules, field, limit)) return false;
    present = !into.empty();
    return true;
  }

  bool seq() {
    std::string_view raw;
    return read_text(raw, envelope_rules, "seq", 64);
  }

  bool sample_rate() {
    double rate = 0;
    if (!number(envelope_rules, "sampleRate", rate)) return false;
    if (rate <= 0 || rate > 100) {
      complain(400, "Field 'sampleRate' on type 'Envelope' is out of range. Expected: (0, 100]");
      return false;
    }
    facts_.sample_rate = rate;
    return true;
  }

  // baseData may stand before baseType: then it is only walked over, and read once the type is
  // known.
  bool data() {
    if (!is(JsonKind::object, envelope_rules, "data")) return false;
    has_data_ = true;
    std::string_view type_name;
    std::optional<JsonCursor> early;
    bool read = false;
    const bool walked = cursor_.read_object([&](std::string_view key) {
      if (key == "baseType") return read_text(type_name, envelope_rules, "baseType", 0);
      if (key != "baseData") return cursor_.skip();
      if (!type_name.empty()) return read = true, base_data(type_name);
      early = cursor_;
      return cursor_.skip();
    });
    if (!walked) return false;
    if (type_name.empty()) return missing(envelope_rules, "baseType"), false;
    if (read) return true;
    if (!early) return missing(envelope_rules, "baseData"), false;
    std::swap(cursor_, *early);
    const bool good = base_data(type_name);
    std::swap(cursor_, *early);
    return good;
  }

  bool base_data(std::string_view type_name) {
    const BaseType* base = find_base_type(type_name);
    if (base == nullptr) {
      complain(400, "Field 'baseType' on type 'Data' is unknown. Actual: " +
                        std::string(quote(type_name)));
      return false;
    }
    facts_.type = base->type;
    return object(base->rules);
  }

  bool object(const TypeRules& rules) {
    if (!is(JsonKind::object, rules, "baseData")) return false;
    std::uint32_t seen = 0;
    const bool walked = cursor_.read_object([&](std::string_view key) {
      for (std::size_t i = 0; i < rules.fields.size(); ++i) {
        if (rules.fields[i].name != key) continue;
        return field(rules, rules.fields[i], seen, std::uint32_t{1} << i);
      }
      return cursor_.skip();
    });
    if (!walked) return false;
    for (std::size_t i = 0; i < rules.fields.size(); ++i) {
      if (rules.fields[i].required && (seen >> i & 1U) == 0) {
        return missing(rules, rules.fields[i].name), false;
      }
    }
    return true;
  }

  // A null stands for a field that is absent. `seen` gets `bit` when the field has a value.
  bool field(const TypeRules& rules, const FieldRule& rule, std::uint32_t& seen,
             std::uint32_t bit) {
    if (cursor_.kind() == JsonKind::null) return cursor_.skip();
    bool empty = false;
    if (!value(rules, rule, empty)) return false;
    if (!empty) seen |= bit;
    return true;
  }

  bool value(const TypeRules& rules, const FieldRule& rule, bool& empty) {
    switch (rule.kind) {
      case FieldKind::text: return text(rules, rule, empty);
      case FieldKind::time_span: return time_span(rules, rule, empty);
      case FieldKind::boolean: return boolean(rules, rule);
      case FieldKind::number: return amount(rules, rule);
      case FieldKind::integer: return integer(rules, rule.name);
      case FieldKind::severity: return severity(rules, rule.name);
      case FieldKind::texts: return texts(rules, rule.name, false);
      case FieldKind::measurements: return measurements(rules, rule.name);
      case FieldKind::list: return list(rules, rule, empty);
    }
    return false;
  }

  bool text(const TypeRules& rules, const FieldRule& rule, bool& empty) {
    std::string_view raw;
    if (!read_text(raw, rules, rule.name, rule.limit)) return false;
    if (rule.role == FieldRole::id) facts_.id = raw;
    if (rule.role == FieldRole::name) facts_.name = raw;
    empty = raw.empty();
    return true;
  }

  bool time_span(const TypeRules& rules, const FieldRule& rule, bool& empty) {
    std::string_view raw;
    if (!read_text(raw, rules, rule.name, 0)) return false;
    empty = raw.empty();
    if (empty) return true;
    const auto span = read_time_span(raw);
    if (!span) {
      complain(400, about(rules, rule.name) +
                        "is not a valid time span. Expected: [d.]hh:mm:ss[.fffffff], Actual: " +
                        std::string(quote(raw)));
      return false;
    }
    if (rule.role == FieldRole::duration) facts_.duration = *span;
    return true;
  }

  bool boolean(const TypeRules& rules, const FieldRule& rule) {
    bool truth = false;
    if (!is(JsonKind::boolean, rules, rule.name) || !cursor_.read_boolean(truth)) return false;
    if (rule.role == FieldRole::success) facts_.success = truth;
    return true;
  }

  bool number(const TypeRules& rules, std::string_view name, double& value) {
    std::string_view raw;
    if (!is(JsonKind::number, rules, name) || !cursor_.read_number(raw)) return false;
    std::from_chars(raw.data(), raw.data() + raw.size(), value);
    return true;
  }

  bool amount(const TypeRules& rules, const FieldRule& rule) {
    if (rule.role != FieldRole::amount) return expect(JsonKind::number, rules, rule.name);
    return number(rules, rule.name, facts_.amount);
  }

  bool integer(const TypeRules& rules, std::string_view name) {
    double value = 0;
    if (!number(rules, name, value)) return false;
    if (value == std::floor(value) && std::abs(value) < 2147483648.0) return true;
    complain(400, about(rules, name) + "is out of range. Expected: int");
    return false;
  }

  bool severity(const TypeRules& rules, std::string_view name) {
    if (cursor_.kind() == JsonKind::number) {
      double level = 0;
      if (!number(rules, name, level)) return false;
      if (level == std::floor(level) && level >= 0 && level <= 4) return true;
    } else {
      std::string_view raw;
      if (!read_text(raw, rules, name, 0)) return false;
      if (is_severity(raw)) return true;
    }
    complain(400, about(rules, name) +
                      "is no severity. Expected: Verbose, Information, Warning, "
                      "Error, Critical or 0 to 4");
    return false;
  }

  bool texts(const TypeRules& rules, std::string_view name, bool tags) {
    if (!is(JsonKind::object, rules, name)) return false;
    return cursor_.read_object([&](std::string_view key) {
      if (cursor_.kind() == JsonKind::null) return cursor_.skip();
      if (tags) return tag(key);
      std::string_view raw;
      return key_fits(rules, name, key) && read_text(raw, rules, name, longest_property);
    });
  }

  bool tag(std::string_view key) {
    std::string_view raw;
    if (!read_text(raw, envelope_rules, key, tag_limit(key))) return false;
    if (key == "ai.operation.id") facts_.operation_id = raw;
    if (key == "ai.operation.name") facts_.operation_name = raw;
    if (key == "ai.operation.parentId") facts_.parent_id = raw;
    return true;
  }

  bool measurements(const TypeRules& rules, std::string_view name) {
    if (!is(JsonKind::object, rules, name)) return false;
    return cursor_.read_object([&](std::string_view key) {
      return key_fits(rules, name, key) && expect(JsonKind::number, rules, name);
    });
  }

  bool list(const TypeRules& rules, const FieldRule& rule, bool& empty) {
    if (!is(JsonKind::array, rules, rule.name)) return false;
    empty = true;
    return cursor_.read_array([&] {
      empty = false;
      return object(*rule.element);
    });
  }

  bool key_fits(const TypeRules& rules, std::string_view name, std::string_view key) {
    if (!too_long(key, longest_property_key)) return true;
    complain(400, about(rules, name) + "has a key that is too long. Expected: 150 characters");
    return false;
  }

  bool read_text(std::string_view& raw, const TypeRules& rules, std::string_view name,
                 std::size_t limit) {
    if (!is(JsonKind::string, rules, name) || !cursor_.read_string(raw)) return false;
    if (!too_long(raw, limit)) return true;
    complain(400, about(rules, name) + "is too long. Expected: " + std::to_string(limit) +
                      " characters, Actual: " + std::to_string(characters_in(raw)));
    return false;
  }

  bool expect(JsonKind kind, const TypeRules& rules, std::string_view name) {
    return is(kind, rules, name) && cursor_.skip();
  }

  bool is(JsonKind kind, const TypeRules& rules, std::string_view name) {
    const JsonKind found = cursor_.kind();
    if (found == kind) return true;
    if (found != JsonKind::nothing) {
      complain(400, about(rules, name) +
                        "has a wrong type. Expected: " + std::string(to_string(kind)) +
                        ", Actual: " + std::string(to_string(found)));
    }
    return false;
  }

  void missing(const TypeRules& rules, std::string_view name) {
    complain(400, "109: " + about(rules, name) +
                      "is required but missing or empty. Expected: string, Actual: undefined");
  }

  static std::string about(const TypeRules& rules, std::string_view name) {
    return "Field '" + std::string(quote(name)) + "' on type '" + std::string(rules.name) + "' ";
  }

  std::string not_json() const {
    return "Invalid JSON at byte " + std::to_string(cursor_.offset());
  }

  void complain(unsigned status, std::string message) {
    if (rejection_.status == 0) rejection_ = {status, std::move(message)};
  }

  JsonCursor cursor_;
  WallTime now_;
  ItemFacts& facts_;
  Rejection rejection_;
  std::string_view envelope_name_;  // says nothing that data.baseType does not
  bool has_name_ = false;
  bool has_time_ = false;
  bool has_ikey_ = false;
  bool has_data_ = false;
};

}  // namespace

Rejection check_envelope(std::string_view item, WallTime now, ItemFacts& facts) {
  facts.raw = item;
  if (item.size() > longest_item) {
    return {400, "Telemetry item length must not exceed 65536"};
  }
  return EnvelopeReader(item, now, facts).check();
}

}  // namespace posthaste::tools
