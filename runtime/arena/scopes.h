#pragma once

/// The instrumentation scopes of an arena: name, version and schema URL of each Tracer, Logger and
/// Meter that was made. A record refers to its scope by index; index 0 is the unnamed scope.
///
/// Threads:  intern from any thread (it locks: making a Tracer is rare); scope_at from any thread,
///           lock-free, also on another process's arena, with distrust.
/// Full:     1,023 scopes or 60 KiB of text; then intern gives 0, and `full` says so, so that the
///           caller can report it once. Texts are cut to 1,024 bytes.

#include "runtime/arena/arena.h"

#include <mutex>
#include <string_view>

namespace posthaste::arena {

struct Scope {
  std::string_view name;
  std::string_view version;
  std::string_view schema_url;

  friend bool operator==(const Scope&, const Scope&) = default;
};

/// The scope of that index; the unnamed one when there is none. Borrows from the arena.
Scope scope_at(const Arena& arena, std::uint16_t index) noexcept;

class ScopeTable {
public:
  explicit ScopeTable(const Arena& arena) noexcept : arena_(arena) {}

  /// The index of that scope, which is added if it is new.
  std::uint16_t intern(const Scope& scope);
  /// Whether a scope was turned away for lack of room.
  bool full() const noexcept;

private:
  Arena arena_;
  mutable std::mutex mutex_;
  bool full_ = false;  // guarded by mutex_
};

}  // namespace posthaste::arena
