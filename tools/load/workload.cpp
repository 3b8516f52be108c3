#include "tools/load/workload.h"

#include <array>
#include <utility>

namespace posthaste::tools {
namespace {

constexpr std::array<std::pair<std::string_view, Profile>, 5> profiles{{
    {"flat", Profile::flat},
    {"request", Profile::request},
    {"log", Profile::log},
    {"mixed", Profile::mixed},
    {"metric", Profile::metric},
}};

constexpr std::uint64_t failing_turn = 50;

/// The kinds of value that applications set, in turn.
AttributeValue value_of(std::uint32_t number) {
  switch (number % 4) {
    case 0: return "a value of usual length";
    case 1: return static_cast<std::int64_t>(number) * 1000;
    case 2: return 0.5 * number;
    default: return number % 8 == 3;
  }
}

}  // namespace

std::optional<Profile> profile_of(std::string_view name) noexcept {
  for (const auto& [known, profile] : profiles) {
    if (known == name) return profile;
  }
  return std::nullopt;
}

std::uint32_t records_in(Profile profile) noexcept {
  switch (profile) {
    case Profile::flat:
    case Profile::metric:
    case Profile::log: return 1;
    case Profile::request: return 3;
    case Profile::mixed: return 4;
  }
  return 1;
}

Workload::Workload(const Telemetry& telemetry, Profile profile, std::uint32_t attributes,
                   IdFile* ids)
    : tracer_(telemetry.tracer("posthaste.load")),
      logger_(telemetry.logger("posthaste.load")),
      measurements_(telemetry.meter("posthaste.load").counter("load.measurements")),
      sizes_(telemetry.meter("posthaste.load").histogram("load.sizes").bind({})),
      profile_(profile),
      ids_(ids) {
  for (std::uint32_t i = 0; i < attributes; ++i) {
    keys_.push_back("load.attribute." + std::to_string(i));
  }
  for (std::uint32_t i = 0; i < attributes; ++i) attributes_.push_back({keys_[i], value_of(i)});
}

void Workload::turn() {
  ++turns_;
  switch (profile_) {
    case Profile::flat: return flat();
    case Profile::request: return request(false);
    case Profile::log: return log();
    case Profile::mixed: return request(true);
    case Profile::metric: return measure();
  }
}

void Workload::end(Span& span, std::uint64_t began) {
  const bool kept = ids_.enabled() && span.is_recording();  // else it is refused, and counted
  span.end();
  latency_.record(ticks() - began);
  if (kept) ids_.write(span.context());
  ++records_;
}

void Workload::flat() {
  const Context root;
  const std::uint64_t began = ticks();
  Span span = tracer_.start_span("load flat", {.kind = SpanKind::server, .parent = &root});
  span.set_attributes(std::span<const Attribute>(attributes_));
  end(span, began);
}

void Workload::request(bool with_log) {
  const Context root;
  Span span = tracer_.start_span("GET /items/:id", {.kind = SpanKind::server, .parent = &root});
  {
    const Scope scope(span);
    child("GET", {{"http.request.method", "GET"},
                  {"url.full", "https://stock.example/items/7"},
                  {"http.response.status_code", 200}});
    child("SELECT shop.items", {{"db.system.name", "postgresql"},
                                {"db.namespace", "shop"},
                                {"db.query.text", "SELECT name, price FROM items WHERE id = $1"},
                                {"server.address", "db1"}});
    if (with_log) log();
  }
  const bool fails = turns_ % failing_turn == 0;
  const std::uint64_t began = ticks();
  span.set_attributes({{"http.request.method", "GET"},
                       {"http.route", "/items/:id"},
                       {"url.path", "/items/7"},
                       {"http.response.status_code", fails ? 500 : 200}});
  span.set_attributes(std::span<const Attribute>(attributes_));
  if (fails) span.record_exception(failure_);
  end(span, began);
}

void Workload::child(std::string_view name, Attributes own) {
  const std::uint64_t began = ticks();
  Span span = tracer_.start_span(name, {.kind = SpanKind::client});
  span.set_attributes(own);
  span.set_attributes(std::span<const Attribute>(attributes_));
  end(span, began);
}

void Workload::measure() {
  const std::uint64_t began = ticks();
  measurements_.add(1, {{"http.route", "/items/:id"},
                        {"http.request.method", "GET"},
                        {"load.set", static_cast<std::int64_t>(turns_ % 100)}});
  sizes_.record(static_cast<double>(turns_ % 1000));
  latency_.record(ticks() - began);
  ++records_;
}

void Workload::log() {
  const std::uint64_t began = ticks();
  logger_.emit(Severity::info, "an item was looked at", std::span<const Attribute>(attributes_));
  latency_.record(ticks() - began);
  ++records_;
}

}  // namespace posthaste::tools
