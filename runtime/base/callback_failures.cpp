#include "runtime/base/callback_failures.h"

#include <algorithm>
#include <cstring>
#include <exception>

namespace posthaste {
namespace {

const char* name_of(std::size_t callback) noexcept {
  switch (static_cast<Callback>(callback)) {
    case Callback::sampler: return "sampler";
    case Callback::on_start: return "on_start of a span processor";
    case Callback::on_end: return "on_end of a span processor";
    case Callback::on_emit: return "on_emit of a log processor";
    case Callback::done: return "the callback of a flush or a shutdown";
    case Callback::count_: break;
  }
  return "a callback";
}

/// What the exception that is being handled says of itself, cut to the room there is.
void describe_current(std::array<char, 200>& text) noexcept {
  const auto put = [&text](const char* what) {
    const std::size_t size = std::min(std::strlen(what), text.size() - 1);
    std::memcpy(text.data(), what, size);
    text[size] = '\0';
  };
  try {
    throw;
  } catch (const std::exception& exception) {
    put(exception.what());
  } catch (...) {
    put("something that is no std::exception");
  }
}

}  // namespace

void CallbackFailures::count_current(Callback callback) noexcept {
  total_.fetch_add(1, std::memory_order_relaxed);
  First& first = firsts_[static_cast<std::size_t>(callback)];
  State none = State::none;
  if (!first.state.compare_exchange_strong(none, State::writing, std::memory_order_relaxed)) return;
  describe_current(first.text);
  first.state.store(State::untold, std::memory_order_release);
}

std::optional<std::string> CallbackFailures::untold() {
  for (std::size_t i = 0; i < firsts_.size(); ++i) {
    First& first = firsts_[i];
    if (first.state.load(std::memory_order_acquire) != State::untold) continue;
    std::string line = std::string(name_of(i)) + " threw an exception: " + first.text.data() +
                       "; it was caught, further ones are counted";
    first.state.store(State::told, std::memory_order_relaxed);
    return line;
  }
  return std::nullopt;
}

void CallbackFailures::reset() noexcept {
  total_.store(0, std::memory_order_relaxed);
  for (First& first : firsts_) first.state.store(State::none, std::memory_order_relaxed);
}

}  // namespace posthaste
