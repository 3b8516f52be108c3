#include "actors/heap_body.h"

namespace posthaste::actors {
namespace {

std::vector<std::byte> to_bytes(const wire::ByteBuffer& buffer) {
  return {buffer.bytes().begin(), buffer.bytes().end()};
}

}  // namespace

HeapBody heap_body_of(const wire::CutBody& cut, wire::BodyKind kind) {
  wire::ByteBuffer map;
  cut.map.append_to(map);
  return {.body = to_bytes(cut.body),
          .map = to_bytes(map),
          .records = cut.map.records(),
          .items = cut.map.items(),
          .kind = kind};
}

std::optional<arena::BodyDraft> draft_of(arena::BodyWriter& writer, const HeapBody& body) noexcept {
  const std::size_t size = body.body.size() + body.map.size();
  if (size > arena::BodyWriter::size_limit) return std::nullopt;
  auto draft = writer.allocate(static_cast<std::uint32_t>(size));
  if (draft && (!draft->write(body.body) || !draft->write(body.map))) return std::nullopt;
  return draft;
}

std::vector<std::byte> gathered(const std::vector<std::span<const std::byte>>& pieces) {
  std::vector<std::byte> bytes;
  for (const auto piece : pieces) bytes.insert(bytes.end(), piece.begin(), piece.end());
  return bytes;
}

Result<HeapBody> remains_of(std::span<const std::byte> body, wire::BodyForm form,
                            const wire::ItemMap& map, const Judgement& judgement,
                            wire::Compressor& compressor) {
  std::vector<std::uint32_t> rejected;
  for (const RejectedItem& item : judgement.rejected) rejected.push_back(item.index);
  auto cut = wire::select_items(body, form, map, judgement.retry, rejected, compressor);
  if (!cut) return std::move(cut).error();
  return heap_body_of(*cut, form.kind);
}

}  // namespace posthaste::actors
