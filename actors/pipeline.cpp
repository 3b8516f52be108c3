#include "actors/pipeline.h"

#include "actors/account.h"
#include "actors/actor_house.h"
#include "actors/console_sink.h"
#include "actors/durable.h"
#include "actors/orphan_arena.h"
#include "runtime/arena/scopes.h"
#include "runtime/base/kept.h"
#include "runtime/http/client.h"
#include "runtime/http/io_thread.h"
#include "runtime/wire/otlp_reply.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace posthaste::actors {
namespace {

constexpr std::chrono::milliseconds patience{200};
constexpr std::chrono::milliseconds longest_request{120'000};

constexpr Bytes otlp_answer_limit{wire::otlp_reply_limit};

http::ClientOptions client_options(const config::FinalOutput& output, const Durable& durable) {
  http::ClientOptions options;
  options.ca_file = output.ca_file;
  options.proxy.https_proxy = std::string(output.https_proxy.reveal());
  options.proxy.no_proxy = output.no_proxy;
  options.clock = durable.clock;
  if (output.kind == config::OutputKind::otlp) {
    options.client_certificate_file = output.otlp.client_certificate_file;
    options.client_key_file = output.otlp.client_key_file;
    options.user_agent = output.otlp.user_agent;
    options.limits.body = otlp_answer_limit;
  }
  return options;
}

std::vector<http::Header> headers_of(const config::OtlpDestination& destination) {
  std::vector<http::Header> headers;
  for (const auto& [name, value] : destination.headers) {
    headers.push_back({name, std::string(value.reveal())});
  }
  return headers;
}

http::Phases phases_of(const config::FinalOutput& output, const Durable& durable) {
  http::Phases phases;
  const bool otlp = output.kind == config::OutputKind::otlp;
  phases.total = std::clamp(otlp ? output.otlp.timeout : durable.settings->batch().export_timeout,
                            std::chrono::milliseconds{otlp ? 1 : 1'000}, longest_request);
  phases.first_byte = std::min(phases.first_byte, phases.total);
  return phases;
}

Result<std::unique_ptr<Endpoint>> make_endpoint(const config::FinalOutput& output,
                                                const Durable& durable, Custody& custody,
                                                http::IoThread& io,
                                                std::shared_ptr<Credential> credential) {
  const bool otlp = output.kind == config::OutputKind::otlp;
  auto url = http::Url::parse(otlp ? output.otlp.url : output.track_url, output.name);
  if (!url) return std::move(url).error();
  auto client = http::Client::create(io, client_options(output, durable));
  if (!client && otlp) {
    const Error why = std::move(client).error().with_context(output.name);
    durable.diagnostics->report(Severity::error, DiagnosticCode::setting_refused,
                                why.message() + "; until then its telemetry is stored");
    return std::unique_ptr<Endpoint>(
        std::make_unique<UnusableEndpoint>(why, custody.answers, *durable.clock));
  }
  if (!client) return std::move(client).error().with_context(output.name);
  for (const std::string& warning : (*client)->warnings()) {
    durable.diagnostics->report(Severity::warn, DiagnosticCode::environment_ignored, warning);
  }
  const http::Phases phases = phases_of(output, durable);
  if (otlp) {
    return std::unique_ptr<Endpoint>(
        std::make_unique<OtlpEndpoint>(std::move(*client), std::move(*url), phases,
                                       headers_of(output.otlp), custody.answers, *durable.clock));
  }
  return std::unique_ptr<Endpoint>(
      std::make_unique<PostEndpoint>(std::move(*client), std::move(*url), phases, custody.answers,
                                     *durable.clock, std::move(credential)));
}

std::shared_ptr<Durable> make_durable(PipelineParts& parts) {
  auto durable = std::make_shared<Durable>();
  durable->settings = parts.settings;
  durable->arena = parts.arena;
  durable->region = parts.region;
  durable->bell = parts.bell;
  durable->ingress = parts.ingress;
  durable->diagnostics = parts.diagnostics;
  durable->steered_rate = parts.steered_rate;
  durable->callback_failures = parts.callback_failures;
  durable->clock = parts.clock;
  durable->seed = parts.seed;
  durable->ground = std::move(parts.ground);
  durable->metrics = std::move(parts.metrics);
  durable->request_counters = parts.request_counters;
  durable->orphan_directories = std::move(parts.orphan_directories);
  const config::FinalSampling& sampling = parts.settings->sampling();
  if (sampling.kind == config::SamplerKind::rate_limited && parts.steered_rate != nullptr) {
    // As after a second of quiet: the first trace of a process is one to keep.
    durable->rate_limiter.emplace(sampling.traces_per_second,
                                  parts.clock->steady() - std::chrono::seconds{1});
  }
  const bool stores = parts.settings->store().enabled;
  durable->desk.state.store(stores ? StoreState::opening : StoreState::none);
  return durable;
}

/// For Application Insights alone.
void make_standard(Durable& durable) {
  std::uint16_t outputs = 0;
  for (std::size_t i = 0; i < durable.outputs.size(); ++i) {
    const bool takes = durable.settings->outputs()[i].kind == config::OutputKind::azure_monitor;
    if (takes) outputs = static_cast<std::uint16_t>(outputs | 1u << i);
  }
  const auto scope = arena::ScopeTable(durable.arena).intern({wire::standard_meter, {}, {}});
  durable.standard = std::make_unique<StandardMetrics>(*durable.metrics, scope, outputs);
}

/// What an adopter of this arena goes by.
void sign(const Durable& durable) {
  arena::ArenaHeader& header = durable.arena.header();
  const std::string& directory = durable.settings->store().directory;
  const std::size_t size = std::min(directory.size(), header.store_directory.size() - 1);
  std::memcpy(header.store_directory.data(), directory.data(), size);
  for (const auto& output : durable.outputs) output->head().id = output->queue.value;
}

}  // namespace

/// In this order: what a thread may touch goes after the thread.
struct Pipeline::Works {
  std::shared_ptr<Durable> durable;
  std::unique_ptr<http::IoThread> io;
  std::unique_ptr<ActorHouse> house;
  http::WatchId bell{};
  std::unique_ptr<http::Client> vm_metadata;  // null where it is not asked for
};

Result<std::unique_ptr<Pipeline>> Pipeline::start(PipelineParts parts) {
  auto works = std::make_unique<Works>();
  works->durable = make_durable(parts);
  Durable& durable = *works->durable;
  auto io = http::IoThread::start();
  if (!io) return std::move(io).error();
  works->io = std::move(*io);

  const std::vector<config::FinalOutput>& outputs = parts.settings->outputs();
  parts.sinks.resize(outputs.size());
  parts.credentials.resize(outputs.size());
  for (std::uint32_t i = 0; i < outputs.size(); ++i) {
    durable.outputs.push_back(std::make_unique<Custody>(durable.arena, i, outputs[i]));
    durable.endpoints.emplace_back();
    durable.sinks.push_back(sink_of(outputs[i], std::move(parts.sinks[i]), durable.arena));
    if (!durable.outputs[i]->remote) continue;
    auto endpoint = make_endpoint(outputs[i], durable, *durable.outputs[i], *works->io,
                                  std::move(parts.credentials[i]));
    if (!endpoint) return std::move(endpoint).error();
    durable.endpoints[i] = std::move(*endpoint);
  }
  sign(durable);
  if (durable.metrics != nullptr && durable.settings->metrics().standard_metrics)
    make_standard(durable);
  if (durable.metrics != nullptr) {
    durable.callbacks = std::make_unique<CallbackRunner>(
        durable.metrics,
        [&durable](std::uint32_t meter) { durable.kicks->kick(Role::aggregator, meter); });
  }

  if (durable.metrics != nullptr && parts.settings->metrics().self_metrics) {
    const std::uint16_t scope = arena::ScopeTable(durable.arena).intern({self_meter_name, {}, {}});
    durable.self_metrics = std::make_unique<SelfMetrics>(durable, scope);
  }

  auto house = ActorHouse::open(works->durable, parts.restart_rule);
  if (!house) return std::move(house).error();
  works->house = std::move(*house);
  if (durable.bell->descriptor() >= 0) {
    auto watch = works->io->watch(
        durable.bell->descriptor(),
        [kept = works->durable, on_bell = std::move(parts.on_bell)](std::uint64_t) {
          if (kept->mode.load(std::memory_order_acquire) != Mode::ended) {
            kept->kicks->kick(Role::sampler, 0);
          }
          if (on_bell) on_bell();
        });
    if (!watch) return std::move(watch).error();
    works->bell = *watch;
  }
  if (parts.settings->resource().asks_azure_vm) {
    works->vm_metadata = ask_vm_metadata(*works->io, works->durable, parts.vm_metadata_url);
  }
  std::unique_ptr<Pipeline> started(new Pipeline(std::move(works)));
  durable.ground.reset();
  return started;
}

Pipeline::Pipeline(std::unique_ptr<Works> works) : works_(std::move(works)) {}

Pipeline::~Pipeline() {
  end(patience);
}

void Pipeline::flush(SteadyTime deadline, FlushDone done) {
  Durable& durable = *works_->durable;
  if (durable.mode.load(std::memory_order_acquire) == Mode::ended ||
      durable.unsupervised.load(std::memory_order_acquire)) {
    done(false);
    return;
  }
  durable.flushes.add(deadline, std::move(done));
  durable.kick_aggregators();
  durable.kicks->kick(Role::sampler, 0);
  durable.kicks->kick(Role::supervisor, 0);
}

void Pipeline::stop(SteadyTime deadline, FlushDone done) {
  works_->durable->endings.ask(deadline, std::move(done));
  works_->durable->kicks->kick(Role::supervisor, 0);
}

void Pipeline::watch_meters() {
  works_->durable->kicks->kick(Role::supervisor, 0);
}

Ledger Pipeline::ledger() const {
  return ledger_of(*works_->durable);
}

PipelineHealth Pipeline::health() const {
  const Durable& durable = *works_->durable;
  return {.restarts = durable.restarts.load(std::memory_order_relaxed),
          .arena_bytes = std::uint64_t{durable.arena.geometry().segments} * arena::segment_size,
          .arena_free_bytes = free_bytes_of(durable),
          .metrics = metric_health_of(durable),
          .outputs = health_of(durable)};
}

bool Pipeline::end(std::chrono::milliseconds within) {
  if (!works_) return true;
  const SteadyTime until = system_clock().steady() + within;
  const auto left = [until] {
    return std::max(until - system_clock().steady(), SteadyTime::duration::zero());
  };
  // The callbacks' thread kicks actors: it must not find them gone.
  Durable& durable = *works_->durable;
  if (durable.metrics != nullptr) durable.metrics->close();
  if (durable.callbacks != nullptr) durable.callbacks->end(std::chrono::milliseconds{0});
  // The actors first: their last requests are answered by the io thread.
  const bool actors_gone =
      works_->house->end(std::chrono::duration_cast<std::chrono::milliseconds>(left()));
  const bool io_gone = works_->io->stop(left());
  // A thread that a callback hangs in holds nothing of this pipeline but the metrics.
  if (durable.callbacks != nullptr) {
    durable.callbacks->end(
        std::min(patience, std::chrono::duration_cast<std::chrono::milliseconds>(left())));
  }
  // Whoever still waits is told; so is every caller exactly once.
  for (FlushBoard::Ended& flush :
       works_->durable->flushes.due(SteadyTime::max(), [](std::uint64_t) { return false; })) {
    flush.done(false);
  }
  for (const EndingBoard::Done& done : works_->durable->endings.finish(false)) done(false);
  if (actors_gone) {
    for (const auto& orphan : works_->durable->orphans)
      orphan->leave();  // not empty: for the next start
    works_->durable->orphans.clear();
  }
  if (!actors_gone || !io_gone) {
    keep_for_ever(works_->durable);
  }
  works_.reset();
  return actors_gone && io_gone;
}

void Pipeline::kill(ActorName part, std::uint32_t output) {
  const auto role = [part] {
    switch (part) {
      case ActorName::supervisor: return Role::supervisor;
      case ActorName::sampler: return Role::sampler;
      case ActorName::storekeeper: return Role::storekeeper;
      case ActorName::batcher: return Role::batcher;
      case ActorName::transmitter: return Role::transmitter;
      case ActorName::aggregator: return Role::aggregator;
      case ActorName::local_output: break;
    }
    return Role::local_output;
  };
  works_->house->kill(role(), output);
}

}  // namespace posthaste::actors
