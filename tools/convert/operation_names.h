#pragma once

/// Which operation name the spans and logs of an export request inherit: that of their local root,
/// the span by which a process entered the trace, where it is in the request too.
///
/// A local root is a span without a parent, one whose parent is said to be remote, or a server or
/// consumer whose parent is not of the same process; a process is a resource. Where the topmost
/// span at hand is none of these, its root ended elsewhere, and the name is not known.
///
/// First pass of the conversion: told everything, then `resolve`, then asked. Memory: one entry a
/// span. Threads: none.

#include "tools/convert/record_maker.h"
#include "tools/otlp/visitor.h"

#include "runtime/wire/envelope_encoder.h"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace posthaste::tools {

class OperationNames final : public otlp::Visitor {
public:
  void resource(otlp::Signal signal, const otlp::Resource& resource) override;
  void span(const otlp::Span& span) override;
  void resolve();

  /// Empty for a local root itself, and where none is known.
  std::string_view of_span(const otlp::Span& span) const noexcept;
  std::string_view of_log(const otlp::LogRecord& log) const noexcept;

private:
  static constexpr std::uint32_t none = UINT32_MAX;

  struct Key {
    TraceId trace;
    SpanId span;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept;
  };
  struct Entry {
    Key key;
    SpanId parent;
    std::size_t process;        // hash of its resource
    std::uint32_t name = none;  // of a local root: index into names_
    std::uint32_t root = none;  // once resolved: index of the entry
    bool may_inherit = true;    // by its own looks
    bool resolved = false;
  };

  std::uint32_t parent_of(const Entry& entry) const noexcept;
  void resolve_chain(std::uint32_t from, std::vector<std::uint32_t>& chain);
  std::string_view name_at(std::uint32_t root) const noexcept;

  RecordMaker maker_;
  wire::EnvelopeEncoder encoder_{{}};
  std::size_t process_ = 0;
  std::vector<Entry> entries_;
  std::unordered_map<Key, std::uint32_t, KeyHash> index_;
  std::vector<std::string> names_;
};

}  // namespace posthaste::tools
