#pragma once

/// A log record on its way through the log processors. Its values borrow from the caller, or lie in
/// the draft's own memory once a processor has set them. One per thread, reused.
///
/// Threads:  the emitting one.
/// Blocking: never; allocates when a record outgrows what earlier ones needed.
/// Full:     without memory for what a processor sets the record is refused: it may have been meant
///           to hide a secret.

#include <posthaste/logger.h>

#include <array>
#include <cstddef>
#include <memory_resource>
#include <span>
#include <string_view>
#include <vector>

namespace posthaste::produce {

class LogDraft {
public:
  /// Forgets the record before.
  void begin(Severity severity, const AttributeValue& body, const LogOptions& options);

  const AttributeValue* find(std::string_view key) const noexcept;
  void set(std::string_view key, const AttributeValue& value) noexcept;
  void set_body(const AttributeValue& value) noexcept;

  Severity severity = Severity::trace;
  AttributeValue body;
  std::string_view event_name;
  std::vector<Attribute> attributes;
  bool incomplete = false;  // there was no memory for something that a processor set
  bool dropped = false;

private:
  std::string_view keep(std::string_view text);
  AttributeValue keep(const AttributeValue& value);
  template <class T>
  std::span<T> copy(std::span<const T> values);

  alignas(std::max_align_t) std::array<std::byte, 2048> first_;
  std::pmr::monotonic_buffer_resource memory_{first_.data(), first_.size()};
};

}  // namespace posthaste::produce
