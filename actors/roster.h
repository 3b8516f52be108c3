#pragma once

/// Who is who at present: the live actor of each role and output. Kicks go through it, so nobody
/// holds a handle of an actor that may be dead; the supervisor enters each new incarnation.
///
/// Threads: any. Blocking: a short mutex. Included by the sources that know CAF, and by no others.

#include "actors/messages.h"
#include "actors/part.h"

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace posthaste::actors {

class Roster final : public Kicks {
public:
  using Place = std::pair<Role, std::uint32_t>;

  void enter(Place place, caf::actor actor) {
    const std::lock_guard lock(mutex_);
    actors_.insert_or_assign(place, std::move(actor));
  }
  caf::actor at(Place place) const {
    const std::lock_guard lock(mutex_);
    const auto found = actors_.find(place);
    return found == actors_.end() ? caf::actor{} : found->second;
  }
  std::optional<Place> place_of(const caf::actor_addr& address) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [place, actor] : actors_) {
      if (actor.address() == address) return place;
    }
    return std::nullopt;
  }
  /// Everybody leaves: no handle is kept.
  std::vector<caf::actor> clear() {
    const std::lock_guard lock(mutex_);
    std::vector<caf::actor> all;
    for (auto& [place, actor] : actors_) all.push_back(std::move(actor));
    actors_.clear();
    return all;
  }

  void kick(Role role, std::uint32_t output) noexcept override {
    try {
      if (const caf::actor actor = at({role, output})) caf::anon_send(actor, Kick{});
    } catch (const std::bad_alloc&) {
      // A kick may be lost: every part looks again by itself.
    }
  }

private:
  mutable std::mutex mutex_;
  std::map<Place, caf::actor> actors_;
};

}  // namespace posthaste::actors
