#include "tools/emulator/service.h"

#include <algorithm>

namespace posthaste::tools {
namespace {

Reply not_allowed(std::string_view methods) {
  Reply reply = error_reply(405, "this path takes " + std::string(methods));
  reply.headers = "Allow: " + std::string(methods) + "\r\n";
  return reply;
}

std::string_view without_port(std::string_view host) noexcept {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

bool same_name(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace

bool Service::is_own_host(std::string_view host) const {
  constexpr std::string_view own[]{"localhost", "127.0.0.1", "[::1]"};
  const std::string_view name = without_port(host);
  const auto matches = [name](std::string_view allowed) { return same_name(name, allowed); };
  return std::ranges::any_of(own, matches) || std::ranges::any_of(settings_.hosts, matches);
}

Result<void> Service::check(const Fault& fault) const {
  if (!fault.effect.refuse) return {};
  const auto wrong = [&fault](std::string_view what) {
    return Error(ErrorCode::invalid_argument, "fault \"" + fault.spec + "\" " + std::string(what));
  };
  if (fault.scope.only && !settings_.own_otlp_port) {
    return wrong("needs a port of OTLP's own: start the emulator with --otlp-port");
  }
  const bool closes_control = settings_.refuse_needs_end && fault.scope.only != IntakeKind::otlp;
  if (closes_control && !fault.scope.length) {
    return wrong(
        "would close the only port; give it an end (for=6s) or start the emulator with "
        "--control-port");
  }
  return {};
}

Result<void> Service::set_faults(std::vector<Fault> faults, bool replace) {
  for (const Fault& fault : faults) {
    if (auto checked = check(fault); !checked) return checked;
  }
  if (faults.size() + (replace ? 0 : faults_.size()) > FaultPlan::most_faults) {
    return Error(ErrorCode::invalid_argument, "too many faults; end some first");
  }
  if (replace) faults_.clear();
  for (Fault& fault : faults) faults_.add(std::move(fault), clock_.steady());
  faults_changed_();
  return {};
}

Reply Service::answer(const RequestHead& head, std::string_view body, const FaultEffect& effect) {
  if (!is_own_host(head.host)) {
    return error_reply(403, "Host must be a name of this machine, or one given with --host");
  }
  if (!head.origin.empty()) return error_reply(403, "web pages may not use this port");
  if (const auto signal = otlp_signal_of(head.path)) {
    if (head.method != "POST") return otlp_wrong_method();
    return otlp_.take({*signal, head.content_type, head.encoding, body}, effect, clock_.wall());
  }
  if (head.ingests()) {
    if (head.method != "POST") return not_allowed("POST");
    return intake_.take(head.encoding, body, effect, clock_.wall());
  }
  return head.path.starts_with("/control/") ? control(head, body)
                                            : error_reply(404, "no such path");
}

void Service::answered(IntakeKind kind, unsigned status) {
  kind == IntakeKind::otlp ? otlp_.answered(status) : intake_.tally().answered(status);
}

std::string Service::summary() const {
  std::string json = intake_.tally().to_json();
  json.back() = ',';
  return json + R"("otlp":)" + otlp_.to_json() + '}';
}

Reply Service::control(const RequestHead& head, std::string_view body) {
  const bool get = head.method == "GET";
  const bool post = head.method == "POST";
  if (head.path == "/control/summary") {
    return get ? Reply{200, summary(), {}} : not_allowed("GET");
  }
  if (head.path == "/control/operations") {
    return get ? Reply{200, intake_.operations().to_json(), {}} : not_allowed("GET");
  }
  if (head.path == "/control/flush") {
    if (!post) return not_allowed("POST");
    intake_.recorder().flush();
    return {
        200, R"({"failed_writes":)" + std::to_string(intake_.recorder().failed_writes()) + '}', {}};
  }
  if (head.path == "/control/reset") {
    if (!post) return not_allowed("POST");
    intake_.reset();
    otlp_.reset();
    return {200, "{}", {}};
  }
  if (head.path == "/control/fault") return control_faults(head, body);
  return error_reply(404, "no such path");
}

Reply Service::control_faults(const RequestHead& head, std::string_view body) {
  if (head.method == "DELETE") {
    faults_.clear();
    faults_changed_();
  } else if (head.method == "PUT" || head.method == "POST") {
    auto faults = read_faults(body);
    if (!faults) return error_reply(400, faults.error().message());
    auto set = set_faults(std::move(*faults), head.method == "PUT");
    if (!set) return error_reply(409, set.error().message());
  } else if (head.method != "GET") {
    return not_allowed("GET, PUT, POST, DELETE");
  }
  return {200, faults_.to_json(clock_.steady()), {}};
}

}  // namespace posthaste::tools
