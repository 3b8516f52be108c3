#include "runtime/config/resource.h"

#include "tests/runtime/config/final_settings_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace posthaste::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing_support::MadeUpProcess;

Resource resource_of(MadeUpProcess& process, const Settings& settings = {}) {
  const auto final_settings = process.finalize(settings);
  EXPECT_TRUE(final_settings) << final_settings.error().message();
  return final_settings->resource();
}

TEST(ResourceAttributes, AreDecodedPairs) {
  const auto parsed =
      parse_resource_attributes(" a = 1 ,b.c=x%2Cy%3Dz , d=, e=f=g, \xC3\xBC=%C3%BC,");
  ASSERT_TRUE(parsed);
  EXPECT_THAT(*parsed, ElementsAre(Pair("a", "1"), Pair("b.c", "x,y=z"), Pair("d", ""),
                                   Pair("e", "f=g"), Pair("\xC3\xBC", "\xC3\xBC")));
}

TEST(ResourceAttributes, OneMistakeDiscardsAll) {
  for (const std::string& bad :
       {std::string("a=1,b"), std::string("a=1,=2"), std::string("a=1,b=%"),
        std::string("a=1,b=%4"), std::string("a=1,%zz=2"), std::string("a=1,b=%FF"),
        std::string("a=1,b=\xFF"), "a=" + std::string(Resource::max_bytes, 'x')}) {
    EXPECT_FALSE(parse_resource_attributes(bad)) << bad.substr(0, 40);
    MadeUpProcess process;
    process.variables["OTEL_RESOURCE_ATTRIBUTES"] = bad;
    EXPECT_EQ(resource_of(process).get("a"), "");
    ASSERT_EQ(process.warnings.size(), 1u);
    EXPECT_THAT(process.warned(), HasSubstr("OTEL_RESOURCE_ATTRIBUTES"));
    EXPECT_THAT(process.warned(), HasSubstr("whole variable is ignored"));
  }
}

TEST(Resource, WithoutAnySettingSaysWhatTheMachineSays) {
  MadeUpProcess process;
  const Resource resource = resource_of(process);
  EXPECT_THAT(
      resource.attributes,
      ElementsAre(Pair("host.name", "host-1"), Pair("process.executable.name", "server"),
                  Pair("process.pid", "4711"), Pair("service.name", "unknown_service:server"),
                  Pair("telemetry.sdk.language", "cpp"), Pair("telemetry.sdk.name", "posthaste"),
                  Pair("telemetry.sdk.version", testing::Not(testing::IsEmpty()))));
  EXPECT_EQ(resource.cloud_role, "unknown_service:server");
  EXPECT_EQ(resource.cloud_role_instance, "host-1");
}

TEST(Resource, NamesWinFromCodeDownToTheMachine) {
  MadeUpProcess process;
  const auto name = [&](const Settings& settings) {
    return std::string(resource_of(process, settings).get("service.name"));
  };
  process.variables["OTEL_RESOURCE_ATTRIBUTES"] = "service.name=in-attributes";
  EXPECT_EQ(name({}), "in-attributes");
  process.variables["OTEL_SERVICE_NAME"] = "in-variable";
  EXPECT_EQ(name({}), "in-variable");
  EXPECT_EQ(name({.resource_attributes = {{"service.name", "in-code"}}}), "in-code");
  EXPECT_EQ(name({.service_name = "field", .resource_attributes = {{"service.name", "in-code"}}}),
            "field");
}

TEST(Resource, MakesTheCloudRoleOfNamespaceNameAndInstance) {
  MadeUpProcess process;
  process.variables["OTEL_RESOURCE_ATTRIBUTES"] = "service.namespace=shop,service.version=1.2";
  const Resource resource =
      resource_of(process, {.service_name = "orders", .service_instance_id = "pod-7"});
  EXPECT_EQ(resource.cloud_role, "shop.orders");
  EXPECT_EQ(resource.cloud_role_instance, "pod-7");
  EXPECT_EQ(resource.get("service.version"), "1.2");
  EXPECT_EQ(resource.get("service.instance.id"), "pod-7");
}

TEST(Resource, WithoutExecutableAndHostIsStillNamed) {
  std::vector<Diagnostic> warnings;
  const auto resource = make_resource({}, Environment(), HostFacts{}, warnings);
  ASSERT_TRUE(resource);
  EXPECT_EQ(resource->cloud_role, "unknown_service");
  EXPECT_EQ(resource->cloud_role_instance, "");
}

TEST(Resource, MistakesInCodeAreErrors) {
  MadeUpProcess process;
  std::vector<std::pair<std::string, std::string>> many;
  for (int i = 0; i < 129; ++i) many.emplace_back("key" + std::to_string(i), "");
  struct Case {
    Settings settings;
    const char* rule;
  };
  for (const auto& [settings, rule] : {
           Case{{.service_name = "\xFF"}, "service.name = \"\\xff\" (set in code) is not UTF-8"},
           Case{{.resource_attributes = {{"", "x"}}}, "empty key"},
           Case{{.resource_attributes = {{"x", "\xC3"}}}, "attribute \"x\" is not UTF-8"},
           Case{{.resource_attributes = many}, "at most 128 attributes"},
           Case{{.service_version = std::string(20'000, 'v')}, "16384 bytes"},
       }) {
    const auto result = process.finalize(settings);
    ASSERT_FALSE(result) << rule;
    EXPECT_EQ(result.error().code(), ErrorCode::invalid_setting);
    EXPECT_THAT(result.error().message(), HasSubstr(rule));
  }
}

TEST(Resource, ANameThatIsNotUtf8InTheEnvironmentIsIgnored) {
  MadeUpProcess process;
  process.variables["OTEL_SERVICE_NAME"] = "a\xFF";
  EXPECT_EQ(resource_of(process).cloud_role, "unknown_service:server");
  EXPECT_THAT(process.warned(), HasSubstr("OTEL_SERVICE_NAME \"a\\xff\" is not UTF-8"));
}

}  // namespace
}  // namespace posthaste::config
