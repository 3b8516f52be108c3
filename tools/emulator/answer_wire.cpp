#include "tools/emulator/answer_wire.h"

#include <libdeflate.h>

#include <cstdlib>
#include <memory>

namespace posthaste::tools {
namespace {

constexpr std::uint64_t without_end = ~std::uint64_t{0};
constexpr std::size_t block_size = 64UL << 10;
constexpr std::string_view ok = "HTTP/1.1 200 OK\r\n";

/// A gzip member that expands to 1 MiB of zeros.
std::string megabyte_of_zeros() {
  const std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)> compressor(
      libdeflate_alloc_compressor(6), libdeflate_free_compressor);
  if (!compressor) std::abort();
  const std::string zeros(1UL << 20, '\0');
  std::string member(8192, '\0');
  member.resize(libdeflate_gzip_compress(compressor.get(), zeros.data(), zeros.size(),
                                         member.data(), member.size()));
  return member;
}

AnswerWire gzip_bomb() {
  constexpr std::uint64_t members = 1024;
  std::string member = megabyte_of_zeros();
  const std::string length = std::to_string(member.size() * members);
  return {std::string(ok) + "Content-Encoding: gzip\r\nContent-Length: " + length + "\r\n\r\n",
          std::move(member), members};
}

}  // namespace

AnswerWire to_wire(const Reply& reply, bool keep_alive, BadAnswer kind) {
  const std::string start(ok);
  switch (kind) {
    case BadAnswer::none:
    case BadAnswer::bad_indexes:
    case BadAnswer::short_count: break;
    case BadAnswer::huge:
      return {start + "Content-Length: 1073741824\r\n\r\n", std::string(block_size, ' '),
              (1UL << 30) / block_size};
    case BadAnswer::endless_headers:
      return {start, "X-More: " + std::string(1000, 'a') + "\r\n", without_end};
    case BadAnswer::endless_chunk:
      return {start + "Transfer-Encoding: chunked\r\n\r\n5;more=", std::string(1000, 'a'),
              without_end};
    case BadAnswer::bad_chunk:
      return {start + "Transfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n", {}, 0};
    case BadAnswer::two_lengths:
      return {start + "Content-Length: 2\r\nContent-Length: 5\r\n\r\n{}", {}, 0};
    case BadAnswer::length_and_chunks:
      return {start + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
              {},
              0};
    case BadAnswer::continue_flood: return {{}, "HTTP/1.1 100 Continue\r\n\r\n", without_end};
    case BadAnswer::gzip_bomb: return gzip_bomb();
    case BadAnswer::not_json: return {to_bytes({200, "<html>OK</html>", {}}, keep_alive), {}, 0};
  }
  return {to_bytes(reply, keep_alive), {}, 0};
}

}  // namespace posthaste::tools
