#include "tools/emulator/emulator.h"

#include "tools/emulator/listener.h"
#include "tools/emulator/server_tls.h"
#include "tools/emulator/session.h"

#include <boost/asio/signal_set.hpp>
#include <boost/json.hpp>

#include <csignal>
#include <cstdlib>
#include <utility>

namespace posthaste::tools {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using namespace std::chrono_literals;

constexpr std::string_view local_key = "00000000-0000-4000-8000-000000000001";
constexpr auto flush_interval = 100ms;

std::string connection_to(std::string_view scheme, std::uint16_t port) {
  const std::string endpoint = std::string(scheme) + "://127.0.0.1:" + std::to_string(port) + '/';
  return "InstrumentationKey=" + std::string(local_key) + ";IngestionEndpoint=" + endpoint;
}

Service::Settings service_settings(const EmulatorSettings& settings) {
  return {{settings.most_ids, settings.bare},
          settings.hosts,
          !settings.control_port.has_value(),
          settings.otlp_port.has_value()};
}

}  // namespace

std::string EmulatorAddress::connection_string() const {
  return connection_to("http", http);
}

std::string EmulatorAddress::https_connection_string() const {
  return https == 0 ? std::string() : connection_to("https", https);
}

std::string EmulatorAddress::to_json() const {
  boost::json::object line{{"http", http}, {"otlp", otlp}, {"control", control}};
  if (https != 0) {
    line["https"] = https;
    line["ca"] = ca_path;
  }
  line["connection_string"] = connection_string();
  if (https != 0) line["https_connection_string"] = https_connection_string();
  return boost::json::serialize(line);
}

// The io_context is destroyed first: sessions that still wait in it leave `world` behind.
struct Emulator::Parts {
  Parts(const EmulatorSettings& settings, const Clock& clock)
      : service(service_settings(settings), clock), world{service, {}, {}} {}

  Result<void> open(EmulatorSettings settings);
  Result<void> open_https(const EmulatorSettings& settings);
  void accept_plain(Socket socket, SessionPort port);
  void accept_tls(Socket socket);
  void flush_now_and_then();
  void follow_faults();
  void refuse(bool common, bool otlp);
  void end_sessions(SessionPort port);

  Service service;
  SessionWorld world;
  EmulatorAddress address;
  std::optional<ServerTls> tls;
  asio::io_context io{1};
  asio::signal_set signals{io};
  asio::steady_timer flush_timer{io};
  asio::steady_timer fault_timer{io};
  Listener http{io,
                [this](Socket socket) { accept_plain(std::move(socket), SessionPort::common); }};
  Listener otlp{io, [this](Socket socket) { accept_plain(std::move(socket), SessionPort::otlp); }};
  Listener https{io, [this](Socket socket) { accept_tls(std::move(socket)); }};
  Listener control{
      io, [this](Socket socket) { accept_plain(std::move(socket), SessionPort::control); }};
  bool refusing = false;
  bool otlp_refusing = false;
};

Result<void> Emulator::Parts::open(EmulatorSettings settings) {
  auto recording = service.intake().recorder().open(settings.record_path, settings.record_ids_path);
  if (!recording) return recording;
  if (auto opened = http.open(settings.port); !opened) return opened;
  address.http = address.otlp = address.control = http.port();
  if (settings.otlp_port) {
    if (auto opened = otlp.open(*settings.otlp_port); !opened) return opened;
    address.otlp = otlp.port();
  }
  if (settings.control_port) {
    if (auto opened = control.open(*settings.control_port); !opened) return opened;
    address.control = control.port();
  }
  if (settings.https_port) {
    if (auto opened = open_https(settings); !opened) return opened;
  }
  service.on_faults_changed([this] { follow_faults(); });
  return service.set_faults(std::move(settings.faults), true);
}

Result<void> Emulator::Parts::open_https(const EmulatorSettings& settings) {
  auto made = ServerTls::open(settings.certificate_directory, service.clock().wall());
  if (!made) return std::move(made).error();
  tls.emplace(std::move(*made));
  if (auto opened = https.open(*settings.https_port); !opened) return opened;
  address.https = https.port();
  address.ca_path = tls->ca_path();
  return {};
}

void Emulator::Parts::accept_plain(Socket socket, SessionPort port) {
  if (world.sessions.size() >= SessionWorld::most_sessions) return;  // closes it
  start_plain_session(std::move(socket), world, port);
}

void Emulator::Parts::accept_tls(Socket socket) {
  if (world.sessions.size() >= SessionWorld::most_sessions) return;
  const FaultEffect effect = service.faults().at_connection(service.clock().steady());
  if (effect.stall_handshake) return start_silent_session(std::move(socket), world);
  start_tls_session(std::move(socket), tls->context(effect.tls), world);
}

void Emulator::Parts::flush_now_and_then() {
  flush_timer.expires_after(flush_interval);
  flush_timer.async_wait([this](error_code error) {
    if (error) return;
    service.intake().recorder().flush();
    flush_now_and_then();
  });
}

// `refuse` is the one fault that acts without a request, so its times need a timer.
void Emulator::Parts::follow_faults() {
  const SteadyTime now = service.clock().steady();
  refuse(service.faults().refusing(now, IntakeKind::track),
         service.faults().refusing(now, IntakeKind::otlp));
  const std::optional<SteadyTime> change = service.faults().next_change(now);
  fault_timer.cancel();
  if (!change) return;
  fault_timer.expires_after(*change - now);
  fault_timer.async_wait([this](error_code error) {
    if (!error) follow_faults();
  });
}

void Emulator::Parts::refuse(bool common_now, bool otlp_now) {
  if (std::exchange(refusing, common_now) != common_now) {
    common_now ? http.pause() : http.resume();
    if (address.https != 0) common_now ? https.pause() : https.resume();
    if (common_now) end_sessions(SessionPort::common);
  }
  if (address.otlp == address.http) return;
  if (std::exchange(otlp_refusing, otlp_now) != otlp_now) {
    otlp_now ? otlp.pause() : otlp.resume();
    if (otlp_now) end_sessions(SessionPort::otlp);
  }
}

void Emulator::Parts::end_sessions(SessionPort port) {
  const std::vector<Session*> sessions(world.sessions.begin(), world.sessions.end());
  for (Session* session : sessions) {
    if (session->port() == port) session->close_when_idle();
  }
}

Emulator::Emulator(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Emulator::~Emulator() = default;

Result<std::unique_ptr<Emulator>> Emulator::start(EmulatorSettings settings, const Clock& clock) {
  auto parts = std::make_unique<Parts>(settings, clock);
  if (auto opened = parts->open(std::move(settings)); !opened) return std::move(opened).error();
  return std::unique_ptr<Emulator>(new Emulator(std::move(parts)));
}

const EmulatorAddress& Emulator::address() const noexcept {
  return parts_->address;
}

void Emulator::stop_on_signals() {
  parts_->signals.add(SIGINT);
  parts_->signals.add(SIGTERM);
  parts_->signals.async_wait([this](error_code error, int) {
    if (!error) parts_->io.stop();
  });
}

void Emulator::run() {
  parts_->flush_now_and_then();
  parts_->io.run();
  parts_->service.intake().recorder().flush();
}

void Emulator::stop() {
  parts_->io.stop();
}

std::string Emulator::summary() const {
  return parts_->service.summary();
}

std::uint64_t Emulator::failed_writes() const {
  return parts_->service.intake().recorder().failed_writes();
}

}  // namespace posthaste::tools
