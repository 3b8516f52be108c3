#pragma once

/// What the hosts of pipeline_host share: the pipeline of the product, with what no public setting can do.

#include "tests/actors/pipeline_fixture.h"

#include <map>
#include <string>

namespace posthaste::actors::testing_support {

using HostOptions = std::map<std::string, std::string>;

/// "<trace id> <span id>\n", as Rig makes them of the record's number: the same bytes begin both ids.
std::string ids_of(std::uint64_t number);

/// In the form of `posthaste load`; `more` is put among the rest, as JSON that begins with a comma.
void write_report(const std::string& path, const Ledger& ledger, double shutdown_seconds,
                  bool complete, const std::string& more);

/// Ends in order, and how long that took.
struct HostEnd {
  bool complete = false;
  double seconds = 0;
};
HostEnd end_host(Rig& rig);

/// With a credential whose next token comes after each refusal: "<canary>-1", "-2" ...
void run_with_tokens(const HostOptions& options);

/// With two outputs and parts that are killed under load; see parts_host.cpp.
void run_with_deaths(const HostOptions& options);
void run_past_the_limit(const HostOptions& options);

}  // namespace posthaste::actors::testing_support
