#include "runtime/http/resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <exception>
#include <map>
#include <optional>

#include "runtime/base/thread.h"

namespace posthaste::http {
namespace {

constexpr std::size_t most_hanging = 8;
constexpr std::size_t most_remembered = 64;
constexpr std::chrono::nanoseconds patience_with_last_good = std::chrono::seconds{1};

std::optional<Addresses> without_asking(const std::string& host) {
  std::array<unsigned char, 16> bytes;
  for (const int family : {AF_INET, AF_INET6}) {
    if (inet_pton(family, host.c_str(), bytes.data()) == 1) return Addresses{host};
  }
  if (host == "localhost" || host.ends_with(".localhost")) return Addresses{"127.0.0.1", "::1"};
  return std::nullopt;
}

Error not_resolved(const std::string& host, std::string_view why) {
  return Error(ErrorCode::name_not_resolved,
               "the name " + host + " could not be resolved: " + std::string(why));
}

// On a thread of its own: nothing above could catch what a replaced look-up throws.
Result<Addresses> ask(const LookUp& look_up, const std::string& host) noexcept {
  try {
    return look_up(host);
  } catch (const std::exception& error) {
    return not_resolved(host, error.what());
  }
}

}  // namespace

Result<Addresses> look_up_by_system(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int status = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (status == EAI_NONAME || status == EAI_NODATA) return Addresses{};
  if (status != 0) return not_resolved(host, ::gai_strerror(status));
  Addresses addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    std::array<char, NI_MAXHOST> text;
    if (::getnameinfo(entry->ai_addr, entry->ai_addrlen, text.data(), text.size(), nullptr, 0,
                      NI_NUMERICHOST) == 0) {
      addresses.emplace_back(text.data());
    }
  }
  ::freeaddrinfo(found);
  return addresses;
}

struct Resolver::State : std::enable_shared_from_this<State> {
  struct Waiter {
    Done done;
    TimerId patience;
  };
  struct Name {
    bool asking = false;  // a thread is under way, perhaps for ever
    bool hangs = false;   // somebody's patience ended while it was
    Addresses last_good;
    std::map<std::uint64_t, Waiter> waiting;
  };

  State(std::shared_ptr<IoLoop> l, LookUp f)
      : loop(std::move(l)), look_up(std::make_shared<const LookUp>(std::move(f))) {}

  const std::shared_ptr<IoLoop> loop;
  const std::shared_ptr<const LookUp> look_up;  // shared with threads that may outlive all else
  std::map<std::string, Name> names;
  std::size_t asking = 0;
  std::uint64_t next_waiter = 1;

  // Not from within resolve(): the caller is not ready for an answer before that has returned.
  void answer_later(Done done, Result<Addresses> answer) {
    loop->post([done = std::move(done), answer = std::move(answer)] { done(answer); });
  }

  void resolve(const std::string& host, std::chrono::nanoseconds patience, Done done) {
    if (auto known = without_asking(host)) return answer_later(std::move(done), std::move(*known));
    if (!names.contains(host)) make_room();
    Name& name = names[host];
    if (name.asking && name.hangs && !name.last_good.empty()) {
      return answer_later(std::move(done), name.last_good);
    }
    if (!name.asking) {
      if (auto started = ask(host, name); !started) {
        return answer_later(std::move(done), std::move(started).error());
      }
    }
    const std::uint64_t id = next_waiter++;
    if (!name.last_good.empty()) patience = std::min(patience, patience_with_last_good);
    const TimerId timer = loop->after(
        patience, [self = shared_from_this(), host, id] { self->lose_patience(host, id); });
    name.waiting.emplace(id, Waiter{std::move(done), timer});
  }

  Result<void> ask(const std::string& host, Name& name) {
    if (asking == most_hanging) {
      return not_resolved(host,
                          "8 other look-ups have not been answered; check this machine's DNS");
    }
    auto thread = start_thread(
        "posthaste.dns",
        [look_up = look_up, host, weak_state = weak_from_this(), weak_loop = std::weak_ptr(loop)] {
          auto answer = http::ask(*look_up, host);
          const auto live_loop = weak_loop.lock();
          if (live_loop == nullptr) return;
          live_loop->post([weak_state, host, answer = std::move(answer)] {
            if (const auto state = weak_state.lock()) state->learn(host, answer);
          });
        });
    if (!thread) return std::move(thread).error();
    thread->detach();
    name.asking = true;
    ++asking;
    return {};
  }

  void learn(const std::string& host, const Result<Addresses>& answer) {
    Name& name = names[host];
    name.asking = name.hangs = false;
    --asking;
    if (answer) name.last_good = *answer;  // also "does not exist": what was good is so no longer
    auto waiting = std::move(name.waiting);
    name.waiting.clear();
    const Result<Addresses> told = !name.last_good.empty() ? Result<Addresses>(name.last_good)
                                   : answer                ? not_resolved(host, "it does not exist")
                                                           : answer;
    for (auto& [id, waiter] : waiting) {
      loop->cancel(waiter.patience);
      waiter.done(told);
    }
  }

  void lose_patience(const std::string& host, std::uint64_t id) {
    const auto found = names.find(host);
    if (found == names.end()) return;
    Name& name = found->second;
    auto waiter = name.waiting.extract(id);
    if (waiter.empty()) return;
    name.hangs = true;
    if (!name.last_good.empty()) return waiter.mapped().done(name.last_good);
    waiter.mapped().done(not_resolved(host, "the DNS server did not answer in time"));
  }

  void make_room() {
    if (names.size() < most_remembered) return;
    const auto idle = std::find_if(names.begin(), names.end(),
                                   [](const auto& entry) { return !entry.second.asking; });
    if (idle != names.end()) names.erase(idle);
  }
};

Resolver::Resolver(std::shared_ptr<IoLoop> loop, LookUp look_up)
    : state_(std::make_shared<State>(std::move(loop), std::move(look_up))) {}

Resolver::~Resolver() = default;
Resolver::Resolver(Resolver&&) noexcept = default;
Resolver& Resolver::operator=(Resolver&&) noexcept = default;

void Resolver::resolve(const std::string& host, std::chrono::nanoseconds patience, Done done) {
  state_->resolve(host, patience, std::move(done));
}

}  // namespace posthaste::http
