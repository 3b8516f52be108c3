#include "actors/vm_metadata.h"

#include "runtime/model/resource.h"
#include "runtime/wire/vm_metadata.h"

#include <new>
#include <string_view>
#include <utility>

namespace posthaste::actors {
namespace {

constexpr std::chrono::milliseconds deadline{5'000};

/// What the answer comes to, for people.
struct Finding {
  Severity severity;
  std::string text;
};

Finding failed(std::string why) {
  return {Severity::warn, "the resource detector azure_vm found nothing: " + std::move(why)};
}

Finding amend(const arena::Arena& arena, const http::Response& response) {
  if (response.status != 200) {
    return failed("the metadata service answered " + std::to_string(response.status));
  }
  const auto found = wire::parse_vm_metadata(response.body);
  if (!found) return failed("what answered is not the metadata service of a virtual machine");
  auto resource = model::Resource::parse(arena.resource());
  if (!resource) return failed(resource.error().message());
  const auto whole = wire::amended(std::move(*resource), *found);
  if (!whole || !arena.set_resource(whole->bytes())) {
    return failed("there is no room for more resource attributes; set fewer");
  }
  return {Severity::info, "the resource detector azure_vm has amended the resource"};
}

bool ended_by_us(const http::Outcome& outcome) noexcept {
  if (outcome.response) return false;
  const ErrorCode code = outcome.response.error().code();
  return code == ErrorCode::request_cancelled || code == ErrorCode::stopped;
}

/// On the io thread.
void on_answer(const Durable& durable, const http::Outcome& outcome) {
  if (ended_by_us(outcome)) return;
  const Finding finding = outcome.response ? amend(durable.arena, *outcome.response)
                                           : failed(outcome.response.error().message());
  durable.diagnostics->report(finding.severity, DiagnosticCode::vm_metadata, finding.text);
}

Result<std::unique_ptr<http::Client>> begin(http::IoThread& io,
                                            std::shared_ptr<const Durable> durable,
                                            const std::string& text) {
  auto url = http::Url::parse(text, "the metadata service's URL");
  if (!url) return std::move(url).error();
  http::ClientOptions options;
  options.tls = false;
  options.limits.body = Bytes{wire::vm_metadata_limit};
  options.redirect_limit = 0;
  options.clock = durable->clock;
  auto client = http::Client::create(io, std::move(options));
  if (!client) return client;
  http::Request request{
      .url = std::move(*url), .method = http::Method::get, .headers = {{"Metadata", "true"}}};
  request.phases.total = deadline;
  (*client)->post(std::move(request), [durable = std::move(durable)](const http::Outcome& outcome) {
    try {
      on_answer(*durable, outcome);
    } catch (const std::bad_alloc&) {
      durable->diagnostics->report(Severity::warn, DiagnosticCode::vm_metadata,
                                   "the resource detector azure_vm found nothing: no memory");
    }
  });
  return client;
}

}  // namespace

std::unique_ptr<http::Client> ask_vm_metadata(http::IoThread& io,
                                              std::shared_ptr<const Durable> durable,
                                              const std::string& url) {
  DiagnosticsSink& diagnostics = *durable->diagnostics;
  auto client = begin(io, std::move(durable), url);
  if (client) return std::move(*client);
  const Finding finding = failed(client.error().message());
  diagnostics.report(finding.severity, DiagnosticCode::vm_metadata, finding.text);
  return nullptr;
}

}  // namespace posthaste::actors
