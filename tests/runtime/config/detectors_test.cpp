#include "runtime/config/detectors.h"

#include "runtime/config/machine_files.h"
#include "runtime/config/resource.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace posthaste::config {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Key;
using testing::Not;
using testing::Pair;

const std::string id = "d86d75589bf6cc254f3e2cc29debdf85dde404998aa128997a819ff991827356";

/// A machine whose files are what the test says.
struct Machine {
  std::map<std::string, std::string> files;
  Environment::Variables variables;
  std::vector<Diagnostic> warnings;

  ResourceAttributes found_by(std::string_view detector) {
    const HostFacts host{.host_name = "host-1",
                         .executable = "server",
                         .process_id = 4711,
                         .executable_path = "/opt/shop/server",
                         .user_id = 1000,
                         .machine = "x86_64",
                         .runtime_name = "glibc",
                         .runtime_version = "2.36",
                         .read_file = [this](const char* path) -> std::optional<std::string> {
                           const auto file = files.find(path);
                           if (file == files.end()) return std::nullopt;
                           return file->second;
                         },
                         .lies_in_shared_volume = {},
                         .can_hold_directory = {}};
    warnings.clear();
    return detect(std::array{detector}, Environment(variables), host, warnings);
  }
};

TEST(ProcessDetector, TellsTheCommandWithoutItsArguments) {
  Machine machine;
  machine.files["/proc/self/cmdline"] = std::string("./server\0--password=hunter2\0", 28);
  machine.files["/etc/passwd"] = "root:x:0:0::/root:/bin/sh\nshop:x:1000:1000::/home:/bin/sh\n";
  EXPECT_THAT(
      machine.found_by("process"),
      ElementsAre(Pair("process.command", "./server"), Pair("process.executable.name", "server"),
                  Pair("process.executable.path", "/opt/shop/server"),
                  Pair("process.owner", "shop"), Pair("process.pid", "4711"),
                  Pair("process.runtime.name", "glibc"), Pair("process.runtime.version", "2.36")));
}

TEST(HostDetector, TellsNameIdAndArchitecture) {
  Machine machine;
  machine.files["/etc/machine-id"] = "\n";
  machine.files["/var/lib/dbus/machine-id"] = "0123456789abcdef0123456789abcdef\n";
  EXPECT_THAT(
      machine.found_by("host"),
      ElementsAre(Pair("host.arch", "amd64"), Pair("host.id", "0123456789abcdef0123456789abcdef"),
                  Pair("host.name", "host-1")));
}

TEST(OsDetector, ReadsTheReleaseFile) {
  Machine machine;
  machine.files["/etc/os-release"] =
      "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME='Debian GNU/Linux'\nVERSION_ID=12\n";
  machine.files["/proc/sys/kernel/osrelease"] = "6.1.0-13-amd64\n";
  EXPECT_THAT(
      machine.found_by("os"),
      ElementsAre(Pair("os.description", "Debian GNU/Linux 12 (bookworm), Linux 6.1.0-13-amd64"),
                  Pair("os.name", "Debian GNU/Linux"), Pair("os.type", "linux"),
                  Pair("os.version", "12")));
}

TEST(OsDetector, TakesEscapesOutOfQuotedValues) {
  EXPECT_EQ(os_release_value("NAME=\"a \\\"b\\\" \\$c\"\n", "NAME"), "a \"b\" $c");
  EXPECT_EQ(os_release_value("NAME=\n", "NAME"), "");
  EXPECT_EQ(os_release_value("VERSION_NAME=x\n", "NAME"), std::nullopt);
}

TEST(ContainerDetector, KnowsTheFormsOfCgroupVersion1) {
  for (const std::string& line :
       {"12:memory:/docker/" + id, "11:cpu:/system.slice/docker-" + id + ".scope",
        "1:name=systemd:/kubepods/burstable/pod1a2b/" + id,
        "9:pids:/kubepods.slice/kubepods-pod1a.slice/cri-containerd-" + id + ".scope",
        "3:cpu:/kubepods-besteffort-pod1.slice:cri-containerd:" + id + "/" + id}) {
    Machine machine;
    machine.files["/proc/self/cgroup"] = "13:rdma:/\n" + line + "\n0::/\n";
    EXPECT_THAT(machine.found_by("container"), ElementsAre(Pair("container.id", id))) << line;
  }
}

TEST(ContainerDetector, KnowsTheMountsOfCgroupVersion2) {
  Machine machine;
  machine.files["/proc/self/cgroup"] = "0::/\n";
  machine.files["/proc/self/mountinfo"] =
      "700 690 0:50 / / rw - overlay overlay rw\n"
      "718 696 254:1 /var/lib/docker/containers/" +
      id + "/hostname /etc/hostname rw,relatime - ext4 /dev/vda1 rw\n";
  EXPECT_THAT(machine.found_by("container"), ElementsAre(Pair("container.id", id)));
  machine.files["/proc/self/mountinfo"] = "718 696 0:25 /containers/overlay-containers/" + id +
                                          "/userdata/hosts /etc/hosts rw - tmpfs tmpfs rw\n";
  EXPECT_THAT(machine.found_by("container"), ElementsAre(Pair("container.id", id)));
}

TEST(ContainerDetector, FindsNothingWhereThereIsNoContainer) {
  Machine machine;
  EXPECT_THAT(machine.found_by("container"), IsEmpty());
  machine.files["/proc/self/cgroup"] = "0::/user.slice/user-1000.slice/session-3.scope\n";
  machine.files["/proc/self/mountinfo"] =
      "29 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw\n"
      "30 29 254:1 /var/lib/docker/containers/" +
      id +
      "/hostname /srv/x rw - ext4 /dev/vda1 rw\n"
      "31 29 254:1 /containers/notanid/hostname /etc/hostname rw - ext4 /dev/vda1 rw\n";
  EXPECT_THAT(machine.found_by("container"), IsEmpty());
}

TEST(KubernetesDetector, ReadsWhatTheDownwardApiSays) {
  Machine machine;
  machine.variables = {{"KUBERNETES_SERVICE_HOST", "10.0.0.1"},
                       {"POD_NAME", "shop-7d4b-x2x9"},
                       {"K8S_NODE_NAME", "node-3"},
                       {"K8S_DEPLOYMENT_NAME", "shop"}};
  machine.files["/var/run/secrets/kubernetes.io/serviceaccount/namespace"] = "prod\n";
  EXPECT_THAT(machine.found_by("k8s"),
              ElementsAre(Pair("k8s.deployment.name", "shop"), Pair("k8s.namespace.name", "prod"),
                          Pair("k8s.node.name", "node-3"), Pair("k8s.pod.name", "shop-7d4b-x2x9")));
  machine.variables.erase("POD_NAME");
  EXPECT_THAT(machine.found_by("k8s"), Contains(Pair("k8s.pod.name", "host-1")));
  machine.variables.erase("KUBERNETES_SERVICE_HOST");
  EXPECT_THAT(machine.found_by("k8s"), IsEmpty());
}

const Environment::Variables site{{"WEBSITE_SITE_NAME", "shop"},
                                  {"WEBSITE_INSTANCE_ID", "i-1"},
                                  {"WEBSITE_OWNER_NAME", "sub-1+plan-weu"},
                                  {"WEBSITE_RESOURCE_GROUP", "rg"},
                                  {"WEBSITE_SLOT_NAME", "Production"},
                                  {"WEBSITE_HOSTNAME", "shop.azurewebsites.net"},
                                  {"REGION_NAME", "West Europe"}};

TEST(AzureDetectors, TellAppServiceFromFunctions) {
  Machine machine;
  machine.variables = site;
  const ResourceAttributes app = machine.found_by("azure_app_service");
  EXPECT_THAT(app, Contains(Pair("service.name", "shop")));
  EXPECT_THAT(app, Contains(Pair("service.instance.id", "i-1")));
  EXPECT_THAT(app, Contains(Pair("cloud.platform", "azure_app_service")));
  EXPECT_THAT(app, Contains(Pair("host.id", "shop.azurewebsites.net")));
  EXPECT_THAT(app, Contains(Pair("cloud.resource_id",
                                 "/subscriptions/sub-1/resourceGroups/rg/providers/Microsoft.Web/"
                                 "sites/shop")));
  EXPECT_THAT(machine.found_by("azure_functions"), IsEmpty());

  machine.variables["FUNCTIONS_EXTENSION_VERSION"] = "~4";
  EXPECT_THAT(machine.found_by("azure_app_service"), IsEmpty());
  const ResourceAttributes function = machine.found_by("azure_functions");
  EXPECT_THAT(function, Contains(Pair("cloud.platform", "azure_functions")));
  EXPECT_THAT(function, Contains(Pair("faas.version", "~4")));
  EXPECT_THAT(function, Contains(Pair("faas.instance", "i-1")));
}

TEST(AzureDetectors, KnowContainerApps) {
  Machine machine;
  machine.variables = {{"CONTAINER_APP_NAME", "shop"},
                       {"CONTAINER_APP_REPLICA_NAME", "shop--r1-abc"},
                       {"CONTAINER_APP_REVISION", "shop--r1"}};
  EXPECT_THAT(
      machine.found_by("azure_container_apps"),
      ElementsAre(Pair("cloud.platform", "azure_container_apps"), Pair("cloud.provider", "azure"),
                  Pair("service.instance.id", "shop--r1-abc"), Pair("service.name", "shop"),
                  Pair("service.version", "shop--r1")));
}

TEST(Detectors, AreChosenByName) {
  Machine machine;
  machine.variables = site;
  EXPECT_THAT(machine.found_by("none"), IsEmpty());
  EXPECT_THAT(machine.found_by("host"), Not(Contains(Key("service.name"))));
  const ResourceAttributes all = machine.found_by("all");
  EXPECT_THAT(all, Contains(Key("service.name")));
  EXPECT_THAT(all, Contains(Key("process.pid")));
  EXPECT_THAT(machine.warnings, IsEmpty());
}

TEST(Detectors, ThatAreUnknownAreToldWithTheChoice) {
  Machine machine;
  EXPECT_THAT(machine.found_by("hosts"), IsEmpty());
  ASSERT_EQ(machine.warnings.size(), 1u);
  EXPECT_NE(machine.warnings[0].message.find("\"hosts\""), std::string::npos);
  EXPECT_NE(machine.warnings[0].message.find("azure_app_service"), std::string::npos);
}

TEST(Detectors, FindLessThanWhatTheUserSays) {
  std::vector<Diagnostic> warnings;
  Environment::Variables variables = site;
  variables["OTEL_SERVICE_NAME"] = "orders";
  const auto resource =
      make_resource({.service_version = "2"}, Environment(variables), {}, warnings);
  ASSERT_TRUE(resource);
  EXPECT_EQ(resource->get("service.name"), "orders");
  EXPECT_EQ(resource->get("service.instance.id"), "i-1");
  variables["OTEL_RESOURCE_DETECTORS"] = "host, os";
  EXPECT_EQ(make_resource({}, Environment(variables), {}, warnings)->get("service.instance.id"),
            "");
  variables["OTEL_RESOURCE_DETECTORS"] = "all";
  EXPECT_EQ(make_resource({.resource_detectors = std::vector<std::string>{}},
                          Environment(variables), {}, warnings)
                ->get("service.instance.id"),
            "");
}

TEST(Detectors, AskTheMetadataOfAzureOnlyWhereItIsNamed) {
  const auto asks = [](const std::string& names) {
    std::vector<Diagnostic> warnings;
    const Environment environment(Environment::Variables{{"OTEL_RESOURCE_DETECTORS", names}});
    const auto resource = make_resource({}, environment, {}, warnings);
    EXPECT_TRUE(warnings.empty()) << warnings.front().message;
    EXPECT_EQ(resource->get("cloud.provider"), "");
    return resource->asks_azure_vm;
  };
  EXPECT_TRUE(asks("azure_vm"));
  EXPECT_TRUE(asks("all,azure_vm"));
  EXPECT_FALSE(asks("all"));
  EXPECT_FALSE(asks("none,azure_vm"));
  std::vector<Diagnostic> warnings;
  EXPECT_FALSE(make_resource({}, Environment(), {}, warnings)->asks_azure_vm);
}

TEST(Detectors, ReadThisMachine) {
  std::vector<Diagnostic> warnings;
  const ResourceAttributes found = detect(std::array<std::string_view, 1>{"all"}, Environment(),
                                          HostFacts::of_process(), warnings);
  EXPECT_THAT(found, Contains(Pair("os.type", "linux")));
  EXPECT_THAT(found, Contains(Pair("process.executable.name", "config_test")));
}

}  // namespace
}  // namespace posthaste::config
