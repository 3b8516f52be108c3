#pragma once

/// Looks at a store without changing it: for `posthaste store ls` and `verify`. Nothing is mended,
/// deleted or set aside.
///
/// Threads: any. Blocking: reads the whole file.

#include <posthaste/result.h>

#include "persistence/batch.h"
#include "persistence/store_verifier.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace posthaste::persistence {

struct StoreInspection {
  FileReport file;  // when not sound, the rest is empty
  bool header_sound = false;
  bool foreign_schema = false;  // of another version of Posthaste
  std::string writer;
  WallTime created{};
  std::uint64_t batches = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;    // of content
  std::uint64_t damaged = 0;  // batches that would be counted as corrupt
  std::vector<Loss> missing;  // what the ledger says and the file has not

  bool good() const noexcept {
    return (file.state == FileState::sound || file.state == FileState::empty) && !foreign_schema &&
           damaged == 0 && missing.empty();
  }
};

/// `visit` is given each batch in the order of keys; its `bool` says whether its content is sound.
/// store_locked while a process owns the store; store_unavailable when there is none.
Result<StoreInspection> inspect_store(
    const std::string& directory,
    const std::function<void(StoreKey, const BatchHeader&, bool)>& visit = {});

}  // namespace posthaste::persistence
