#include "runtime/wire/body_lines.h"

#include "runtime/wire/otlp_cut.h"

#include <algorithm>
#include <vector>

namespace posthaste::wire {
namespace {

Error disagree() {
  return Error(ErrorCode::bad_response, "body: its lines are not those of its item map");
}

/// The text of a body and where its lines begin; one more entry for the end.
struct Lines {
  ByteBuffer text;
  std::vector<std::uint32_t> begins;

  std::string_view from_to(std::uint32_t first, std::uint32_t last) const noexcept {
    return text.view().substr(begins[first], begins[last] - begins[first]);
  }
};

Result<Lines> unpack(std::span<const std::byte> body, const ItemMap& map) {
  Lines lines;
  if (auto done = gunzip(body, plain_body_limit, lines.text); !done) return std::move(done).error();
  const std::string_view text = lines.text.view();
  lines.begins.reserve(map.items() + 1);
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string_view::npos || lines.begins.size() == map.items()) return disagree();
    lines.begins.push_back(static_cast<std::uint32_t>(at));
    at = end + 1;
  }
  if (lines.begins.size() != map.items()) return disagree();
  lines.begins.push_back(static_cast<std::uint32_t>(text.size()));
  return lines;
}

bool contains(std::span<const std::uint32_t> sorted, std::uint32_t item) {
  return std::binary_search(sorted.begin(), sorted.end(), item);
}

Result<CutBody> pack(const ByteBuffer& text, ItemMap map, Compressor& compressor) {
  CutBody cut{{}, std::move(map)};
  if (auto done = compressor.gzip(text.bytes(), cut.body); !done) return std::move(done).error();
  return cut;
}

/// The map of the lines in `retry`.
ItemMap map_of_left(const ItemMap& map, std::span<const std::uint32_t> retry,
                    std::span<const std::uint32_t> rejected) {
  ItemMap left;
  auto next = retry.begin();
  map.for_each_record(
      [&](std::uint32_t first, std::uint32_t items, OwnLine own, model::Signal signal) {
        std::uint32_t kept = 0;
        if (own == OwnLine::here && !contains(retry, first)) {
          own = contains(rejected, first) ? OwnLine::elsewhere : OwnLine::accepted;
        }
        for (; next != retry.end() && *next < first + items; ++next) ++kept;
        if (kept > 0) left.add(kept, own, signal);
      });
  return left;
}

Result<CutBody> select_otlp(std::span<const std::byte> body, BodyForm form, const ItemMap& map,
                            std::span<const std::uint32_t> retry, ItemMap left,
                            Compressor& compressor) {
  const bool gzip = is_gzip(form.kind);
  std::string_view request(reinterpret_cast<const char*>(body.data()), body.size());
  ByteBuffer unpacked;
  if (gzip) {
    if (auto done = gunzip(body, plain_body_limit, unpacked); !done) return std::move(done).error();
    request = unpacked.view();
  }
  const OtlpFormat format = is_json(form.kind) ? OtlpFormat::json : OtlpFormat::protobuf;
  CutBody cut{{}, std::move(left)};
  const auto items = cut_otlp(request, format, form.signal, retry, cut.body);
  if (!items || *items != map.items()) return disagree();
  if (gzip) return pack(cut.body, std::move(cut.map), compressor);
  return cut;
}

Result<std::pair<CutBody, CutBody>> pack_both(const Lines& lines, std::uint32_t middle,
                                              ItemMap first, ItemMap second,
                                              Compressor& compressor) {
  ByteBuffer text;
  text.append(lines.from_to(0, middle));
  auto head = pack(text, std::move(first), compressor);
  if (!head) return std::move(head).error();
  text.clear();
  text.append(lines.from_to(middle, static_cast<std::uint32_t>(lines.begins.size() - 1)));
  auto tail = pack(text, std::move(second), compressor);
  if (!tail) return std::move(tail).error();
  return std::pair<CutBody, CutBody>(std::move(head).value(), std::move(tail).value());
}

}  // namespace

Result<CutBody> select_items(std::span<const std::byte> body, BodyForm form, const ItemMap& map,
                             std::span<const std::uint32_t> retry,
                             std::span<const std::uint32_t> rejected, Compressor& compressor) {
  if (!retry.empty() && retry.back() >= map.items()) return disagree();
  if (is_otlp(form.kind)) {
    return select_otlp(body, form, map, retry, map_of_left(map, retry, rejected), compressor);
  }
  auto lines = unpack(body, map);
  if (!lines) return std::move(lines).error();
  ByteBuffer text;
  for (const std::uint32_t line : retry) text.append(lines->from_to(line, line + 1));
  return pack(text, map_of_left(map, retry, rejected), compressor);
}

Result<std::pair<CutBody, CutBody>> split(std::span<const std::byte> body, const ItemMap& map,
                                          Compressor& compressor) {
  if (map.items() < 2) return Error(ErrorCode::invalid_argument, "body: one line cannot be split");
  auto lines = unpack(body, map);
  if (!lines) return std::move(lines).error();
  ItemMap halves[2];
  const bool single = map.runs().size() == 1 && map.runs().front().repeat == 1;
  if (single) {
    const std::uint32_t middle = map.items() / 2;
    const ItemMap::Run& run = map.runs().front();
    halves[0].add(middle, run.own, run.signal);
    halves[1].add(map.items() - middle, OwnLine::elsewhere, run.signal);
    return pack_both(*lines, middle, std::move(halves[0]), std::move(halves[1]), compressor);
  }
  map.for_each_record(
      [&](std::uint32_t first, std::uint32_t items, OwnLine own, model::Signal signal) {
        const bool second = first != 0 && (first >= map.items() / 2 || !halves[1].empty() ||
                                           first + items == map.items());
        halves[second ? 1 : 0].add(items, own, signal);
      });
  const std::uint32_t middle = halves[0].items();
  return pack_both(*lines, middle, std::move(halves[0]), std::move(halves[1]), compressor);
}

}  // namespace posthaste::wire
