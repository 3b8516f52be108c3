#include "actors/tally.h"

namespace posthaste::actors {

Tally tally(const wire::ItemMap& map, const Judgement& judgement) {
  Tally sums;
  auto retry = judgement.retry.begin();
  auto rejected = judgement.rejected.begin();
  map.for_each_record([&](std::uint32_t first, std::uint32_t lines, wire::OwnLine own,
                          model::Signal signal) {
    bool again = false;
    bool refused = false;
    for (; retry != judgement.retry.end() && *retry < first + lines; ++retry) again = true;
    for (; rejected != judgement.rejected.end() && rejected->index < first + lines; ++rejected) {
      const bool is_own = own == wire::OwnLine::here && rejected->index == first;
      refused = refused || is_own;
      sums.side_rejected += is_own ? 0 : 1;
    }
    if (own == wire::OwnLine::elsewhere) return;
    if (refused) {
      ++sums.rejected[signal];
    } else if (again) {
      ++sums.remaining[signal];
    } else {
      ++sums.delivered[signal];
    }
  });
  return sums;
}

}  // namespace posthaste::actors
