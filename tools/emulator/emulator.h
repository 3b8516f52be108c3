#pragma once

/// The local ingestion service: ports, certificates, signals and timers around Service. The
/// command `posthaste emulator` runs one; tests start one in process.
///
///   listeners ──► sessions ──► Service ──► Intake
///   signals, timers ──► Recorder::flush, FaultPlan
///
/// Threads:  `run` serves on the calling thread until it is stopped; `stop` from any thread.
/// Network:  127.0.0.1 only.
/// Memory:   bounded (session.h, intake.h).

#include "tools/emulator/fault.h"

#include "runtime/base/clock.h"

#include <posthaste/result.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace posthaste::tools {

struct EmulatorSettings {
  std::uint16_t port = 0;                     // 0: any free one; so for all four
  std::optional<std::uint16_t> https_port;    // none: no HTTPS, no certificate
  std::optional<std::uint16_t> otlp_port;     // none: OTLP is on `port` alone
  std::optional<std::uint16_t> control_port;  // none: /control/ is on `port`
  std::string certificate_directory;          // required for HTTPS
  std::vector<std::string> hosts;             // allowed in Host beside the loopback names
  std::string record_path;                    // empty: no record
  std::string record_ids_path;
  std::size_t most_ids = 20'000'000;
  bool bare = false;
  std::vector<Fault> faults;
};

struct EmulatorAddress {
  std::uint16_t http = 0;
  std::uint16_t https = 0;    // 0: none
  std::uint16_t otlp = 0;     // == http when it has none of its own
  std::uint16_t control = 0;  // == http when it has none of its own
  std::string ca_path;

  std::string connection_string() const;
  std::string https_connection_string() const;
  /// The ready line.
  std::string to_json() const;
};

class Emulator {
public:
  /// Opens everything: when it answers, clients may connect (they are served once `run` runs).
  static Result<std::unique_ptr<Emulator>> start(EmulatorSettings settings, const Clock& clock);
  ~Emulator();

  const EmulatorAddress& address() const noexcept;
  /// SIGINT and SIGTERM end `run`.
  void stop_on_signals();
  void run();
  void stop();
  /// After `run`: what GET /control/summary would say, and lines that could not be written.
  std::string summary() const;
  std::uint64_t failed_writes() const;

private:
  struct Parts;
  explicit Emulator(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace posthaste::tools
