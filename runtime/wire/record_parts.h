#pragma once

/// A record taken apart in one walk over its entries: texts, attributes by name, events, links.
/// What the rules read and the encoder writes.
///
/// Threads: none; belongs to one encoder, used again for every record (keeps its memory).

#include "runtime/wire/seen_attributes.h"

#include <optional>
#include <string_view>
#include <vector>

namespace posthaste::wire {

struct RecordTexts {
  std::string_view name;
  std::string_view operation_name;  // of the local root
  std::string_view status_description;
  std::string_view severity_text;
  std::string_view event_name;
};

class RecordParts {
public:
  RecordParts() = default;
  RecordParts(const RecordParts&) = delete;
  RecordParts& operator=(const RecordParts&) = delete;

  /// False, and nothing is good, where the bytes make no sense.
  bool take(const model::RecordView& record);

  RecordTexts text;
  std::optional<model::ValueView> body;
  std::vector<model::EventView> events;
  std::vector<model::LinkView> links;
  TextScratch scratch;
  SeenAttributes seen{scratch};
};

}  // namespace posthaste::wire
