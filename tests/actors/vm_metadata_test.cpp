// The detector azure_vm in a whole pipeline, against a metadata service on loopback.

#include "runtime/wire/gzip.h"
#include "tests/actors/pipeline_fixture.h"
#include "tests/support/tls_server.h"

#include <gmock/gmock.h>

#include <future>

namespace posthaste::actors::testing_support {
namespace {

using posthaste::testing_support::port_without_listener;
using posthaste::testing_support::ServerConnection;
using posthaste::testing_support::TlsServer;
using posthaste::testing_support::Transport;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* answer = R"({"vmId":"vm-4711","name":"web-7","location":"westeurope"})";

/// An endpoint that accepts everything and keeps its lines.
class Ingestion {
public:
  std::string connection_string() const {
    return "InstrumentationKey=c0ffee00-1111-2222-3333-44445555cafe;IngestionEndpoint="
           "http://127.0.0.1:" +
           std::to_string(server_.port());
  }
  /// What came since the last call.
  std::string take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(lines_, {});
  }

private:
  void serve(ServerConnection& connection) {
    while (const auto request = connection.read_request()) {
      wire::ByteBuffer plain;
      ASSERT_TRUE(wire::gunzip(std::as_bytes(std::span(request->body)), 1 << 20, plain));
      {
        const std::lock_guard lock(mutex_);
        lines_ += plain.view();
      }
      connection.answer(200, R"({"itemsReceived":1,"itemsAccepted":1,"errors":[]})");
    }
  }

  std::mutex mutex_;
  std::string lines_;
  TlsServer server_{{.transport = Transport::plain},
                    [this](ServerConnection& connection) { serve(connection); }};
};

RigOptions asking(std::string url) {
  RigOptions options;
  options.settings.batch.delay = milliseconds{50};
  options.settings.resource_detectors = std::vector<std::string>{"azure_vm"};
  options.store = false;
  options.vm_metadata_url = std::move(url);
  return options;
}

TEST(VmMetadataDetector, AmendsTheItemsThatComeAfterALateAnswerAndHoldsUpNothing) {
  std::promise<void> may_answer;
  std::string head;
  TlsServer service({.transport = Transport::plain}, [&](ServerConnection& connection) {
    head = connection.read_request()->head;
    may_answer.get_future().wait();
    connection.answer(200, answer);
  });
  Ingestion ingestion;
  Rig rig({ingestion.connection_string()}, asking(service.url("127.0.0.1")));
  rig.record(1);
  ASSERT_TRUE(rig.flush());
  const std::string before = ingestion.take();
  EXPECT_THAT(before, HasSubstr(R"("ai.cloud.role":"rig")"));
  EXPECT_THAT(before, Not(HasSubstr("ai.cloud.roleInstance")));
  EXPECT_EQ(rig.said_of_metadata(), "");

  may_answer.set_value();
  ASSERT_TRUE(eventually([&] { return !rig.said_of_metadata().empty(); }));
  EXPECT_THAT(rig.said_of_metadata(), HasSubstr("has amended the resource"));
  rig.record(1);
  ASSERT_TRUE(rig.flush());
  EXPECT_THAT(ingestion.take(), HasSubstr(R"("ai.cloud.roleInstance":"vm-4711")"));
  EXPECT_THAT(head, HasSubstr("GET /v2.1/track HTTP/1.1"));
  EXPECT_THAT(head, HasSubstr("\r\nMetadata: true\r\n"));
  const auto resource = model::Resource::parse(rig.arena().resource());
  ASSERT_TRUE(resource);
  EXPECT_EQ(resource->text("service.name"), "rig");
  EXPECT_EQ(resource->text("cloud.region"), "westeurope");
}

TEST(VmMetadataDetector, SaysInOneLineWhyItFoundNothingAndChangesNothing) {
  struct Case {
    TlsServer::Script script;
    const char* why;
  };
  const Case cases[] = {
      {[](ServerConnection& to) { to.read_request() && to.answer(404, answer); }, "answered 404"},
      {[](ServerConnection& to) { to.read_request() && to.answer(200, "<html>"); },
       "is not the metadata service"},
      {[](ServerConnection& to) { to.read_request() && to.answer(200, R"({"vmId":"x")"); },
       "is not the metadata service"},
      {[](ServerConnection& to) {
         to.read_request() && to.answer(307, "", "Location: http://127.0.0.1:9/\r\n");
       },
       "is not followed"},
      {[](ServerConnection& to) { to.read_request() && to.answer(302, answer); }, "answered 302"},
      {[](ServerConnection& to) {
         to.read_request() && to.answer(200, std::string(70'000, ' ') + answer);
       },
       "65536"},
      {[](ServerConnection& to) { to.read_request() && (to.reset(), true); }, "found nothing"},
  };
  for (const Case& each : cases) {
    TlsServer service({.transport = Transport::plain}, each.script);
    Ingestion ingestion;
    Rig rig({ingestion.connection_string()}, asking(service.url("127.0.0.1")));
    const std::uint32_t revision = rig.arena().resource_revision();
    ASSERT_TRUE(eventually([&] { return !rig.said_of_metadata().empty(); })) << each.why;
    EXPECT_THAT(rig.said_of_metadata(), HasSubstr(each.why));
    EXPECT_EQ(rig.arena().resource_revision(), revision);
    rig.record(1);
    EXPECT_TRUE(rig.flush());
    EXPECT_THAT(ingestion.take(), Not(HasSubstr("ai.cloud.roleInstance")));
    const std::string said = rig.said_of_metadata();
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
  }
}

TEST(VmMetadataDetector, WhereNobodyListensOrTheUrlIsBadItSaysSo) {
  const std::string nobody =
      "http://127.0.0.1:" + std::to_string(port_without_listener()) + "/metadata";
  for (const std::string& url : {nobody, std::string("https://127.0.0.1:1/"), std::string("?")}) {
    Ingestion ingestion;
    Rig rig({ingestion.connection_string()}, asking(url));
    EXPECT_TRUE(eventually([&] { return !rig.said_of_metadata().empty(); })) << url;
    EXPECT_THAT(rig.said_of_metadata(), HasSubstr("azure_vm found nothing"));
  }
}

TEST(VmMetadataDetector, DoesNotHoldUpTheEndAndIsSilentThen) {
  std::promise<void> asked;
  TlsServer service({.transport = Transport::plain}, [&](ServerConnection& connection) {
    connection.read_request();
    asked.set_value();
    connection.wait_for_close();
  });
  Ingestion ingestion;
  Rig rig({ingestion.connection_string()}, asking(service.url("127.0.0.1")));
  asked.get_future().wait();
  EXPECT_TRUE(rig.stop());
  EXPECT_TRUE(rig->end(seconds{2}));
  EXPECT_EQ(rig.said_of_metadata(), "");
}

TEST(VmMetadataDetector, IsNotAskedUnlessItIsNamed) {
  TlsServer service({.transport = Transport::plain}, [](ServerConnection&) {});
  Ingestion ingestion;
  RigOptions options = asking(service.url("127.0.0.1"));
  options.settings.resource_detectors = std::vector<std::string>{"all"};
  Rig rig({ingestion.connection_string()}, options);
  rig.record(1);
  EXPECT_TRUE(rig.flush());
  EXPECT_EQ(service.connections(), 0u);
}

}  // namespace
}  // namespace posthaste::actors::testing_support
