#include "actors/endpoint.h"

#include "runtime/wire/reply_headers.h"

#include <new>
#include <vector>

namespace posthaste::actors {

TrackEndpoint::TrackEndpoint(std::unique_ptr<http::Client> client, http::Url url,
                             http::Phases phases, Answers& answers, const Clock& clock)
    : url_(std::move(url)),
      phases_(phases),
      answers_(answers),
      clock_(clock),
      under_way_(std::make_shared<UnderWay>()),
      client_(std::move(client)) {}

void TrackEndpoint::post(Consignment consignment, std::function<void()> told) {
  http::Request request{
      .url = url_,
      .headers = {{"Content-Type", "application/x-json-stream"}, {"Content-Encoding", "gzip"}},
      .body = std::move(consignment.body),
      .keep_alive = std::move(consignment.keep_alive),
      .phases = phases_};
  const Ticket ticket = consignment.ticket;
  {
    const std::lock_guard lock(under_way_->mutex);
    under_way_->requests.emplace(ticket, http::RequestId{});
  }
  auto done = [this, under_way = under_way_, ticket, items = consignment.items,
               told = std::move(told)](http::Outcome outcome) {
    try {
      answers_.put({ticket, std::make_shared<const http::Outcome>(std::move(outcome)), items,
                    clock_.steady(), std::nullopt});
    } catch (const std::bad_alloc&) {
      // The transmitter sees a ticket that nobody carries, and takes it for a lost connection.
    }
    {
      const std::lock_guard lock(under_way->mutex);
      under_way->requests.erase(ticket);
    }
    told();
  };
  const http::RequestId request_id = client_->post(std::move(request), std::move(done));
  const std::lock_guard lock(under_way_->mutex);
  const auto at = under_way_->requests.find(ticket);
  if (at != under_way_->requests.end()) at->second = request_id;
}

void TrackEndpoint::cancel_all() noexcept {
  std::vector<http::RequestId> requests;
  {
    const std::lock_guard lock(under_way_->mutex);
    requests.reserve(under_way_->requests.size());
    for (const auto& [ticket, request] : under_way_->requests) requests.push_back(request);
  }
  for (const http::RequestId request : requests) client_->cancel(request);
}

bool TrackEndpoint::carries(Ticket ticket) const noexcept {
  const std::lock_guard lock(under_way_->mutex);
  return under_way_->requests.contains(ticket);
}

AnswerFacts facts_of(const http::Outcome& outcome, std::uint32_t items, WallTime now) {
  AnswerFacts facts;
  if (!outcome.response) {
    facts.failure = TransportFailure{outcome.response.error().code(), outcome.ambiguous};
    return facts;
  }
  const http::Response& response = outcome.response.value();
  facts.status = response.status;
  if (const std::string* value = response.header("Retry-After")) {
    facts.retry_after = wire::parse_retry_after(*value, now);
  }
  facts.reply = wire::parse_track_reply(response.body, items);
  return facts;
}

}  // namespace posthaste::actors
