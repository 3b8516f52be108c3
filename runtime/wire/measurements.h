#pragma once

/// The `measurements` of an item: numbers by name, from the attribute microsoft.custom_measurements
/// (a map, or an object as JSON text), from the body of a custom event, and what a rule measured.
/// Numbers that are not finite, and what is no number, are left out; names are cut to their limit.
///
/// Threads: none; belongs to one encoder, used again for every item (keeps its memory).

#include "runtime/wire/item_writer.h"
#include "runtime/wire/value_text.h"

#include <string_view>
#include <vector>

namespace posthaste::wire {

class Measurements {
public:
  void clear() noexcept { measured_.clear(); }
  bool empty() const noexcept { return measured_.empty(); }

  /// A name that was there keeps its place and takes the new value. `name` must live until write().
  void set(std::string_view name, double value);
  /// Adds every number of a map, or of an object in JSON text. A name in both keeps the value that
  /// was there first.
  void add(const model::ValueView& value, TextScratch& scratch);

  /// Writes nothing when empty.
  void write(ItemWriter& item) const;

private:
  struct Measured {
    std::string_view name;
    double value;
  };
  void add_json(std::string_view text, std::size_t kept, TextScratch& scratch);
  /// Does not touch the first `kept`.
  void put(std::string_view name, double value, std::size_t kept);

  std::vector<Measured> measured_;
};

}  // namespace posthaste::wire
