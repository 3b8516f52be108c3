#pragma once

/// Numbers in the byte order of the store's files, at any address. Used by the files that know
/// those formats.
///
/// Threads: any. Blocking: never. The caller has checked that the bytes are there.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace posthaste::persistence {

static_assert(std::endian::native == std::endian::little,
              "LMDB files are in native order; the store's formats are little-endian");

template <class Number>
Number load(const std::byte* at) noexcept {
  Number value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <class Number>
void store(std::byte* at, Number value) noexcept {
  std::memcpy(at, &value, sizeof value);
}

}  // namespace posthaste::persistence
