// The response reader over a scripted stream: whatever a server sends, and however it is cut into
// pieces, it ends within its limits. Input: a byte of options, a byte of piece size, the stream.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <span>
#include <string>

#include "runtime/http/response_reader.h"

namespace {

using namespace posthaste::http;
using Progress = ResponseReader::Progress;

constexpr ResponseLimits limits{.header = posthaste::Bytes{512}, .body = posthaste::Bytes{256}};

void need(bool holds) {
  if (!holds) std::abort();
}

std::optional<Response> read(std::span<const std::uint8_t> bytes, std::size_t piece,
                             ResponseReader::Kind kind) {
  static const Url url = Url::parse("https://server.test").value();
  ResponseReader reader(limits, kind, "server.test:443");
  posthaste::Result<Progress> progress = Progress::more;
  while (progress && *progress == Progress::more && !bytes.empty()) {
    const auto room = reader.room();
    need(!room.empty());
    const std::size_t count = std::min({piece, room.size(), bytes.size()});
    std::memcpy(room.data(), bytes.data(), count);
    bytes = bytes.subspan(count);
    progress = reader.commit(count);
  }
  if (progress && *progress == Progress::more) progress = reader.end();
  if (!progress) {
    need(reader.status() >= 0 && reader.status() <= 999);
    return std::nullopt;
  }
  const int status = reader.status();
  need(status == 0 || status >= 200 || kind == ResponseReader::Kind::tunnel || status < 100);
  Response response = std::move(reader).take(url);
  need(response.body.size() <= limits.body.count && response.status == status);
  return response;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto kind =
      (data[0] & 1) != 0 ? ResponseReader::Kind::tunnel : ResponseReader::Kind::answer;
  const std::span<const std::uint8_t> stream(data + 2, size - 2);
  const auto whole = read(stream, 1 << 20, kind);
  const auto pieces = read(stream, std::size_t{1} + data[1] % 16, kind);
  const auto single = read(stream, 1, kind);
  for (const auto& other : {pieces, single}) {
    need(whole.has_value() == other.has_value());
    if (whole) need(whole->status == other->status && whole->body == other->body);
  }
  return 0;
}
