#include "tests/faults/pipeline_host.h"

#include <fstream>

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

}  // namespace

void run_with_tokens(const HostOptions& options) {
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
  const HostEnd end = end_host(rig);
  write_report(options.at("--report"), rig->ledger(), end.seconds, end.complete,
               ",\"tokens\":" + std::to_string(tokens->number()));
}

}  // namespace posthaste::actors::testing_support
