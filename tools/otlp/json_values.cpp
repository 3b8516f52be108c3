#include "tools/otlp/json_values.h"

namespace posthaste::tools::otlp {

bool JsonValues::value_at(Value& value, int depth) {
  if (depth > Value::deepest) return fields_.fail("values are nested too deep");
  return fields_.object([&](std::string_view key) {
    std::string_view text;
    bool truth = false;
    std::int64_t whole = 0;
    double real = 0;
    if (key == "stringValue") {
      return fields_.string(text) && (value = Value::of_string(text), true);
    }
    if (key == "boolValue") {
      return fields_.boolean(truth) && (value = Value::of_boolean(truth), true);
    }
    if (key == "intValue") {
      if (!fields_.integer_or_number(whole, real, truth)) return false;
      value = truth ? Value::of_int64(whole) : Value::of_float64(real);
      return true;
    }
    if (key == "doubleValue")
      return fields_.number(real) && (value = Value::of_float64(real), true);
    if (key == "bytesValue") return fields_.bytes(text) && (value = Value::of_bytes(text), true);
    if (key == "arrayValue") return array(value, depth + 1);
    if (key == "kvlistValue") return map(value, depth + 1);
    return fields_.skip();
  });
}

bool JsonValues::array(Value& value, int depth) {
  value = Value::of_array({});
  return fields_.object([&](std::string_view key) {
    if (key != "values") return fields_.skip();
    ListBuilder<Value> list(elements_);
    const bool read = fields_.array([&] {
      Value element;
      if (!value_at(element, depth)) return false;
      list.add(element);
      return true;
    });
    value = Value::of_array(list.keep(fields_.memory()));
    return read;
  });
}

bool JsonValues::map(Value& value, int depth) {
  value = Value::of_map({});
  return fields_.object([&](std::string_view key) {
    if (key != "values") return fields_.skip();
    std::span<const KeyValue> members;
    if (!pairs(members, depth)) return false;
    value = Value::of_map(members);
    return true;
  });
}

bool JsonValues::pair(KeyValue& pair, int depth) {
  return fields_.object([&](std::string_view key) {
    if (key == "key") return fields_.string(pair.key);
    if (key == "value") return value_at(pair.value, depth);
    return fields_.skip();
  });
}

bool JsonValues::pairs(std::span<const KeyValue>& list, int depth) {
  ListBuilder<KeyValue> builder(pairs_);
  const bool read = fields_.array([&] {
    KeyValue next;
    if (!pair(next, depth)) return false;
    builder.add(next);
    return true;
  });
  list = builder.keep(fields_.memory());
  return read;
}

}  // namespace posthaste::tools::otlp
