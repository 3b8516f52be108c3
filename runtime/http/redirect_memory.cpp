#include "runtime/http/redirect_memory.h"

#include <utility>

namespace posthaste::http {
namespace {

constexpr std::size_t most_places = 64;

}  // namespace

void RedirectMemory::remember(const Url& from, Url to, SteadyTime until) {
  if (places_.size() >= most_places && !places_.contains(key(from))) places_.erase(places_.begin());
  places_.insert_or_assign(key(from), Place{std::move(to), until});
}

Url RedirectMemory::place_of(const Url& url, SteadyTime now) {
  const auto found = places_.find(key(url));
  if (found == places_.end()) return url;
  if (now < found->second.until) return found->second.url;
  places_.erase(found);
  return url;
}

void RedirectMemory::forget(const Url& from) {
  places_.erase(key(from));
}

}  // namespace posthaste::http
