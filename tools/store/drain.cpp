#include "tools/store/drain.h"

#include "actors/endpoint.h"
#include "actors/judge.h"
#include "actors/slice.h"
#include "persistence/store.h"
#include "runtime/config/connection_string.h"
#include "runtime/config/environment.h"
#include "runtime/config/final_output.h"
#include "runtime/http/client.h"
#include "runtime/wire/body_lines.h"

#include <boost/json.hpp>

#include <algorithm>
#include <future>
#include <optional>
#include <vector>

namespace posthaste::tools {
namespace {

using actors::Judgement;
using actors::Verdict;
using persistence::StoredBatch;

/// Somebody waits in front of a terminal.
constexpr http::Phases patience{.first_byte = std::chrono::seconds{30},
                                .total = std::chrono::seconds{60}};

/// One request after the other to the ingestion endpoint.
class Endpoint {
public:
  static Result<std::unique_ptr<Endpoint>> open(const DrainOptions& options,
                                                const config::ConnectionString& target) {
    auto url = http::Url::parse(config::track_url(target));
    if (!url) return std::move(url).error();
    auto io = http::IoThread::start();
    if (!io) return std::move(io).error();
    const config::Environment environment = config::Environment::of_process();
    http::ClientOptions client_options;
    client_options.ca_file = options.ca_file;
    client_options.proxy.https_proxy = environment.get("HTTPS_PROXY").value_or("");
    client_options.proxy.no_proxy = environment.get("NO_PROXY").value_or("");
    client_options.user_agent = "posthaste-store";
    auto client = http::Client::create(**io, std::move(client_options));
    if (!client) return std::move(client).error();
    return std::unique_ptr<Endpoint>(
        new Endpoint(std::move(*url), std::move(*io), std::move(*client)));
  }

  http::Outcome post(std::vector<std::span<const std::byte>> body) {
    std::promise<http::Outcome> promise;
    std::future<http::Outcome> outcome = promise.get_future();
    client_->post(
        {.url = url_,
         .headers = {{"Content-Type", "application/x-json-stream"}, {"Content-Encoding", "gzip"}},
         .body = std::move(body),
         .phases = patience},
        [&promise](http::Outcome answer) { promise.set_value(std::move(answer)); });
    return outcome.get();
  }

private:
  Endpoint(http::Url url, std::unique_ptr<http::IoThread> io, std::unique_ptr<http::Client> client)
      : url_(std::move(url)), io_(std::move(io)), client_(std::move(client)) {}

  http::Url url_;
  std::unique_ptr<http::IoThread> io_;
  std::unique_ptr<http::Client> client_;
};

std::string describe(const http::Outcome& outcome, const Judgement& judgement) {
  if (!outcome.response) return outcome.response.error().message();
  std::string text = "the endpoint answered " + std::to_string(judgement.status);
  if (judgement.delay_hint) {
    text += ", retry after " + std::to_string(judgement.delay_hint->count()) + " s";
  }
  return text;
}

class Drain {
public:
  Drain(persistence::Store& store, Endpoint& endpoint,
        const std::function<void(const DrainReport&)>& progress)
      : store_(store), endpoint_(endpoint), progress_(progress) {}

  DrainReport& report() noexcept { return report_; }

  /// Every batch of the queue that was there at the beginning, once. A remainder that is to be sent
  /// again later has a newer key and stays.
  Result<void> empty(persistence::QueueId queue) {
    newest_ = newest_key(queue);
    while (report_.stopped_by.empty()) {
      auto leased = store_.lease_oldest(queue);
      if (!leased) return std::move(leased).error();
      if (!*leased) return {};
      const StoredBatch& batch = **leased;
      if (static_cast<std::uint64_t>(batch.key) > newest_) {
        store_.release(batch.key, persistence::Attempt::not_counted);
        report_.stopped_by = "the endpoint asked for some items to be sent again later";
        return {};
      }
      if (auto sent = send(batch); !sent) return sent;
    }
    return {};
  }

private:
  std::uint64_t newest_key(persistence::QueueId queue) const {
    const auto& keys = store_.index().available(queue);
    return keys.empty() ? 0 : static_cast<std::uint64_t>(*keys.rbegin());
  }

  Result<void> send(const StoredBatch& batch) {
    auto map = wire::ItemMap::parse(batch.user);
    if (!map) return discard(batch.key);
    std::uint32_t lines = map->items();
    for (;;) {
      http::Outcome outcome{.response = Error(ErrorCode::internal, "not sent")};
      auto judged = post(batch, *map, lines, outcome);
      if (!judged) return std::move(judged).error();
      ++report_.requests;
      if (judged->verdict != Verdict::split) {
        const bool got_on = judged->accepted + judged->rejected.size() > 0;
        return conclude(batch, *map, *judged, outcome, lines < map->items() && got_on);
      }
      lines = std::max(1U, lines / 2);
    }
  }

  Result<Judgement> post(const StoredBatch& batch, const wire::ItemMap& map, std::uint32_t lines,
                         http::Outcome& outcome) {
    if (lines == map.items()) {
      outcome = endpoint_.post({batch.body});
    } else {
      auto slice = actors::first_lines(batch.body, {}, map, lines, compressor_);
      if (!slice) return std::move(slice).error();
      outcome = endpoint_.post(slice->body);
    }
    const auto facts = actors::facts_of(outcome, lines, system_clock().wall());
    const Judgement judgement = actors::judge(facts, lines);
    const bool whole = lines == map.items() || judgement.verdict == Verdict::split;
    return whole ? judgement : actors::widened(judgement, lines, map.items());
  }

  Result<void> conclude(const StoredBatch& batch, const wire::ItemMap& map,
                        const Judgement& judgement, const http::Outcome& outcome, bool slice) {
    Result<void> done;
    switch (judgement.verdict) {
      case Verdict::delivered:
        report_.items_accepted += map.items();
        done = store_.settle(batch.key);
        break;
      case Verdict::drop:
        report_.items_rejected += map.items();
        done = store_.settle(batch.key);
        break;
      case Verdict::partial: done = keep_the_rest(batch, map, judgement, slice); break;
      case Verdict::retry_later:
      case Verdict::split:
        store_.release(batch.key, persistence::Attempt::not_counted);
        report_.stopped_by = describe(outcome, judgement);
        break;
    }
    progress_(report_);
    return done;
  }

  Result<void> keep_the_rest(const StoredBatch& batch, const wire::ItemMap& map,
                             const Judgement& judgement, bool slice) {
    report_.items_accepted += judgement.accepted;
    report_.items_rejected += judgement.rejected.size();
    if (judgement.retry.empty()) return store_.settle(batch.key);
    std::vector<std::uint32_t> rejected;
    for (const actors::RejectedItem& item : judgement.rejected) rejected.push_back(item.index);
    auto rest = wire::select_items(batch.body, {}, map, judgement.retry, rejected, compressor_);
    if (!rest) return discard(batch.key);
    wire::ByteBuffer user;
    rest->map.append_to(user);
    persistence::NewBatch remainder{batch.header, {rest->body.bytes()}, user.bytes()};
    remainder.header.records = rest->map.records();
    remainder.header.items = rest->map.items();
    auto replaced = store_.replace(batch.key, remainder);
    if (!replaced) return std::move(replaced).error();
    if (slice) newest_ = static_cast<std::uint64_t>(*replaced);  // the rest was never sent: go on
    return {};
  }

  /// Its bytes are not what a pipeline wrote; nobody could ever tell what an answer meant for it.
  Result<void> discard(persistence::StoreKey key) {
    return store_.discard({&key, 1}, persistence::LossReason::corrupt);
  }

  persistence::Store& store_;
  Endpoint& endpoint_;
  const std::function<void(const DrainReport&)>& progress_;
  wire::Compressor compressor_;
  DrainReport report_;
  std::uint64_t newest_ = 0;  // key that this run goes up to
};

}  // namespace

std::string DrainReport::to_json() const {
  const boost::json::object report{{"complete", complete()},
                                   {"requests", requests},
                                   {"items_accepted", items_accepted},
                                   {"items_rejected", items_rejected},
                                   {"batches_damaged", batches_damaged},
                                   {"batches_left", batches_left},
                                   {"batches_of_other_outputs", batches_other},
                                   {"stopped_by", stopped_by}};
  return boost::json::serialize(report) + '\n';
}

std::string DrainReport::to_text() const {
  std::string text = std::to_string(items_accepted) + " items accepted, " +
                     std::to_string(items_rejected) + " refused for good, " +
                     std::to_string(batches_left) + " batches left, " +
                     std::to_string(batches_other) + " of other outputs\n";
  if (batches_damaged > 0) text += std::to_string(batches_damaged) + " batches were damaged\n";
  if (!stopped_by.empty()) text += "stopped: " + stopped_by + '\n';
  return text;
}

Result<DrainReport> drain_store(const DrainOptions& options,
                                const std::function<void(const DrainReport&)>& progress) {
  auto target = config::parse_connection_string(options.connection_string);
  if (!target) return std::move(target).error().with_context("--connection-string");
  persistence::StoreOptions store_options;
  store_options.directory = options.directory;
  store_options.create = false;
  auto store = persistence::Store::open(std::move(store_options));
  if (!store) return std::move(store).error();
  auto endpoint = Endpoint::open(options, *target);
  if (!endpoint) return std::move(endpoint).error();
  const persistence::QueueId own{
      config::output_identity(config::track_url(*target), target->instrumentation_key.reveal())};
  Drain drain(**store, **endpoint, progress);
  const std::vector<persistence::QueueId> queues = (*store)->queues();
  for (const persistence::QueueId queue : queues) {
    if (queue != own && !options.all_queues) continue;
    if (auto emptied = drain.empty(queue); !emptied) return std::move(emptied).error();
  }
  DrainReport& report = drain.report();
  for (const persistence::QueueId queue : queues) {
    const bool chosen = queue == own || options.all_queues;
    (chosen ? report.batches_left : report.batches_other) += (*store)->level(queue).batches;
  }
  for (const persistence::Loss& loss : (*store)->take_losses()) {
    report.batches_damaged += loss.batches;
  }
  return report;
}

}  // namespace posthaste::tools
