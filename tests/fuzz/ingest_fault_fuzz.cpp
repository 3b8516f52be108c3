// The emulator's faults: no text crashes their reader; what it accepts goes into a plan whose
// report is JSON, and puts nothing into a header that could end its line.

#include <boost/json.hpp>

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tools/emulator/fault_plan.h"

namespace {

void need(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace posthaste::tools;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto faults = read_faults(text);
  if (!faults) return 0;
  need(!faults->empty() && faults->size() <= FaultPlan::most_faults);
  FaultPlan plan;
  posthaste::SteadyTime now{};
  for (Fault& fault : *faults) plan.add(std::move(fault), now);
  for (int i = 0; i < 10; ++i, now += std::chrono::seconds{1}) {
    const FaultEffect effect = plan.at_request(now, IntakeKind::track);
    need(effect.retry_after.find_first_of("\r\n") == std::string::npos);
    need(effect.redirect.find_first_of("\r\n") == std::string::npos);
    plan.at_connection(now);
    if (const auto change = plan.next_change(now)) need(*change > now);
  }
  boost::json::error_code error;
  const std::string report = plan.to_json(now);
  boost::json::parse(report, error);
  // A spec that is not UTF-8 is shown as it came.
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return 0;
  }
  need(!error);
  return 0;
}
