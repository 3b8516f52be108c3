#include "runtime/wire/base64.h"

#include <algorithm>
#include <cstdint>

namespace posthaste::wire {

void append_base64(std::string_view bytes, ByteBuffer& out) {
  constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char* at = out.room((bytes.size() + 2) / 3 * 4);
  for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(bytes.size(), 3))) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = group << 8 | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0u);
    }
    *at++ = digits[group >> 18];
    *at++ = digits[group >> 12 & 63];
    *at++ = bytes.size() > 1 ? digits[group >> 6 & 63] : '=';
    *at++ = bytes.size() > 2 ? digits[group & 63] : '=';
  }
  out.end_at(at);
}

}  // namespace posthaste::wire
