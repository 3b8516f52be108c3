#include "actors/endpoint.h"

#include "actors/otlp_judge.h"
#include "runtime/wire/otlp_reply.h"
#include "runtime/wire/reply_headers.h"

#include <new>
#include <vector>

namespace posthaste::actors {
namespace {

std::optional<std::chrono::seconds> retry_after_of(const http::Response& response, WallTime now) {
  const std::string* const value = response.header("Retry-After");
  return value == nullptr ? std::nullopt : wire::parse_retry_after(*value, now);
}

/// Only the body is of no use: see facts_of.
bool status_stands(const http::Outcome& outcome) {
  return outcome.status != 0 && outcome.response.error().code() == ErrorCode::response_too_large;
}

/// The answer, whose status and Retry-After are in `facts` then. Null: none can be read, and `facts`
/// say why.
template <class Facts>
const http::Response* answer_in(const http::Outcome& outcome, WallTime now, Facts& facts) {
  if (outcome.response) {
    const http::Response& response = outcome.response.value();
    facts.status = response.status;
    facts.retry_after = retry_after_of(response, now);
    return &response;
  }
  if (status_stands(outcome)) {
    facts.status = outcome.status;
  } else {
    facts.failure = TransportFailure{outcome.response.error().code(), outcome.ambiguous};
  }
  return nullptr;
}

bool is_json(const http::Response& response) {
  const std::string* const type = response.header("Content-Type");
  return type != nullptr && type->find("json") != std::string::npos;
}

OtlpAnswerFacts otlp_facts_of(const http::Outcome& outcome, WallTime now) {
  OtlpAnswerFacts facts;
  if (const http::Response* const response = answer_in(outcome, now, facts)) {
    facts.reply = response->status < 300
                      ? wire::parse_otlp_success(response->body, is_json(*response))
                      : wire::parse_otlp_refusal(response->body, is_json(*response));
  }
  return facts;
}

}  // namespace

Judgement Endpoint::meaning_of(const http::Outcome& outcome, std::uint32_t items,
                               WallTime now) const {
  return judge(facts_of(outcome, items, now), items);
}

PostEndpoint::PostEndpoint(std::unique_ptr<http::Client> client, http::Url url, http::Phases phases,
                           Answers& answers, const Clock& clock,
                           std::shared_ptr<Credential> credential)
    : url_(std::move(url)),
      phases_(phases),
      answers_(answers),
      clock_(clock),
      credential_(std::move(credential)),
      under_way_(std::make_shared<UnderWay>()),
      client_(std::move(client)) {}

Result<Secret> PostEndpoint::token_for_next() const {
  if (credential_ == nullptr) return Secret();
  if (!url_.secure()) {
    return Error(ErrorCode::tls_failed,
                 url_.origin() + ": a token is sent over https only; give an https endpoint");
  }
  return credential_->token();
}

void PostEndpoint::post(Consignment consignment, std::function<void()> told) {
  auto token = token_for_next();
  if (!token) {
    answers_.put({consignment.ticket,
                  std::make_shared<const http::Outcome>(http::Outcome{std::move(token).error()}),
                  consignment.items, clock_.steady(), std::nullopt});
    return told();
  }
  http::Request request{.url = url_,
                        .headers = headers_for(consignment.kind),
                        .body = std::move(consignment.body),
                        .keep_alive = std::move(consignment.keep_alive),
                        .phases = phases_,
                        .answer_limit = answer_limit(consignment.items)};
  if (!token->empty()) {
    request.headers.push_back({"Authorization", "Bearer " + std::string(token->reveal())});
  }
  const Ticket ticket = consignment.ticket;
  {
    const std::lock_guard lock(under_way_->mutex);
    under_way_->requests.emplace(ticket, http::RequestId{});
  }
  auto done = [this, under_way = under_way_, ticket, items = consignment.items,
               token = std::move(*token), told = std::move(told)](http::Outcome outcome) {
    if (outcome.status == 401 && !token.empty()) credential_->refused(token);
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

void PostEndpoint::cancel_all() noexcept {
  std::vector<http::RequestId> requests;
  {
    const std::lock_guard lock(under_way_->mutex);
    requests.reserve(under_way_->requests.size());
    for (const auto& [ticket, request] : under_way_->requests) requests.push_back(request);
  }
  for (const http::RequestId request : requests) client_->cancel(request);
}

bool PostEndpoint::carries(Ticket ticket) const noexcept {
  const std::lock_guard lock(under_way_->mutex);
  return under_way_->requests.contains(ticket);
}

std::vector<http::Header> PostEndpoint::headers_for(wire::BodyKind) const {
  return {{"Content-Type", "application/x-json-stream"}, {"Content-Encoding", "gzip"}};
}

std::optional<Bytes> PostEndpoint::answer_limit(std::uint32_t items) const {
  return Bytes{wire::track_reply_limit(items)};
}

OtlpEndpoint::OtlpEndpoint(std::unique_ptr<http::Client> client, http::Url url, http::Phases phases,
                           std::vector<http::Header> headers, Answers& answers, const Clock& clock)
    : PostEndpoint(std::move(client), std::move(url), phases, answers, clock),
      headers_(std::move(headers)) {}

Judgement OtlpEndpoint::meaning_of(const http::Outcome& outcome, std::uint32_t items,
                                   WallTime now) const {
  return judge_otlp(otlp_facts_of(outcome, now), items);
}

std::vector<http::Header> OtlpEndpoint::headers_for(wire::BodyKind kind) const {
  std::vector<http::Header> headers = headers_;
  headers.push_back(
      {"Content-Type", wire::is_json(kind) ? "application/json" : "application/x-protobuf"});
  if (wire::is_gzip(kind)) headers.push_back({"Content-Encoding", "gzip"});
  return headers;
}

std::optional<Bytes> OtlpEndpoint::answer_limit(std::uint32_t) const {
  return std::nullopt;
}

void UnusableEndpoint::post(Consignment consignment, std::function<void()> told) {
  answers_.put({consignment.ticket, std::make_shared<const http::Outcome>(http::Outcome{why_}),
                consignment.items, clock_.steady(), std::nullopt});
  told();
}

AnswerFacts facts_of(const http::Outcome& outcome, std::uint32_t items, WallTime now) {
  AnswerFacts facts;
  if (const http::Response* const response = answer_in(outcome, now, facts)) {
    facts.reply = wire::parse_track_reply(response->body, items);
  }
  return facts;
}

}  // namespace posthaste::actors
