#pragma once

/// What a store holds, and whether it is whole: `posthaste store ls` and `verify`. Changes nothing.
///
/// Threads: any. Blocking: reads the whole store. Memory: a line for each batch.

#include "persistence/store_inspection.h"

#include <posthaste/result.h>

#include <string>
#include <vector>

namespace posthaste::tools {

struct ListedBatch {
  persistence::StoreKey key{};
  persistence::BatchHeader header;
  bool sound = false;
};

struct StoreListing {
  std::string directory;
  persistence::StoreInspection inspection;
  std::vector<ListedBatch> batches;  // in the order of keys
};

Result<StoreListing> list_store(const std::string& directory);

/// A table of the batches and a line of sums, for people.
std::string to_table(const StoreListing& listing);
/// One line on whether the store is whole, and one for each thing that is not.
std::string to_verdict(const StoreListing& listing);
/// Both, as one JSON object.
std::string to_json(const StoreListing& listing);

}  // namespace posthaste::tools
