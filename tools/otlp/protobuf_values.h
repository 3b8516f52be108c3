#pragma once

/// Reads AnyValues and attributes out of protobuf. Part of the OTLP reader for protobuf.

#include "tools/otlp/item_memory.h"
#include "tools/otlp/protobuf_fields.h"

namespace posthaste::tools::otlp {

class ProtobufValues {
public:
  explicit ProtobufValues(ItemMemory& memory) noexcept : memory_(memory) {}

  Value value(ProtobufFields& fields) { return value_at(fields, 0); }
  KeyValue pair(ProtobufFields& fields) { return pair_at(fields, 0); }

private:
  Value value_at(ProtobufFields& fields, int depth);
  KeyValue pair_at(ProtobufFields& fields, int depth);
  Value array(ProtobufFields& fields, int depth);
  Value map(ProtobufFields& fields, int depth);

  ItemMemory& memory_;
  std::vector<KeyValue> pairs_;
  std::vector<Value> elements_;
};

}  // namespace posthaste::tools::otlp
