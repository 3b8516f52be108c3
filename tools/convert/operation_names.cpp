#include "tools/convert/operation_names.h"

#include <posthaste/span_kind.h>

#include <cstring>

namespace posthaste::tools {
namespace {

bool enters_a_process(std::int32_t kind) noexcept {
  return kind == static_cast<std::int32_t>(SpanKind::server) ||
         kind == static_cast<std::int32_t>(SpanKind::consumer);
}

std::string_view bytes_of(const model::Resource& resource) noexcept {
  return {reinterpret_cast<const char*>(resource.bytes().data()), resource.bytes().size()};
}

}  // namespace

std::size_t OperationNames::KeyHash::operator()(const Key& key) const noexcept {
  char bytes[sizeof key.trace.bytes + sizeof key.span.bytes];
  std::memcpy(bytes, key.trace.bytes.data(), sizeof key.trace.bytes);
  std::memcpy(bytes + sizeof key.trace.bytes, key.span.bytes.data(), sizeof key.span.bytes);
  return std::hash<std::string_view>{}({bytes, sizeof bytes});
}

void OperationNames::resource(otlp::Signal, const otlp::Resource& resource) {
  process_ = std::hash<std::string_view>{}(bytes_of(maker_.resource(resource)));
}

void OperationNames::span(const otlp::Span& span) {
  if (!span.span_id.is_valid()) return;
  Entry entry{{span.trace_id, span.span_id}, span.parent_span_id, process_};
  const bool remote = (span.flags & otlp::Span::is_remote) != 0;
  entry.may_inherit = span.parent_span_id.is_valid() && !remote;
  if (!entry.may_inherit || enters_a_process(span.kind)) {
    entry.name = static_cast<std::uint32_t>(names_.size());
    names_.emplace_back(encoder_.operation_name(maker_.span(span, {})));
  }
  index_[entry.key] = static_cast<std::uint32_t>(entries_.size());
  entries_.push_back(entry);
}

std::uint32_t OperationNames::parent_of(const Entry& entry) const noexcept {
  if (!entry.may_inherit) return none;
  const auto found = index_.find({entry.key.trace, entry.parent});
  const bool same = found != index_.end() && entries_[found->second].process == entry.process;
  return same ? found->second : none;
}

/// Follows the parents of `from` up to one that is resolved, has none, or closes a circle; what
/// lies on the way has the same root.
void OperationNames::resolve_chain(std::uint32_t from, std::vector<std::uint32_t>& chain) {
  chain.clear();
  std::uint32_t at = from;
  std::uint32_t root = none;
  for (;;) {
    Entry& entry = entries_[at];
    if (entry.resolved) {
      root = entry.root;
      break;
    }
    entry.resolved = true;  // for now without a root: a circle has none
    chain.push_back(at);
    const std::uint32_t parent = parent_of(entry);
    if (parent == none) {
      root = entry.name == none ? none : at;
      break;
    }
    at = parent;
  }
  for (const std::uint32_t each : chain) entries_[each].root = root;
}

void OperationNames::resolve() {
  std::vector<std::uint32_t> chain;
  for (std::uint32_t i = 0; i < entries_.size(); ++i) resolve_chain(i, chain);
}

std::string_view OperationNames::name_at(std::uint32_t root) const noexcept {
  return root == none ? std::string_view() : std::string_view(names_[entries_[root].name]);
}

std::string_view OperationNames::of_span(const otlp::Span& span) const noexcept {
  const auto found = index_.find({span.trace_id, span.span_id});
  if (found == index_.end()) return {};
  const std::uint32_t root = entries_[found->second].root;
  return root == found->second ? std::string_view() : name_at(root);
}

std::string_view OperationNames::of_log(const otlp::LogRecord& log) const noexcept {
  const auto found = index_.find({log.trace_id, log.span_id});
  return found == index_.end() ? std::string_view() : name_at(entries_[found->second].root);
}

}  // namespace posthaste::tools
