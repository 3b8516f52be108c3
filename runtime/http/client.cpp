#include "runtime/http/client.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <utility>

#include "runtime/http/exchange.h"
#include "runtime/http/redirect.h"
#include "runtime/http/redirect_memory.h"

namespace posthaste::http {
namespace {

constexpr unsigned most_redirects = 10;
constexpr Bytes most_header{1024 * 1024};
constexpr Bytes most_body{16 * 1024 * 1024};

bool is_redirect(const Outcome& outcome) noexcept {
  return outcome.response && (outcome.status == 307 || outcome.status == 308);
}

std::string_view header_of(const Response& response, std::string_view name) noexcept {
  const std::string* value = response.header(name);
  return value != nullptr ? std::string_view(*value) : std::string_view();
}

const char* broken_rule(const ClientOptions& options) noexcept {
  const auto& agent = options.user_agent;
  const bool printable =
      std::all_of(agent.begin(), agent.end(), [](char c) { return c >= ' ' && c < '\x7f'; });
  if (agent.empty() || !printable) return "user_agent must be printable ASCII, and not empty";
  if (options.redirect_limit > most_redirects) return "redirect_limit must be at most 10";
  if (options.limits.header < Bytes{1024} || options.limits.header > most_header) {
    return "limits.header must be from 1 KiB to 1 MiB";
  }
  if (options.limits.body > most_body) return "limits.body must be at most 16 MiB";
  return nullptr;
}

}  // namespace

/// The client's part that lives on the io thread, and outlives the Client until its requests ended.
class Client::Core : public std::enable_shared_from_this<Core> {
public:
  Core(std::shared_ptr<Network> network, const ClientOptions& options)
      : network_(std::move(network)),
        clock_(*options.clock),
        redirect_limit_(options.redirect_limit),
        redirect_memory_(options.redirect_memory) {}

  RequestId next_id() noexcept { return RequestId{last_id_.fetch_add(1) + 1}; }  // any thread

  void begin(RequestId id, std::shared_ptr<const Request> request, const Done& done) {
    if (closed_) return done({cancelled(), false, 0});
    if (const char* rule = http::broken_rule(*request)) {
      return done({Error(ErrorCode::invalid_argument,
                         "the request to " + request->url.origin() + " was not sent: " + rule),
                   false, 0});
    }
    Url place = redirects_.place_of(request->url, clock_.steady());
    const auto limit = request->phases.total;
    Journey& journey = under_way_[id];
    journey.from_memory = place != request->url;
    journey.request = std::move(request);
    journey.done = done;
    journey.lifetime = redirect_memory_;
    journey.total = network_->loop->after(limit, [self = shared_from_this(), id, limit] {
      self->abort(id, Error(ErrorCode::request_timed_out, "the request was not answered within " +
                                                              std::to_string(limit.count()) +
                                                              " ms in all"));
    });
    go(id, journey, std::move(place));
  }

  void cancel(RequestId id) { abort(id, cancelled()); }

  void close() {
    closed_ = true;
    network_->pool->close();
    std::vector<RequestId> all;
    for (const auto& [id, journey] : under_way_) all.push_back(id);
    for (const RequestId id : all) cancel(id);
  }

private:
  struct Journey {
    std::shared_ptr<const Request> request;
    Done done;
    std::shared_ptr<Exchange> exchange;
    TimerId total = TimerId::none;
    unsigned redirects = 0;
    std::chrono::seconds lifetime{};  // of the redirects so far
    bool from_memory = false;         // it began where an earlier redirect had led
  };

  static Error cancelled() {
    return Error(ErrorCode::request_cancelled, "the request was cancelled");
  }

  void abort(RequestId id, Error why) {
    const auto found = under_way_.find(id);
    if (found == under_way_.end()) return;
    const auto exchange = found->second.exchange;  // must live through its own end
    // None: there was no memory to begin it.
    if (exchange == nullptr) return end(id, {std::move(why), false, 0});
    exchange->abort(std::move(why));
  }

  void go(RequestId id, Journey& journey, const Url& url) {
    journey.exchange = std::make_shared<Exchange>(
        network_, journey.request, url, [self = shared_from_this(), id, url](Outcome outcome) {
          self->on_outcome(id, url, std::move(outcome));
        });
    journey.exchange->begin();
  }

  void on_outcome(RequestId id, const Url& url, Outcome outcome) {
    const auto found = under_way_.find(id);
    if (is_redirect(outcome)) return redirect(found->second, id, url, *outcome.response);
    Journey& journey = found->second;
    if (outcome.response && journey.redirects > 0 && journey.lifetime.count() > 0) {
      redirects_.remember(journey.request->url, url, clock_.steady() + journey.lifetime);
    }
    end(id, std::move(outcome));
  }

  void redirect(Journey& journey, RequestId id, const Url& url, const Response& response) {
    if (journey.redirects == redirect_limit_) {
      const Error too_many(ErrorCode::redirect_refused,
                           "the redirect of " + url.origin() + " is not followed: " +
                               std::to_string(redirect_limit_) + " were, for this request");
      return end(id, {too_many, false, response.status});
    }
    auto target = trusted_redirect(url, header_of(response, "Location"));
    if (!target) return end(id, {std::move(target).error(), false, response.status});
    ++journey.redirects;
    journey.lifetime = redirect_lifetime(header_of(response, "Cache-Control"), journey.lifetime);
    go(id, journey, *target);
  }

  void end(RequestId id, Outcome outcome) {
    auto ended = under_way_.extract(id);
    Journey& journey = ended.mapped();
    network_->loop->cancel(journey.total);
    if (!outcome.response && journey.from_memory) redirects_.forget(journey.request->url);
    journey.done(std::move(outcome));
  }

  const std::shared_ptr<Network> network_;
  const Clock& clock_;
  const unsigned redirect_limit_;
  const std::chrono::seconds redirect_memory_;
  std::atomic<std::uint64_t> last_id_{0};

  RedirectMemory redirects_;
  std::map<RequestId, Journey> under_way_;
  bool closed_ = false;
};

Result<std::unique_ptr<Client>> Client::create(IoThread& io, ClientOptions options) {
  if (const char* rule = broken_rule(options)) {
    return Error(ErrorCode::invalid_setting, std::string("the HTTP client's options: ") + rule);
  }
  auto proxies = ProxyRules::parse(options.proxy);
  if (!proxies) return std::move(proxies).error();
  std::shared_ptr<TlsContext> tls;
  if (options.tls) {
    auto made = TlsContext::create(
        {options.ca_file, options.client_certificate_file, options.client_key_file});
    if (!made) return std::move(made).error();
    tls = std::move(*made);
  }
  auto warnings = proxies->complaints();
  const auto& loop = io.loop();
  auto pool = std::make_shared<ConnectionPool>(loop, *options.clock, options.idle_limit);
  auto network = std::make_shared<Network>(
      Network{loop, std::move(tls), std::move(pool), Resolver(loop, std::move(options.look_up)),
              std::move(*proxies), options.limits, options.user_agent});
  auto core = std::make_shared<Core>(std::move(network), options);
  return std::unique_ptr<Client>(new Client(loop, std::move(core), std::move(warnings)));
}

// The stop task holds the core, so that it ends on the io thread even if the Client is gone by
// then.
Client::Client(std::shared_ptr<IoLoop> loop, std::shared_ptr<Core> core,
               std::vector<std::string> warnings)
    : loop_(std::move(loop)),
      core_(std::move(core)),
      warnings_(std::move(warnings)),
      stop_task_(loop_->on_stop([core = core_] { core->close(); })) {}

Client::~Client() {
  loop_->post([core = core_, loop = loop_, stop_task = stop_task_] {
    core->close();
    loop->remove(stop_task);
  });
}

RequestId Client::post(Request request, Done done) {
  const RequestId id = core_->next_id();
  const auto shared = std::make_shared<const Request>(std::move(request));
  const bool taken =
      loop_->post([core = core_, id, shared, done] { core->begin(id, shared, done); });
  if (!taken) {
    done({Error(ErrorCode::stopped, "the request was not sent: the io thread has been stopped"),
          false, 0});
  }
  return id;
}

void Client::cancel(RequestId request) {
  loop_->post([core = core_, request] { core->cancel(request); });
}

}  // namespace posthaste::http
