// A host for the rows with tokens: the pipeline of the product with a credential of the row's own, since there is
// no public setting for one yet. Its tokens are "<canary>-1", "-2" ...: the next one after each refusal.
//
//   token_host --spans N --rate N --linger S --connection-string S --ca-file F --store DIR --ids F --report F
//
// Options that `posthaste load` has beside these are taken and ignored; the report has its form.

#include "tests/actors/pipeline_fixture.h"

#include <cstdio>
#include <fstream>
#include <map>
#include <string>

namespace posthaste::actors::testing_support {
namespace {

class CountedTokens final : public Credential {
public:
  explicit CountedTokens(std::string canary) : canary_(std::move(canary)) {}

  Result<Secret> token() override {
    const std::lock_guard lock(mutex_);
    return name(number_);
  }
  void refused(const Secret& token) override {
    const std::lock_guard lock(mutex_);
    if (token == name(number_)) ++number_;
  }
  unsigned number() {
    const std::lock_guard lock(mutex_);
    return number_;
  }

private:
  Secret name(unsigned number) const { return Secret(canary_ + "-" + std::to_string(number)); }

  const std::string canary_;
  std::mutex mutex_;
  unsigned number_ = 1;
};

using Options = std::map<std::string, std::string>;

Options read_options(int count, char** arguments) {
  Options options{{"--spans", "1000"}, {"--rate", "5000"}, {"--linger", "10"}};
  for (int i = 1; i + 1 < count; i += 2) options[arguments[i]] = arguments[i + 1];
  return options;
}

/// As Rig makes them of the record's number: the same bytes begin both ids.
std::string ids_of(std::uint64_t number) {
  char hex[17];
  std::string bytes;
  for (int i = 0; i < 8; ++i) {
    std::snprintf(hex, sizeof hex, "%02x", static_cast<unsigned>(number >> 8 * i & 0xff));
    bytes += hex;
  }
  return bytes + std::string(16, '0') + ' ' + bytes + '\n';
}

void write_report(const std::string& path, const Ledger& ledger, double shutdown_seconds,
                  bool complete, unsigned token) {
  const OutputLedger& output = ledger.outputs.at(0);
  std::string dropped;
  for (std::size_t i = 0; i < Counts<DropReason>::size(); ++i) {
    const auto reason = static_cast<DropReason>(i);
    if (output.dropped[reason] == 0) continue;
    dropped += (dropped.empty() ? "\"" : ",\"") + std::string(to_string(reason)) +
               "\":" + std::to_string(output.dropped[reason]);
  }
  const auto number = [](const char* name, std::uint64_t value) {
    return std::string(",\"") + name + "\":" + std::to_string(value);
  };
  const std::string sums =
      "\"dropped\":{" + dropped + "}" + number("recovered", output.recovered) +
      number("delivered", output.delivered) + number("replayed", output.replayed) +
      number("stored", output.in_store) + number("resident", output.resident) +
      number("for_others", output.for_others) + number("ambiguous", output.ambiguous);
  std::ofstream(path) << "{" << sums << number("recorded", ledger.accepted)
                      << number("offered", ledger.offered()) << number("accepted", ledger.accepted)
                      << number("tokens", token)
                      << ",\"refused\":{},\"complete\":" << (complete ? "true" : "false")
                      << ",\"shutdown_seconds\":" << shutdown_seconds
                      << ",\"outputs\":[{\"name\":\"" << output.name << "\"," << sums << "}]}\n";
}

int run(const Options& options) {
  RigOptions wanted;
  wanted.settings.batch.delay = milliseconds{200};
  wanted.ca_file = options.at("--ca-file");
  wanted.store_directory = options.at("--store");
  wanted.recorder_directory = options.at("--arena-dir");
  const auto tokens = std::make_shared<CountedTokens>("canary-of-a-token");
  wanted.credential = tokens;
  Rig rig({options.at("--connection-string")}, std::move(wanted));
  std::ofstream ids(options.at("--ids"));
  const std::uint64_t spans = std::stoull(options.at("--spans"));
  const std::uint64_t in_a_tick =
      std::max<std::uint64_t>(1, std::stoull(options.at("--rate")) / 100);
  while (rig.recorded() < spans) {
    const std::uint64_t due = std::min(in_a_tick, spans - rig.recorded());
    for (std::uint64_t i = 1; i <= due; ++i) ids << ids_of(rig.recorded() + i);
    rig.record(static_cast<std::uint32_t>(due));
    eventually([] { return false; }, milliseconds{10});  // the rate
  }
  eventually([&] { return rig->ledger().outputs.at(0).delivered == spans; },
             milliseconds{1000 * std::stoll(options.at("--linger"))});
  const SteadyTime stopping = system_clock().steady();
  const bool complete = rig.stop();
  const std::chrono::duration<double> took = system_clock().steady() - stopping;
  std::fprintf(stderr, "last error: %s\n", rig->ledger().outputs.at(0).last_error.c_str());
  write_report(options.at("--report"), rig->ledger(), took.count(), complete, tokens->number());
  return 0;
}

}  // namespace
}  // namespace posthaste::actors::testing_support

int main(int count, char** arguments) {
  try {
    return posthaste::actors::testing_support::run(
        posthaste::actors::testing_support::read_options(count, arguments));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "token_host: %s\n", error.what());
    return 2;
  }
}
