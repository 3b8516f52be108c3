#pragma once

/// A record outside any arena, as LogWriter::append takes it.

#include "tests/support/test_arena.h"

namespace posthaste::testing_support {

class TestRecord {
public:
  TestRecord(std::uint64_t number, std::uint32_t payload, std::uint64_t origin = 0,
             model::RecordType type = model::RecordType::span)
      : words_(record_size(payload) / 8) {
    const std::uint32_t length = record_size(payload);
    auto* bytes = reinterpret_cast<std::byte*>(words_.data());
    fill_record({bytes, origin}, number, length);
    auto& head = *reinterpret_cast<model::RecordHead*>(bytes);
    head.commit = length;
    head.type = type;
  }

  const model::RecordHead& operator*() const noexcept {
    return *reinterpret_cast<const model::RecordHead*>(words_.data());
  }

private:
  std::vector<std::uint64_t> words_;
};

}  // namespace posthaste::testing_support
