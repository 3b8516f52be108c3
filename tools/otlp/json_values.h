#pragma once

/// Reads AnyValues and lists of attributes out of JSON. Part of the OTLP/JSON reader.

#include "tools/otlp/json_fields.h"

#include <vector>

namespace posthaste::tools::otlp {

class JsonValues {
public:
  explicit JsonValues(JsonFields& fields) noexcept : fields_(fields) {}

  bool value(Value& value) { return value_at(value, 0); }
  bool attributes(std::span<const KeyValue>& list) { return pairs(list, 0); }

private:
  bool value_at(Value& value, int depth);
  bool pair(KeyValue& pair, int depth);
  bool pairs(std::span<const KeyValue>& list, int depth);
  bool array(Value& value, int depth);
  bool map(Value& value, int depth);

  JsonFields& fields_;
  std::vector<KeyValue> pairs_;
  std::vector<Value> elements_;
};

}  // namespace posthaste::tools::otlp
