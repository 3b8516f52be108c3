#pragma once

/// An exception as attributes: exception.type, .message, .stacktrace and, of nested exceptions
/// (std::throw_with_nested), posthaste.exception.causes, a list of maps with type and message, the
/// outer ones first. Between a handler that records and the span or log that carries it.
///
/// Threads: none; made, used and gone in one call. Allocates, which may throw: for failures only.
/// Bounded: 10 exceptions of a chain, 20 KiB of message and 1 KiB of each cause's, 12 KiB of stack.

#include <posthaste/attributes.h>

#include <cstdint>
#include <exception>
#include <string>
#include <vector>

namespace posthaste {

class RecordedException {
public:
  /// `stack` as call_stack() gave it; may be empty.
  RecordedException(const std::exception& exception, const std::string& stack);
  /// `exception` is not null; anything may have been thrown.
  RecordedException(const std::exception_ptr& exception, const std::string& stack);

  /// Its own, then those of `more`, which win. They borrow from it and from `more`.
  std::vector<Attribute> attributes(const Attributes& more, bool escaped);
  const std::string& message() const noexcept { return chain_.front().message; }

private:
  struct Link {
    std::string type;
    std::string message;
  };

  void add(const std::exception& exception);
  void add(const std::exception_ptr& exception);
  void add(std::string_view type, std::string_view message);

  std::vector<Link> chain_;  // the outermost first; never empty once made
  std::string stack_;
  std::vector<std::vector<Attribute>> members_;
  std::vector<AttributeValue> causes_;
};

/// The calls from `caller` outwards; empty where the runtime takes none, or the host gave its own.
std::string stack_for(std::uint16_t runtime, const Attributes& attributes, const void* caller);

}  // namespace posthaste
