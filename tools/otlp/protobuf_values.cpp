#include "tools/otlp/protobuf_values.h"

namespace posthaste::tools::otlp {

Value ProtobufValues::value_at(ProtobufFields& fields, int depth) {
  if (depth > Value::deepest) fields.fail("values are nested too deep");
  Value value;
  while (fields.next()) {
    switch (fields.number()) {
      case 1: value = Value::of_string(fields.text("string_value")); break;
      case 2: value = Value::of_boolean(fields.boolean("bool_value")); break;
      case 3: value = Value::of_int64(fields.int64("int_value")); break;
      case 4: value = Value::of_float64(fields.real("double_value")); break;
      case 5:
        fields.message("array_value",
                       [&](ProtobufFields& inner) { value = array(inner, depth + 1); });
        break;
      case 6:
        fields.message("kvlist_value",
                       [&](ProtobufFields& inner) { value = map(inner, depth + 1); });
        break;
      case 7: value = Value::of_bytes(fields.text("bytes_value")); break;
      default: fields.skip();
    }
  }
  return value;
}

Value ProtobufValues::array(ProtobufFields& fields, int depth) {
  ListBuilder<Value> list(elements_);
  while (fields.next()) {
    if (fields.number() != 1) {
      fields.skip();
      continue;
    }
    fields.message("values", [&](ProtobufFields& inner) { list.add(value_at(inner, depth)); });
  }
  return Value::of_array(list.keep(memory_));
}

Value ProtobufValues::map(ProtobufFields& fields, int depth) {
  ListBuilder<KeyValue> list(pairs_);
  while (fields.next()) {
    if (fields.number() != 1) {
      fields.skip();
      continue;
    }
    fields.message("values", [&](ProtobufFields& inner) { list.add(pair_at(inner, depth)); });
  }
  return Value::of_map(list.keep(memory_));
}

KeyValue ProtobufValues::pair_at(ProtobufFields& fields, int depth) {
  KeyValue pair;
  while (fields.next()) {
    switch (fields.number()) {
      case 1: pair.key = fields.text("key"); break;
      case 2:
        fields.message("value",
                       [&](ProtobufFields& inner) { pair.value = value_at(inner, depth); });
        break;
      default: fields.skip();
    }
  }
  return pair;
}

}  // namespace posthaste::tools::otlp
