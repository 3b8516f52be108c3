#pragma once

/// A small genuine store, for the fuzzers that damage it: leaves, a branch, overflow runs and free
/// lists are all in it. The same bytes every time.
///
/// Threads: one.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace posthaste::persistence {

/// A directory of this process in memory (or /tmp), made on first use and removed at exit.
const std::string& store_fuzz_directory();

/// The bytes of its data.mdb.
const std::vector<std::byte>& store_sample();

/// The sample with edits: each 5 bytes of `edits` are page, offset (2), how, value.
std::vector<std::byte> edited_store_sample(std::span<const std::uint8_t> edits);

}  // namespace posthaste::persistence
