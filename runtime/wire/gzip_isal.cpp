#include "runtime/wire/gzip.h"

#include <isa-l.h>

#include <algorithm>
#include <string>

namespace posthaste::wire {
namespace {

constexpr std::size_t step = 65'536;

std::uint8_t* bytes_of(const std::byte* data) noexcept {
  return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(data));
}

Error failed(ErrorCode code, std::string_view what, int number) {
  return Error(code, std::string(what) + " (ISA-L " + std::to_string(number) + ")");
}

}  // namespace

struct Compressor::State {
  isal_zstream stream;
  std::unique_ptr<std::uint8_t[]> level_buffer =
      std::make_unique_for_overwrite<std::uint8_t[]>(ISAL_DEF_LVL1_DEFAULT);
};

std::string_view compressor_name() noexcept {
  return "ISA-L";
}

Compressor::Compressor() : state_(std::make_unique<State>()) {}
Compressor::~Compressor() = default;
Compressor::Compressor(Compressor&&) noexcept = default;
Compressor& Compressor::operator=(Compressor&&) noexcept = default;

Result<void> Compressor::gzip(std::span<const std::byte> plain, ByteBuffer& out) {
  if (plain.size() > UINT32_MAX / 2) return Error(ErrorCode::internal, "gzip: body above 2 GiB");
  // Incompressible bytes are stored, with five more for each block.
  const std::size_t bound = plain.size() + plain.size() / 16 + 1'024;
  isal_zstream& stream = state_->stream;
  isal_deflate_stateless_init(&stream);
  stream.level = 1;
  stream.level_buf = state_->level_buffer.get();
  stream.level_buf_size = ISAL_DEF_LVL1_DEFAULT;
  stream.gzip_flag = IGZIP_GZIP;
  stream.end_of_stream = 1;
  stream.flush = NO_FLUSH;
  stream.next_in = bytes_of(plain.data());
  stream.avail_in = static_cast<std::uint32_t>(plain.size());
  char* const at = out.room(bound);
  stream.next_out = reinterpret_cast<std::uint8_t*>(at);
  stream.avail_out = static_cast<std::uint32_t>(bound);
  const int status = isal_deflate_stateless(&stream);
  if (status != COMP_OK) return failed(ErrorCode::internal, "gzip: cannot compress", status);
  out.end_at(at + stream.total_out);
  return {};
}

Result<void> gunzip(std::span<const std::byte> gzipped, std::size_t most, ByteBuffer& out) {
  const std::size_t before = out.size();
  if (gzipped.size() > UINT32_MAX / 2) return Error(ErrorCode::bad_response, "gunzip: too long");
  auto state = std::make_unique_for_overwrite<inflate_state>();
  isal_inflate_init(state.get());
  state->crc_flag = ISAL_GZIP;
  state->next_in = bytes_of(gzipped.data());
  state->avail_in = static_cast<std::uint32_t>(gzipped.size());
  do {
    // One byte more than allowed, so that a text of exactly `most` bytes can end.
    const std::size_t left = before + most + 1 - out.size();
    const std::size_t room = std::min(step, left);
    char* const at = out.room(room);
    state->next_out = reinterpret_cast<std::uint8_t*>(at);
    state->avail_out = static_cast<std::uint32_t>(room);
    const int status = isal_inflate(state.get());
    out.end_at(at + room - state->avail_out);
    const bool over = out.size() - before > most;
    const bool stuck = state->avail_out != 0 && state->block_state != ISAL_BLOCK_FINISH;
    if (status != ISAL_DECOMP_OK || over || stuck) {
      out.truncate(before);
      if (over) return Error(ErrorCode::bad_response, "gunzip: more bytes come out than allowed");
      return failed(ErrorCode::bad_response, "gunzip: damaged or cut short", status);
    }
  } while (state->block_state != ISAL_BLOCK_FINISH);
  if (state->avail_in != 0) {
    out.truncate(before);
    return Error(ErrorCode::bad_response, "gunzip: bytes behind the end");
  }
  return {};
}

}  // namespace posthaste::wire
