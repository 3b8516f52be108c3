// Two outputs under load, whose parts are killed by a drill. In one mode three phases of `--seconds`: undisturbed, with `--kills`
// deaths (every other one of two parts at once), undisturbed. When each part was killed is written to `--deaths`, in
// seconds of the monotonic clock, a line each.
//
// In the other mode the part of number `--part` is killed until it stays dead, and recording goes on for a while:
// nothing of it may be accepted, and the host must not notice.

#include "tests/faults/pipeline_host.h"
#include "tools/load/pace.h"

#include <algorithm>
#include <fstream>
#include <random>
#include <thread>

namespace posthaste::actors::testing_support {
namespace {

constexpr ActorName everybody[] = {ActorName::sampler, ActorName::batcher, ActorName::transmitter,
                                   ActorName::storekeeper, ActorName::supervisor};

/// Records at a rate on a thread of its own while it lives.
class Load {
public:
  Load(Rig& rig, double rate, const std::string& ids_path)
      : thread_([this, &rig, rate, ids_path] { run(rig, rate, ids_path); }) {}
  ~Load() {
    over_ = true;
    thread_.join();
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

private:
  void run(Rig& rig, double rate, const std::string& ids_path) {
    std::ofstream ids(ids_path);
    tools::Pace pace(rate, system_clock().steady());
    while (!over_) {
      std::uint64_t due = std::min<std::uint64_t>(pace.due(), 100);
      pace.did(due);
      for (std::uint64_t number = 1; due > 0 && number != 0; --due) {
        number = rig.try_record();
        if (number != 0) ids << ids_of(number);
      }
      pace.wait();
    }
  }

  std::atomic<bool> over_{false};
  std::thread thread_;
};

double monotonic_seconds() {
  return std::chrono::duration<double>(system_clock().steady().time_since_epoch()).count();
}

void wait(double for_seconds) {
  eventually([] { return false; }, milliseconds{static_cast<int>(for_seconds * 1000)});
}

void kill_parts(Rig& rig, std::uint32_t kills, double within, std::ofstream& deaths) {
  std::mt19937 random{50};
  for (std::uint32_t i = 0; i < kills; ++i) {
    for (std::uint32_t at_once = 1 + i % 2; at_once > 0; --at_once) {
      const ActorName part = everybody[random() % std::size(everybody)];
      const bool of_an_output = part == ActorName::batcher || part == ActorName::transmitter;
      deaths << std::to_string(monotonic_seconds()) << ' ' << static_cast<int>(part) << '\n';
      rig->kill(part, of_an_output ? random() % 2 : 0);
    }
    wait(within / kills);
  }
}

/// Until it stays dead, or `limit` and some are not enough: who has just died may not hear the next one.
void kill_for_good(Rig& rig, ActorName part, std::uint32_t limit) {
  const auto open = [&rig] { return (rig.ingress().flags() & Ingress::open) != 0; };
  for (std::uint32_t i = 0; open() && i < limit + 30; ++i) {
    const std::uint32_t restarts = rig->health().restarts;
    rig->kill(part);
    eventually([&] { return rig->health().restarts > restarts || !open(); }, seconds{1});
  }
  eventually([&] { return !open(); }, seconds{30});
}

RigOptions options_of(const HostOptions& options) {
  RigOptions wanted;
  wanted.settings.batch.delay = milliseconds{10};
  wanted.ca_file = options.at("--ca-file");
  wanted.store_directory = options.at("--store");
  wanted.recorder_directory = options.at("--arena-dir");
  return wanted;
}

void end(Rig& rig, const HostOptions& options, const std::string& more) {
  const std::uint32_t restarts = rig->health().restarts;
  const HostEnd ended = end_host(rig);
  write_report(options.at("--report"), rig->ledger(), ended.seconds, ended.complete,
               more + ",\"restarts\":" + std::to_string(restarts));
}

const char* yes_or_no(bool holds) {
  return holds ? "true" : "false";
}

}  // namespace

void run_with_deaths(const HostOptions& options) {
  RigOptions wanted = options_of(options);
  wanted.restarts = {.most = 100'000, .within = seconds{60}};
  Rig rig({options.at("--connection-string"), options.at("--second")}, std::move(wanted));
  std::ofstream deaths(options.at("--deaths"));
  {
    const Load load(rig, std::stod(options.at("--rate")), options.at("--ids"));
    const double phase = std::stod(options.at("--seconds"));
    wait(phase);
    kill_parts(rig, static_cast<std::uint32_t>(std::stoul(options.at("--kills"))), phase, deaths);
    wait(phase);
  }
  rig.flush(seconds{30});
  end(rig, options, {});
}

void run_past_the_limit(const HostOptions& options) {
  Rig rig({options.at("--connection-string"), options.at("--second")}, options_of(options));
  bool closed = false;
  std::uint64_t accepted_after = 0;
  {
    const Load load(rig, std::stod(options.at("--rate")), options.at("--ids"));
    wait(std::stod(options.at("--seconds")));
    kill_for_good(rig, everybody[std::stoul(options.at("--part"))], RestartRule{}.most);
    closed = (rig.ingress().flags() & Ingress::open) == 0;
    // The host goes on. Its recording calls look at the ingress; this load writes into the lanes behind it, which
    // the pipeline closes a moment later.
    eventually(
        [&] {
          return static_cast<std::uint32_t>(rig.arena().lane(0).current.load()) ==
                 arena::closed_lane;
        },
        seconds{30});
    const std::uint64_t before = rig.recorded();
    wait(0.3);
    accepted_after = rig.recorded() - before;
  }
  eventually([&] { return rig.said(DiagnosticCode::restart_limit); }, seconds{30});
  eventually(
      [&] {
        const Ledger ledger = rig->ledger();
        return std::ranges::all_of(ledger.outputs,
                                   [](const OutputLedger& output) { return output.resident == 0; });
      },
      seconds{20});
  end(rig, options,
      std::string(",\"closed\":") + yes_or_no(closed) +
          ",\"accepted_after\":" + std::to_string(accepted_after) +
          ",\"limit_said\":" + yes_or_no(rig.said(DiagnosticCode::restart_limit)));
}

}  // namespace posthaste::actors::testing_support
