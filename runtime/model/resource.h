#pragma once

/// The resource: what this process is (service name, instance, version, host ...), as ordered
/// attributes. It is kept in its bytes form, attribute entries of runtime/model/record.h one after
/// the other, because that is how it lies in the arena's header, where whoever adopts a dead
/// process's records finds it.
///
/// Threads: a value. Made once at start; read by the encoders.

#include <posthaste/result.h>

#include "runtime/model/record_view.h"

#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace posthaste::model {

class Resource {
public:
  /// The longest bytes form that `parse` takes and `set` makes.
  static constexpr std::size_t size_limit = 32'768;

  Resource() = default;
  explicit Resource(const Attributes& attributes);

  /// Reads the bytes form, trusting nothing: every entry must be a live attribute with a value that
  /// fits its type. Fails with `arena_damaged`.
  static Result<Resource> parse(std::span<const std::byte> bytes);

  /// Sets or replaces; the place of a key in the order is that of its first setting. False,
  /// changing nothing, if it would not fit.
  bool set(std::string_view key, const AttributeValue& value);

  std::optional<ValueView> find(std::string_view key) const noexcept;
  /// The value of a string attribute; empty when absent or of another type.
  std::string_view text(std::string_view key) const noexcept;
  /// For walking; entries are attributes.
  EntryRange entries() const noexcept;

  std::span<const std::byte> bytes() const noexcept { return bytes_; }
  bool empty() const noexcept { return bytes_.empty(); }

  friend bool operator==(const Resource&, const Resource&) = default;

private:
  std::vector<std::byte> bytes_;
};

}  // namespace posthaste::model
