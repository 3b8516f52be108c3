#include "tools/emulator/envelope_rules.h"

#include <array>

namespace posthaste::tools {
namespace {

using enum FieldKind;

constexpr bool required = true;
constexpr bool optional = false;

constexpr FieldRule properties{"properties", texts};
constexpr FieldRule measured{"measurements", measurements};

constexpr std::array request_fields{
    FieldRule{"id", text, required, 512, FieldRole::id},
    FieldRule{"name", text, optional, 1024, FieldRole::name},
    FieldRule{"duration", time_span, required, 0, FieldRole::duration},
    FieldRule{"success", boolean, required, 0, FieldRole::success},
    FieldRule{"responseCode", text, required, 1024},
    FieldRule{"source", text, optional, 1024},
    FieldRule{"url", text, optional, 2048},
    properties,
    measured,
};

constexpr std::array dependency_fields{
    FieldRule{"id", text, optional, 512, FieldRole::id},
    FieldRule{"name", text, required, 1024, FieldRole::name},
    FieldRule{"duration", time_span, required, 0, FieldRole::duration},
    FieldRule{"success", boolean, optional, 0, FieldRole::success},
    FieldRule{"resultCode", text, optional, 1024},
    FieldRule{"data", text, optional, 8192},
    FieldRule{"type", text, optional, 1024},
    FieldRule{"target", text, optional, 1024},
    properties,
    measured,
};

constexpr std::array frame_fields{
    FieldRule{"level", integer, required},
    FieldRule{"method", text, required, 1024},
    FieldRule{"assembly", text, optional, 1024},
    FieldRule{"fileName", text, optional, 1024},
    FieldRule{"line", integer},
};
constexpr TypeRules frame_rules{"StackFrame", frame_fields};

constexpr std::array details_fields{
    FieldRule{"id", integer},
    FieldRule{"outerId", integer},
    FieldRule{"typeName", text, required, 1024},
    FieldRule{"message", text, required, 32768},
    FieldRule{"hasFullStack", boolean},
    FieldRule{"stack", text, optional, 32768},
    FieldRule{"parsedStack", list, optional, 0, FieldRole::none, &frame_rules},
};
constexpr TypeRules details_rules{"ExceptionDetails", details_fields};

constexpr std::array exception_fields{
    FieldRule{"exceptions", list, required, 0, FieldRole::none, &details_rules},
    FieldRule{"severityLevel", severity},
    FieldRule{"problemId", text, optional, 1024},
    properties,
    measured,
};

constexpr std::array message_fields{
    FieldRule{"message", text, required, 32768},
    FieldRule{"severityLevel", severity},
    properties,
    measured,
};

constexpr std::array event_fields{
    FieldRule{"name", text, required, 512, FieldRole::name},
    properties,
    measured,
};

constexpr std::array point_fields{
    FieldRule{"ns", text, optional, 256},
    FieldRule{"name", text, required, 1024, FieldRole::name},
    FieldRule{"kind", text},
    FieldRule{"value", number, required, 0, FieldRole::amount},
    FieldRule{"count", integer},
    FieldRule{"min", number},
    FieldRule{"max", number},
    FieldRule{"stdDev", number},
};
constexpr TypeRules point_rules{"DataPoint", point_fields};

constexpr std::array metric_fields{
    FieldRule{"metrics", list, required, 0, FieldRole::none, &point_rules},
    properties,
};

constexpr std::array availability_fields{
    FieldRule{"id", text, required, 512, FieldRole::id},
    FieldRule{"name", text, required, 1024, FieldRole::name},
    FieldRule{"duration", time_span, required, 0, FieldRole::duration},
    FieldRule{"success", boolean, required, 0, FieldRole::success},
    FieldRule{"runLocation", text, optional, 1024},
    FieldRule{"message", text, optional, 8192},
    properties,
    measured,
};

constexpr std::array page_view_fields{
    FieldRule{"name", text, required, 1024, FieldRole::name},
    FieldRule{"id", text, required, 512, FieldRole::id},
    FieldRule{"url", text, optional, 2048},
    FieldRule{"duration", time_span, optional, 0, FieldRole::duration},
    FieldRule{"referrerUri", text, optional, 2048},
    FieldRule{"referredUri", text, optional, 2048},
    FieldRule{"perfTotal", time_span},
    FieldRule{"networkConnect", time_span},
    FieldRule{"sentRequest", time_span},
    FieldRule{"receivedResponse", time_span},
    FieldRule{"domProcessing", time_span},
    properties,
    measured,
};

constexpr std::array base_types{
    BaseType{"RequestData", ItemType::request, {"RequestData", request_fields}},
    BaseType{
        "RemoteDependencyData", ItemType::dependency, {"RemoteDependencyData", dependency_fields}},
    BaseType{"MessageData", ItemType::trace, {"MessageData", message_fields}},
    BaseType{"ExceptionData", ItemType::exception, {"ExceptionData", exception_fields}},
    BaseType{"MetricData", ItemType::metric, {"MetricData", metric_fields}},
    BaseType{"EventData", ItemType::event, {"EventData", event_fields}},
    BaseType{"AvailabilityData", ItemType::availability, {"AvailabilityData", availability_fields}},
    BaseType{"PageViewData", ItemType::page_view, {"PageViewData", page_view_fields}},
    BaseType{
        "PageViewPerfData", ItemType::page_view_timing, {"PageViewPerfData", page_view_fields}},
};

struct TagRule {
  std::string_view tag;
  std::uint32_t limit;
};

// Those that servers send stand first.
constexpr std::array tag_rules{
    TagRule{"ai.operation.id", 128},
    TagRule{"ai.operation.parentId", 512},
    TagRule{"ai.operation.name", 1024},
    TagRule{"ai.cloud.role", 256},
    TagRule{"ai.cloud.roleInstance", 256},
    TagRule{"ai.internal.sdkVersion", 64},
    TagRule{"ai.application.ver", 1024},
    TagRule{"ai.location.ip", 46},
    TagRule{"ai.user.id", 128},
    TagRule{"ai.user.authUserId", 1024},
    TagRule{"ai.user.accountId", 1024},
    TagRule{"ai.session.id", 64},
    TagRule{"ai.session.isFirst", 5},
    TagRule{"ai.operation.syntheticSource", 1024},
    TagRule{"ai.operation.correlationVector", 64},
    TagRule{"ai.device.id", 1024},
    TagRule{"ai.device.locale", 64},
    TagRule{"ai.device.model", 256},
    TagRule{"ai.device.oemName", 256},
    TagRule{"ai.device.osVersion", 256},
    TagRule{"ai.device.type", 64},
    TagRule{"ai.location.country", 256},
    TagRule{"ai.location.province", 256},
    TagRule{"ai.location.city", 256},
    TagRule{"ai.cloud.roleVer", 256},
    TagRule{"ai.cloud.location", 256},
    TagRule{"ai.internal.agentVersion", 64},
    TagRule{"ai.internal.nodeName", 256},
};

}  // namespace

std::string_view to_string(ItemType type) noexcept {
  constexpr std::array<std::string_view, item_type_count> names{
      "request",      "dependency", "exception",        "trace",  "event", "metric",
      "availability", "page_view",  "page_view_timing", "unknown"};
  return names[static_cast<std::size_t>(type)];
}

const BaseType* find_base_type(std::string_view name) noexcept {
  for (const BaseType& candidate : base_types) {
    if (candidate.name == name) return &candidate;
  }
  return nullptr;
}

std::uint32_t tag_limit(std::string_view tag) noexcept {
  for (const TagRule& rule : tag_rules) {
    if (rule.tag == tag) return rule.limit;
  }
  return 0;
}

}  // namespace posthaste::tools
