#pragma once

/// Where an output's bodies go, for its deliveries: posts by ticket, knows which tickets are on
/// their way, and puts each outcome into the output's Answers before anybody is told.
///
/// Threads:  post, cancel and carries from any; `told` runs on the io thread.
/// Blocking: a short mutex. Full: the transmitter bounds what is under way.

#include <posthaste/units.h>

#include "actors/answers.h"
#include "actors/credential.h"
#include "actors/deliveries.h"
#include "actors/judge.h"
#include "runtime/http/client.h"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace posthaste::actors {

class Endpoint {
public:
  virtual ~Endpoint() = default;
  /// The outcome lies in the Answers when `told` is called, once. It must not throw.
  virtual void post(Consignment consignment, std::function<void()> told) = 0;
  /// Ends them early, so that their answers come at once.
  virtual void cancel_all() noexcept = 0;
  /// Whether the answer is still to come.
  virtual bool carries(Ticket ticket) const noexcept = 0;
  /// What an outcome means here. Pure; any thread.
  virtual Judgement meaning_of(const http::Outcome& outcome, std::uint32_t items,
                               WallTime now) const;
};

/// POST to one URL over an http::Client, which it owns. As it is: <ingestion>/v2.1/track.
class PostEndpoint : public Endpoint {
public:
  /// `answers` and `clock` outlive all requests: the io thread is stopped before they go.
  /// `credential` may be null: requests come without a token.
  PostEndpoint(std::unique_ptr<http::Client> client, http::Url url, http::Phases phases,
               Answers& answers, const Clock& clock,
               std::shared_ptr<Credential> credential = nullptr);

  void post(Consignment consignment, std::function<void()> told) override;
  void cancel_all() noexcept override;
  bool carries(Ticket ticket) const noexcept override;

protected:
  virtual std::vector<http::Header> headers_for(wire::BodyKind kind) const;
  /// The longest answer to so many lines that is read; empty: the client's own limit.
  virtual std::optional<Bytes> answer_limit(std::uint32_t items) const;

private:
  /// Of the credential; empty where there is none. Fails where one is wanted and none can be sent.
  Result<Secret> token_for_next() const;

  const http::Url url_;
  const http::Phases phases_;
  Answers& answers_;
  const Clock& clock_;
  const std::shared_ptr<Credential> credential_;
  struct UnderWay {
    mutable std::mutex mutex;
    std::map<Ticket, http::RequestId> requests;
  };
  const std::shared_ptr<UnderWay> under_way_;
  const std::unique_ptr<http::Client> client_;
};

/// POST to the URL of one signal by OTLP/HTTP, with headers of the user's.
class OtlpEndpoint final : public PostEndpoint {
public:
  OtlpEndpoint(std::unique_ptr<http::Client> client, http::Url url, http::Phases phases,
               std::vector<http::Header> headers, Answers& answers, const Clock& clock);

  Judgement meaning_of(const http::Outcome& outcome, std::uint32_t items,
                       WallTime now) const override;

private:
  std::vector<http::Header> headers_for(wire::BodyKind kind) const override;
  std::optional<Bytes> answer_limit(std::uint32_t items) const override;

  const std::vector<http::Header> headers_;
};

/// One that cannot be used, such as for want of its certificate: it answers every request with the
/// reason, so that its output stores what it has, and the others go on.
class UnusableEndpoint final : public Endpoint {
public:
  UnusableEndpoint(Error why, Answers& answers, const Clock& clock)
      : why_(std::move(why)), answers_(answers), clock_(clock) {}

  void post(Consignment consignment, std::function<void()> told) override;
  void cancel_all() noexcept override {}
  bool carries(Ticket) const noexcept override { return false; }

private:
  const Error why_;
  Answers& answers_;
  const Clock& clock_;
};

/// What `judge` needs to know of an outcome. An answer whose body is too long to be read, or
/// compressed, still has its status: what that says of the whole is believed, as sending again
/// would bring the same answer and, where items were taken, the same items twice.
AnswerFacts facts_of(const http::Outcome& outcome, std::uint32_t items, WallTime now);

}  // namespace posthaste::actors
