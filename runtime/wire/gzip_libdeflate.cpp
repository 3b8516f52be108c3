#include "runtime/wire/gzip.h"

#include <libdeflate.h>

#include <algorithm>
#include <new>

namespace posthaste::wire {
namespace {

constexpr std::size_t first_room = 65'536;

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* decompressor) const noexcept {
    libdeflate_free_decompressor(decompressor);
  }
};

}  // namespace

struct Compressor::State {
  State() {
    if (compressor == nullptr) throw std::bad_alloc();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { libdeflate_free_compressor(compressor); }

  libdeflate_compressor* const compressor = libdeflate_alloc_compressor(1);
};

std::string_view compressor_name() noexcept {
  return "libdeflate";
}

Compressor::Compressor() : state_(std::make_unique<State>()) {}
Compressor::~Compressor() = default;
Compressor::Compressor(Compressor&&) noexcept = default;
Compressor& Compressor::operator=(Compressor&&) noexcept = default;

Result<void> Compressor::gzip(std::span<const std::byte> plain, ByteBuffer& out) {
  const std::size_t bound = libdeflate_gzip_compress_bound(state_->compressor, plain.size());
  char* const at = out.room(bound);
  const std::size_t size =
      libdeflate_gzip_compress(state_->compressor, plain.data(), plain.size(), at, bound);
  if (size == 0) return Error(ErrorCode::internal, "gzip: cannot compress (libdeflate)");
  out.end_at(at + size);
  return {};
}

Result<void> gunzip(std::span<const std::byte> gzipped, std::size_t most, ByteBuffer& out) {
  const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor(
      libdeflate_alloc_decompressor());
  if (decompressor == nullptr) throw std::bad_alloc();
  for (std::size_t room = std::min(first_room, most);; room = std::min(room * 2, most)) {
    char* const at = out.room(room);
    std::size_t used = 0;
    std::size_t made = 0;
    const libdeflate_result result = libdeflate_gzip_decompress_ex(
        decompressor.get(), gzipped.data(), gzipped.size(), at, room, &used, &made);
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE && room < most) continue;
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE) {
      return Error(ErrorCode::bad_response, "gunzip: more bytes come out than allowed");
    }
    if (result != LIBDEFLATE_SUCCESS) {
      return Error(ErrorCode::bad_response, "gunzip: damaged or cut short (libdeflate)");
    }
    if (used != gzipped.size()) {
      return Error(ErrorCode::bad_response, "gunzip: bytes behind the end");
    }
    out.end_at(at + made);
    return {};
  }
}

}  // namespace posthaste::wire
