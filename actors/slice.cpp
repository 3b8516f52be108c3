#include "actors/slice.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <vector>

namespace posthaste::actors {

Result<Consignment> first_lines(std::span<const std::byte> body, wire::BodyForm form,
                                const wire::ItemMap& map, std::uint32_t lines,
                                wire::Compressor& compressor) {
  std::vector<std::uint32_t> wanted(lines);
  std::iota(wanted.begin(), wanted.end(), 0u);
  auto cut = wire::select_items(body, form, map, wanted, {}, compressor);
  if (!cut) return std::move(cut).error();
  const auto bytes = std::make_shared<const wire::ByteBuffer>(std::move(cut->body));
  return Consignment{.ticket = 0,
                     .items = lines,
                     .kind = form.kind,
                     .body = {bytes->bytes()},
                     .keep_alive = bytes};
}

Judgement widened(const Judgement& judgement, std::uint32_t sent, std::uint32_t items) {
  if (judgement.verdict == Verdict::retry_later) return judgement;
  Judgement whole = judgement;
  whole.verdict = Verdict::partial;
  if (judgement.verdict == Verdict::drop || judgement.verdict == Verdict::split) {
    whole.accepted = 0;
    whole.retry.clear();
    whole.rejected.clear();
    for (std::uint32_t line = 0; line < sent; ++line) {
      whole.rejected.push_back({line, judgement.status});
    }
    if (judgement.verdict == Verdict::split) whole.reason = DropReason::too_large;
  }
  // Where nobody says which were refused, the last ones stand for them.
  for (std::uint32_t line = sent - std::min(judgement.refused_unnamed, sent); line < sent; ++line) {
    whole.rejected.push_back({line, judgement.status});
  }
  for (std::uint32_t line = sent; line < items; ++line) whole.retry.push_back(line);
  return whole;
}

}  // namespace posthaste::actors
