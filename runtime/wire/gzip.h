#pragma once

/// gzip of whole request bodies: ISA-L at level 1, or libdeflate at level 1 where ISA-L is absent
/// (cmake/PosthasteDependencies.cmake chooses; the sources are gzip_isal.cpp and
/// gzip_libdeflate.cpp).
///
/// Threads: a Compressor belongs to one owner; gunzip may be called from anywhere.
/// Blocking: about 0.5 to 2 ms a megabyte. Memory: a Compressor keeps 0.3 MB of tables; outputs
/// grow as they are written, never by a size that the compressed bytes state.

#include <posthaste/result.h>

#include "runtime/wire/byte_buffer.h"

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace posthaste::wire {

/// Which library compresses: "ISA-L" or "libdeflate".
std::string_view compressor_name() noexcept;

class Compressor {
public:
  Compressor();
  ~Compressor();
  Compressor(Compressor&&) noexcept;
  Compressor& operator=(Compressor&&) noexcept;

  /// Appends one gzip member that holds `plain`. Fails with `internal`, leaving `out` as it was.
  Result<void> gzip(std::span<const std::byte> plain, ByteBuffer& out);

private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Appends what `gzipped`, exactly one gzip member, holds. Fails with `bad_response`, leaving `out`
/// as it was, if the bytes are damaged, if others follow, or if more than `most` bytes would come
/// out.
Result<void> gunzip(std::span<const std::byte> gzipped, std::size_t most, ByteBuffer& out);

}  // namespace posthaste::wire
