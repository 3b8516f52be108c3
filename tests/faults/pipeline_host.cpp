// A host for the rows that need more than the public face: the pipeline of the product, with a credential of the
// row's own (there is no public setting for one yet), or with parts that a drill kills.
//
//   pipeline_host tokens|deaths|limit --connection-string S --ca-file F --store DIR --ids F --report F ...
//
// Options that `posthaste load` has beside these are taken and ignored; the report has its form.

#include "tests/faults/pipeline_host.h"

#include <cstdio>
#include <fstream>

namespace posthaste::actors::testing_support {
namespace {

HostOptions read_options(int count, char** arguments) {
  HostOptions options{{"--spans", "1000"}, {"--rate", "5000"}, {"--linger", "10"}};
  for (int i = 2; i + 1 < count; i += 2) options[arguments[i]] = arguments[i + 1];
  return options;
}

std::string number(const char* name, std::uint64_t value) {
  return std::string(",\"") + name + "\":" + std::to_string(value);
}

std::string sums_of(const OutputLedger& output) {
  std::string dropped;
  for (std::size_t i = 0; i < Counts<DropReason>::size(); ++i) {
    const auto reason = static_cast<DropReason>(i);
    if (output.dropped[reason] == 0) continue;
    dropped += (dropped.empty() ? "\"" : ",\"") + std::string(to_string(reason)) +
               "\":" + std::to_string(output.dropped[reason]);
  }
  return "\"dropped\":{" + dropped + "}" + number("recovered", output.recovered) +
         number("delivered", output.delivered) + number("replayed", output.replayed) +
         number("stored", output.in_store) + number("resident", output.resident) +
         number("for_others", output.for_others) + number("ambiguous", output.ambiguous);
}

}  // namespace

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
                  bool complete, const std::string& more) {
  std::string outputs;
  for (const OutputLedger& output : ledger.outputs) {
    outputs += (outputs.empty() ? "{\"name\":\"" : ",{\"name\":\"") + output.name + "\"," +
               sums_of(output) + "}";
  }
  std::ofstream(path) << "{" << sums_of(ledger.outputs.at(0)) << number("recorded", ledger.accepted)
                      << number("offered", ledger.offered()) << number("accepted", ledger.accepted)
                      << more << ",\"refused\":{},\"complete\":" << (complete ? "true" : "false")
                      << ",\"shutdown_seconds\":" << shutdown_seconds << ",\"outputs\":[" << outputs
                      << "]}\n";
}

HostEnd end_host(Rig& rig) {
  const SteadyTime stopping = system_clock().steady();
  const bool complete = rig.stop();
  const std::chrono::duration<double> took = system_clock().steady() - stopping;
  for (const OutputLedger& output : rig->ledger().outputs) {
    std::fprintf(stderr, "last error: %s\n", output.last_error.c_str());
  }
  return {complete, took.count()};
}

}  // namespace posthaste::actors::testing_support

int main(int count, char** arguments) {
  using namespace posthaste::actors::testing_support;
  try {
    const std::string mode = count > 1 ? arguments[1] : "";
    const HostOptions options = read_options(count, arguments);
    if (mode == "tokens") {
      run_with_tokens(options);
    } else if (mode == "deaths") {
      run_with_deaths(options);
    } else if (mode == "limit") {
      run_past_the_limit(options);
    } else {
      std::fprintf(stderr, "pipeline_host: no such thing: %s\n", mode.c_str());
      return 2;
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "pipeline_host: %s\n", error.what());
    return 2;
  }
  return 0;
}
