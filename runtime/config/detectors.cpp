#include "runtime/config/detectors.h"

#include "runtime/base/utf8.h"
#include "runtime/config/machine_files.h"
#include "runtime/config/text.h"

#include <algorithm>
#include <array>

namespace posthaste::config {
namespace {

/// Attributes as they are found; what is empty or no UTF-8 is left out.
class Found {
public:
  void add(std::string_view key, std::optional<std::string_view> value) {
    if (value && !value->empty() && is_utf8(*value)) {
      attributes_.insert_or_assign(std::string(key), std::string(*value));
    }
  }
  ResourceAttributes take() && { return std::move(attributes_); }

private:
  ResourceAttributes attributes_;
};

std::string file(const HostFacts& host, const char* path) {
  return host.read_file ? host.read_file(path).value_or("") : std::string();
}

std::string_view first_line(std::string_view text) {
  return trimmed(text.substr(0, text.find('\n')));
}

ResourceAttributes detect_process(const Environment&, const HostFacts& host) {
  Found found;
  if (host.process_id != 0) found.add("process.pid", std::to_string(host.process_id));
  found.add("process.executable.name", host.executable);
  found.add("process.executable.path", host.executable_path);
  // How it was called, without its arguments: these are where passwords are.
  const std::string command = file(host, "/proc/self/cmdline");
  found.add("process.command", std::string_view(command).substr(0, command.find('\0')));
  const auto owner = user_name(file(host, "/etc/passwd"), host.user_id);
  if (owner) found.add("process.owner", *owner);
  found.add("process.runtime.name", host.runtime_name);
  found.add("process.runtime.version", host.runtime_version);
  return std::move(found).take();
}

ResourceAttributes detect_host(const Environment&, const HostFacts& host) {
  Found found;
  found.add("host.name", host.host_name);
  std::string id = file(host, "/etc/machine-id");
  if (first_line(id).empty()) id = file(host, "/var/lib/dbus/machine-id");
  found.add("host.id", first_line(id));
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> names{
      {{"x86_64", "amd64"}, {"aarch64", "arm64"}, {"i686", "x86"}, {"armv7l", "arm32"}}};
  const auto known = std::find_if(names.begin(), names.end(),
                                  [&](const auto& each) { return each.first == host.machine; });
  found.add("host.arch", known == names.end() ? std::string_view(host.machine) : known->second);
  return std::move(found).take();
}

ResourceAttributes detect_os(const Environment&, const HostFacts& host) {
  const std::string release = file(host, "/etc/os-release");
  const std::string kernel = file(host, "/proc/sys/kernel/osrelease");
  Found found;
  if (!kernel.empty()) found.add("os.type", "linux");
  if (const auto name = os_release_value(release, "NAME")) found.add("os.name", *name);
  if (const auto version = os_release_value(release, "VERSION_ID"))
    found.add("os.version", *version);
  std::string description = os_release_value(release, "PRETTY_NAME").value_or("");
  if (!first_line(kernel).empty()) {
    description += (description.empty() ? "Linux " : ", Linux ") + std::string(first_line(kernel));
  }
  found.add("os.description", description);
  return std::move(found).take();
}

ResourceAttributes detect_container(const Environment&, const HostFacts& host) {
  auto id = container_id_of_cgroup(file(host, "/proc/self/cgroup"));
  if (!id) id = container_id_of_mounts(file(host, "/proc/self/mountinfo"));
  Found found;
  if (id) found.add("container.id", *id);
  return std::move(found).take();
}

/// Whatever a deployment's downward API calls them: the first of each row that is set.
constexpr std::array<std::pair<std::string_view, std::array<std::string_view, 3>>, 11> pod_facts{{
    {"k8s.pod.name", {"K8S_POD_NAME", "POD_NAME", "MY_POD_NAME"}},
    {"k8s.pod.uid", {"K8S_POD_UID", "POD_UID", "MY_POD_UID"}},
    {"k8s.namespace.name", {"K8S_NAMESPACE_NAME", "POD_NAMESPACE", "MY_POD_NAMESPACE"}},
    {"k8s.node.name", {"K8S_NODE_NAME", "NODE_NAME", "MY_NODE_NAME"}},
    {"k8s.container.name", {"K8S_CONTAINER_NAME", "CONTAINER_NAME", ""}},
    {"k8s.deployment.name", {"K8S_DEPLOYMENT_NAME", "", ""}},
    {"k8s.replicaset.name", {"K8S_REPLICASET_NAME", "", ""}},
    {"k8s.statefulset.name", {"K8S_STATEFULSET_NAME", "", ""}},
    {"k8s.daemonset.name", {"K8S_DAEMONSET_NAME", "", ""}},
    {"k8s.job.name", {"K8S_JOB_NAME", "", ""}},
    {"k8s.cluster.name", {"K8S_CLUSTER_NAME", "", ""}},
}};

ResourceAttributes detect_kubernetes(const Environment& environment, const HostFacts& host) {
  if (!environment.get("KUBERNETES_SERVICE_HOST")) return {};
  Found found;
  found.add("k8s.pod.name", host.host_name);  // what a pod's host is called, unless it says more
  const std::string space = file(host, "/var/run/secrets/kubernetes.io/serviceaccount/namespace");
  found.add("k8s.namespace.name", first_line(space));
  for (const auto& [key, variables] : pod_facts) {
    const auto set = std::find_if(variables.begin(), variables.end(), [&](std::string_view name) {
      return !name.empty() && environment.get(name).has_value();
    });
    if (set != variables.end()) found.add(key, environment.get(*set));
  }
  return std::move(found).take();
}

/// "<subscription>+<plan>" is who owns a site.
std::string site_id(const Environment& environment) {
  const auto owner = environment.get("WEBSITE_OWNER_NAME");
  const auto group = environment.get("WEBSITE_RESOURCE_GROUP");
  const auto site = environment.get("WEBSITE_SITE_NAME");
  if (!owner || !group || !site) return {};
  return "/subscriptions/" + std::string(owner->substr(0, owner->find('+'))) + "/resourceGroups/" +
         std::string(*group) + "/providers/Microsoft.Web/sites/" + std::string(*site);
}

bool is_function(const Environment& environment) {
  return environment.get("FUNCTIONS_EXTENSION_VERSION") ||
         environment.get("FUNCTIONS_WORKER_RUNTIME");
}

void add_site(Found& found, const Environment& environment) {
  found.add("cloud.provider", "azure");
  found.add("cloud.region", environment.get("REGION_NAME"));
  found.add("cloud.resource_id", site_id(environment));
  found.add("service.name", environment.get("WEBSITE_SITE_NAME"));
  found.add("service.instance.id", environment.get("WEBSITE_INSTANCE_ID"));
  found.add("deployment.environment.name", environment.get("WEBSITE_SLOT_NAME"));
}

ResourceAttributes detect_app_service(const Environment& environment, const HostFacts&) {
  if (!environment.get("WEBSITE_SITE_NAME") || is_function(environment)) return {};
  Found found;
  add_site(found, environment);
  found.add("cloud.platform", "azure_app_service");
  found.add("host.id", environment.get("WEBSITE_HOSTNAME"));
  found.add("azure.app.service.stamp", environment.get("WEBSITE_HOME_STAMPNAME"));
  return std::move(found).take();
}

ResourceAttributes detect_functions(const Environment& environment, const HostFacts&) {
  if (!is_function(environment)) return {};
  Found found;
  add_site(found, environment);
  found.add("cloud.platform", "azure_functions");
  found.add("faas.name", environment.get("WEBSITE_SITE_NAME"));
  found.add("faas.instance", environment.get("WEBSITE_INSTANCE_ID"));
  found.add("faas.version", environment.get("FUNCTIONS_EXTENSION_VERSION"));
  found.add("faas.max_memory", environment.get("WEBSITE_MEMORY_LIMIT_MB"));
  return std::move(found).take();
}

ResourceAttributes detect_container_apps(const Environment& environment, const HostFacts&) {
  if (!environment.get("CONTAINER_APP_NAME")) return {};
  Found found;
  found.add("cloud.provider", "azure");
  found.add("cloud.platform", "azure_container_apps");
  found.add("service.name", environment.get("CONTAINER_APP_NAME"));
  found.add("service.instance.id", environment.get("CONTAINER_APP_REPLICA_NAME"));
  found.add("service.version", environment.get("CONTAINER_APP_REVISION"));
  return std::move(found).take();
}

constexpr std::array<Detector, 8> all_detectors{{
    {"process", detect_process},
    {"host", detect_host},
    {"os", detect_os},
    {"container", detect_container},
    {"k8s", detect_kubernetes},
    {"azure_app_service", detect_app_service},
    {"azure_functions", detect_functions},
    {"azure_container_apps", detect_container_apps},
}};

bool contains(std::span<const std::string_view> names, std::string_view name) noexcept {
  return std::find(names.begin(), names.end(), name) != names.end();
}

const std::vector<std::string_view>& make_variables() {
  static const std::vector<std::string_view>& names = *new std::vector<std::string_view>([] {
    std::vector<std::string_view> all{"KUBERNETES_SERVICE_HOST",
                                      "WEBSITE_SITE_NAME",
                                      "WEBSITE_INSTANCE_ID",
                                      "WEBSITE_OWNER_NAME",
                                      "WEBSITE_RESOURCE_GROUP",
                                      "WEBSITE_SLOT_NAME",
                                      "WEBSITE_HOSTNAME",
                                      "WEBSITE_HOME_STAMPNAME",
                                      "WEBSITE_MEMORY_LIMIT_MB",
                                      "REGION_NAME",
                                      "FUNCTIONS_EXTENSION_VERSION",
                                      "FUNCTIONS_WORKER_RUNTIME",
                                      "CONTAINER_APP_NAME",
                                      "CONTAINER_APP_REPLICA_NAME",
                                      "CONTAINER_APP_REVISION"};
    for (const auto& [key, variables] : pod_facts) {
      for (const std::string_view name : variables) {
        if (!name.empty()) all.push_back(name);
      }
    }
    return all;
  }());
  return names;
}

}  // namespace

std::span<const Detector> detectors() noexcept {
  return all_detectors;
}

std::span<const std::string_view> detector_variables() noexcept {
  return make_variables();
}

bool chooses_azure_vm(std::span<const std::string_view> names) noexcept {
  return contains(names, azure_vm_detector) && !contains(names, "none");
}

ResourceAttributes detect(std::span<const std::string_view> names, const Environment& environment,
                          const HostFacts& host, std::vector<Diagnostic>& warnings) {
  const auto chosen = [&names](std::string_view name) { return contains(names, name); };
  for (const std::string_view name : names) {
    const bool known = name == "all" || name == "none" || name == "env" ||
                       name == azure_vm_detector ||
                       std::any_of(all_detectors.begin(), all_detectors.end(),
                                   [name](const Detector& each) { return each.name == name; });
    if (known) continue;
    std::string choice = "all, none, env";
    for (const Detector& each : all_detectors) choice += ", " + std::string(each.name);
    choice += ", " + std::string(azure_vm_detector);
    warnings.push_back({.severity = Severity::warn,
                        .code = DiagnosticCode::environment_ignored,
                        .message = "resource detector " + quoted(name) +
                                   " is unknown; it is ignored; choose among " + choice});
  }
  ResourceAttributes attributes;
  if (chosen("none")) return attributes;
  for (const Detector& each : all_detectors) {
    if (!chosen("all") && !chosen(each.name)) continue;
    for (auto& [key, value] : each.detect(environment, host)) {
      attributes.insert_or_assign(key, std::move(value));
    }
  }
  return attributes;
}

}  // namespace posthaste::config
