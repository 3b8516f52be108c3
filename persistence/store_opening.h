#pragma once

/// From a directory to a store that can be used, whatever lies in it: verify, open, read the
/// headers, and where that fails set the file aside, count what it held, and begin anew
/// (docs/formats/store.md, "Opening"). Also the way back after a disk failure: rebuild. Used by
/// store.cpp only.
///
/// Threads:  one. Blocking: reads all tree pages and headers, about 1 ms a MB; a rebuild copies
/// all.

#include <posthaste/result.h>
#include <posthaste/units.h>

#include "persistence/batch_file.h"
#include "persistence/store_directory.h"
#include "persistence/store_index.h"

#include <memory>
#include <string>
#include <vector>

namespace posthaste::persistence {

struct OpeningRequest {
  Bytes cap;
  WallTime now{};
  std::string writer;
  std::uint64_t first_key = 1;   // keys below were given out already
  bool already_counted = false;  // what the ledger and a damaged file say was lost: not again
};

struct OpenedStore {
  std::unique_ptr<BatchFile> file;
  FileIdentity identity;
  StoreIndex index;
  std::vector<Loss> losses;
  Bytes cap;  // smaller than asked for where limits of the process do not allow the map
  Bytes largest_map;
};

/// Fails with store_unavailable (no access, no address space) or store_io (no space, disk failure);
/// what the ledger knows is then still there for the next time.
Result<OpenedStore> open_store(StoreDirectory& directory, const OpeningRequest& request);

/// Copies the batches of `index` from the closed data.mdb into a new one, under their keys, each
/// commit synced, and puts it in the old one's place, which goes to quarantine. Fails, changing
/// nothing, with store_damaged when the old file cannot be read at all, else as open_store().
Result<OpenedStore> rebuild_store(StoreDirectory& directory, const StoreIndex& index,
                                  const OpeningRequest& request);

/// A part of both: opens data.mdb, absent or verified, with the largest map that the process may
/// have.
LmdbStatus open_with_largest_map(int directory, Bytes cap, OpenedStore& out);

/// After each commit: the ledger beside the file. `erased`: what the commit deleted.
void record_levels(const StoreDirectory& directory, const BatchFile& file, const StoreIndex& index,
                   std::vector<StoreKey> erased = {});

}  // namespace posthaste::persistence
