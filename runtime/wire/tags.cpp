#include "runtime/wire/tags.h"

namespace posthaste::wire {
namespace {

using enum Known;

constexpr KnownSet shared_keys{microsoft_client_ip,
                               client_address,
                               http_client_ip,
                               network_peer_address,
                               net_peer_ip,
                               enduser_id,
                               enduser_pseudo_id,
                               microsoft_user_account_id,
                               microsoft_synthetic_source,
                               user_agent_synthetic_type};
constexpr KnownSet own_keys{session_id,      microsoft_session_id, user_agent_original,
                            http_user_agent, ai_device_id,         ai_device_model,
                            ai_device_type,  ai_device_os_version};

constexpr std::string_view kubernetes_names[] = {"k8s.deployment.name",  "k8s.replicaset.name",
                                                 "k8s.statefulset.name", "k8s.job.name",
                                                 "k8s.cronjob.name",     "k8s.daemonset.name"};

std::string text_in(const model::Resource& resource, std::string_view key) {
  const auto value = resource.find(key);
  if (!value || !is_truthy(*value)) return {};
  TextScratch scratch;
  return std::string(text_of(*value, scratch));
}

std::string_view client_ip(ClientIp ip, SeenAttributes& seen) {
  if (const auto given = seen.first_of<microsoft_client_ip>()) return seen.carry(given);
  if (ip == ClientIp::if_given) return {};
  if (ip == ClientIp::of_client) return seen.carry<client_address, http_client_ip>();
  return seen.carry<client_address, http_client_ip, network_peer_address, net_peer_ip>();
}

std::string_view synthetic_source(SeenAttributes& seen) {
  if (const auto given = seen.first_of<microsoft_synthetic_source>()) return seen.text(given);
  if (seen.carry<user_agent_synthetic_type>().empty()) return {};
  return "True";
}

}  // namespace

std::string cloud_role(const model::Resource& resource) {
  const std::string name = text_in(resource, "service.name");
  const bool named = !name.empty() && !name.starts_with("unknown_service");
  if (!named) {
    for (const std::string_view key : kubernetes_names) {
      if (std::string found = text_in(resource, key); !found.empty()) return found;
    }
  }
  std::string role = text_in(resource, "service.namespace");
  if (!role.empty() && !name.empty()) role += '.';
  return role + name;
}

std::string cloud_role_instance(const model::Resource& resource) {
  for (const std::string_view key : {"k8s.pod.name", "service.instance.id", "host.name"}) {
    if (std::string found = text_in(resource, key); !found.empty()) return found;
  }
  return {};
}

void append_constant_tags(const model::Resource& resource, std::string_view sdk_version,
                          ByteBuffer& out) {
  ItemWriter item(out, {});
  item.json().raw(R"("ai.internal.sdkVersion":)");
  item.json().quoted(cut_units(sdk_version, limit::sdk_version));
  item.tag(R"(,"ai.cloud.role":")", cloud_role(resource), limit::role);
  item.tag(R"(,"ai.cloud.roleInstance":")", cloud_role_instance(resource), limit::role);
  item.tag(R"(,"ai.application.ver":")", text_in(resource, "service.version"), limit::tag);
}

DeviceTags DeviceTags::of(const model::Resource& resource) {
  return {text_in(resource, "device.id"), text_in(resource, "device.model.name")};
}

void write_shared_tags(ItemWriter& item, std::optional<std::string_view> operation_name,
                       ClientIp ip, SeenAttributes& seen) {
  if (operation_name) item.field(R"(,"ai.operation.name":")", *operation_name, limit::name);
  if (!seen.has_any(shared_keys)) return;
  item.tag(R"(,"ai.location.ip":")", client_ip(ip, seen), limit::ip);
  item.tag(R"(,"ai.user.authUserId":")", seen.carry<enduser_id>(), limit::tag);
  item.tag(R"(,"ai.user.id":")", seen.carry<enduser_pseudo_id>(), limit::user_id);
  item.tag(R"(,"ai.user.accountId":")", seen.carry<microsoft_user_account_id>(), limit::tag);
  item.tag(R"(,"ai.operation.syntheticSource":")", synthetic_source(seen), limit::tag);
}

bool is_synthetic(SeenAttributes& seen) {
  constexpr KnownSet keys{microsoft_synthetic_source, user_agent_synthetic_type,
                          user_agent_original, http_user_agent};
  if (!seen.has_any(keys)) return false;
  if (!synthetic_source(seen).empty()) return true;
  const std::string_view agent = seen.text<user_agent_original, http_user_agent>();
  return agent.find("AlwaysOn") != std::string_view::npos;
}

void write_device_tags(ItemWriter& item, const DeviceTags& device) {
  item.tag(R"(,"ai.device.id":")", device.id, limit::tag);
  item.tag(R"(,"ai.device.model":")", device.model, limit::device);
}

std::optional<std::string_view> session_of(const SeenAttributes& seen) noexcept {
  for (const Known key : {microsoft_session_id, session_id}) {
    if (!seen.has(key) || seen.value(key).type() != AttributeType::string) continue;
    const std::string_view text = seen.value(key).string();
    if (!text.empty() || key == session_id) return text;
  }
  return std::nullopt;
}

void write_own_tags(ItemWriter& item, const DeviceTags& device, SeenAttributes& seen) {
  if (!seen.has_any(own_keys)) return write_device_tags(item, device);
  if (const auto session = session_of(seen)) {
    item.field(R"(,"ai.session.id":")", *session, limit::session_id);
    seen.carried_as(*session, {session_id});
  }
  const auto agent = seen.first_of<user_agent_original, http_user_agent>();
  item.tag(R"(,"ai.user.userAgent":")", seen.carry(agent), limit::user_agent);
  item.tag(R"(,"ai.device.type":")", seen.carry<ai_device_type>(), limit::device_type);
  item.tag(R"(,"ai.device.osVersion":")", seen.carry<ai_device_os_version>(), limit::device);
  std::string_view id = device.id;
  std::string_view model = device.model;
  if (seen.first_of<ai_device_id>()) id = seen.carry<ai_device_id>();
  if (seen.first_of<ai_device_model>()) model = seen.carry<ai_device_model>();
  item.tag(R"(,"ai.device.id":")", id, limit::tag);
  item.tag(R"(,"ai.device.model":")", model, limit::device);
}

void write_event_tags(ItemWriter& item, const DeviceTags& device,
                      std::optional<std::string_view> span_session, SeenAttributes& seen) {
  const auto own = session_of(seen);
  if (own) seen.carried_as(*own, {session_id});
  if (const auto session = own ? own : span_session) {
    item.field(R"(,"ai.session.id":")", *session, limit::session_id);
  }
  write_device_tags(item, device);
}

}  // namespace posthaste::wire
