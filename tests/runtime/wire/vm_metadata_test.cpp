#include "runtime/wire/vm_metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace posthaste::wire {
namespace {

using ::testing::Pair;
using ::testing::UnorderedElementsAre;

TEST(VmMetadata, NamesTheMachineAsOpenTelemetryDoes) {
  const auto found = parse_vm_metadata(
      R"({"azEnvironment":"AzurePublicCloud","location":"westeurope","name":"web-7",
          "osProfile":{"name":"not this one"},"osType":"Linux","plan":null,"publicKeys":[],
          "resourceId":"/subscriptions/8d10/resourceGroups/shop/providers/x/virtualMachines/web-7",
          "version":"0.2024","vmId":"02aab8a4-74ef","vmSize":"Standard_D4s_v5","zone":"2"})");
  ASSERT_TRUE(found);
  EXPECT_THAT(*found,
              UnorderedElementsAre(
                  Pair("cloud.provider", "azure"), Pair("cloud.platform", "azure_vm"),
                  Pair("cloud.region", "westeurope"),
                  Pair("cloud.resource_id",
                       "/subscriptions/8d10/resourceGroups/shop/providers/x/virtualMachines/web-7"),
                  Pair("host.id", "02aab8a4-74ef"), Pair("host.name", "web-7"),
                  Pair("host.type", "Standard_D4s_v5"), Pair("os.type", "linux"),
                  Pair("os.version", "0.2024"), Pair("service.instance.id", "02aab8a4-74ef")));
}

TEST(VmMetadata, LeavesOutWhatIsMissingEmptyOrNoUtf8) {
  const auto found =
      parse_vm_metadata("{\"vmId\":\"7\",\"location\":\"\",\"name\":null,\"vmSize\":\"\xff\"}");
  ASSERT_TRUE(found);
  EXPECT_THAT(*found, UnorderedElementsAre(Pair("cloud.provider", "azure"),
                                           Pair("cloud.platform", "azure_vm"), Pair("host.id", "7"),
                                           Pair("service.instance.id", "7")));
}

TEST(VmMetadata, TakesNothingFromAnAnswerThatIsNotTheServices) {
  const std::string whole = R"({"vmId":"7","location":"westeurope"})";
  ASSERT_TRUE(parse_vm_metadata(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(parse_vm_metadata(std::string_view(whole).substr(0, size))) << size;
  }
  for (const std::string& other :
       {std::string("<html>Log in</html>"), std::string("[]"), std::string("{}"),
        std::string(R"({"location":"westeurope"})"), std::string(R"({"vmId":""})"),
        std::string(R"({"vmId":7})"), std::string(R"({"vmId":"7","name":{}})"), whole + whole,
        R"({"vmId":"7","a":")" + std::string(vm_metadata_limit, 'x') + "\"}",
        R"({"vmId":"7","a":)" + std::string(50, '[') + std::string(50, ']') + "}"}) {
    EXPECT_FALSE(parse_vm_metadata(other)) << other.substr(0, 60);
  }
}

TEST(VmMetadata, CutsValuesThatAreTooLong) {
  const auto found = parse_vm_metadata(R"({"vmId":")" + std::string(5000, 'v') + "\"}");
  ASSERT_TRUE(found);
  EXPECT_THAT(*found, ::testing::Contains(Pair("host.id", std::string(1024, 'v'))));
}

TEST(VmMetadata, AddsOnlyWhatNobodyHasGiven) {
  const model::Resource given({{"service.name", "shop"}, {"host.name", "mine"}, {"host.id", 42}});
  const auto whole = amended(given, {{"host.name", "theirs"}, {"host.id", "7"}, {"a", "new"}});
  ASSERT_TRUE(whole);
  EXPECT_EQ(*whole,
            model::Resource(
                {{"service.name", "shop"}, {"host.name", "mine"}, {"host.id", 42}, {"a", "new"}}));
}

TEST(VmMetadata, IsNotAddedInPartWhereItDoesNotFit) {
  const std::string large(model::Resource::size_limit - 64, 'x');
  const model::Resource given({{"large", large}});
  ASSERT_FALSE(given.empty());
  EXPECT_FALSE(amended(given, {{"a", "fits"}, {"b", std::string(100, 'y')}}));
}

}  // namespace
}  // namespace posthaste::wire
