#include "tests/runtime/wire/encoded.h"

namespace posthaste::wire {
namespace {

std::string role(const Attributes& attributes) {
  return cloud_role(model::Resource(attributes));
}

TEST(CloudRole, IsNamespaceAndName) {
  EXPECT_EQ(role({{"service.name", "shop"}}), "shop");
  EXPECT_EQ(role({{"service.namespace", "prod"}, {"service.name", "shop"}}), "prod.shop");
  EXPECT_EQ(role({{"service.name", 7}}), "7");
  EXPECT_EQ(role({}), "");
}

TEST(CloudRole, IsWhatKubernetesSaysForAServiceWithoutName) {
  EXPECT_EQ(role({{"service.name", "unknown_service:x"}, {"k8s.job.name", "j"}}), "j");
  EXPECT_EQ(role({{"k8s.job.name", "j"}, {"k8s.deployment.name", "d"}}), "d");
  EXPECT_EQ(role({{"service.name", "shop"}, {"k8s.deployment.name", "d"}}), "shop");
  EXPECT_EQ(role({{"service.namespace", "prod"}, {"service.name", "unknown_service"}}),
            "prod.unknown_service");
}

TEST(CloudRole, InstanceIsThePodThenTheInstanceThenTheHost) {
  const auto instance = [](const Attributes& all) {
    return cloud_role_instance(model::Resource(all));
  };
  EXPECT_EQ(instance({{"host.name", "h"}, {"service.instance.id", "i"}, {"k8s.pod.name", "p"}}),
            "p");
  EXPECT_EQ(instance({{"host.name", "h"}, {"service.instance.id", "i"}}), "i");
  EXPECT_EQ(instance({{"host.name", "h"}}), "h");
}

TEST(Tags, OfTheProcessAreInEveryItem) {
  EncoderContext context = plain_context();
  context.resource = model::Resource({{"service.name", "shop"},
                                      {"service.instance.id", "i-1"},
                                      {"service.version", "2.3.4"},
                                      {"device.id", "d"},
                                      {"device.model.name", "m"}});
  model::RecordBuilder span = make_span(SpanKind::server, "s");
  span.event("e", new_year, true);
  const Encoded encoded = encode(span, context);
  ASSERT_EQ(encoded.items.size(), 2u);
  for (const Item& item : encoded.items) {
    EXPECT_EQ(item.tag("ai.cloud.role"), "shop");
    EXPECT_EQ(item.tag("ai.cloud.roleInstance"), "i-1");
    EXPECT_EQ(item.tag("ai.application.ver"), "2.3.4");
    EXPECT_EQ(item.tag("ai.device.id"), "d");
    EXPECT_EQ(item.tag("ai.device.model"), "m");
    EXPECT_EQ(item.tag("ai.operation.id"), "0af7651916cd43dd8448eb211c80319c");
    EXPECT_NE(item.tag("ai.internal.sdkVersion"), "-");
  }
}

TEST(Tags, OfTheUserComeFromAttributesAndLeaveTheProperties) {
  const Item item = encode_span(SpanKind::server, "s",
                                {{"enduser.id", "alice"},
                                 {"enduser.pseudo.id", "u-1"},
                                 {"session.id", "s-1"},
                                 {"user_agent.original", "curl/8"},
                                 {"client.address", "203.0.113.9"},
                                 {"microsoft.user.account_id", "acc"},
                                 {"microsoft.synthetic_source", "probe"},
                                 {"ai.device.id", "dev"},
                                 {"ai.device.type", "PC"}})[0];
  EXPECT_EQ(item.tag("ai.user.authUserId"), "alice");
  EXPECT_EQ(item.tag("ai.user.id"), "u-1");
  EXPECT_EQ(item.tag("ai.session.id"), "s-1");
  EXPECT_EQ(item.tag("ai.user.userAgent"), "curl/8");
  EXPECT_EQ(item.tag("ai.location.ip"), "203.0.113.9");
  EXPECT_EQ(item.tag("ai.user.accountId"), "acc");
  EXPECT_EQ(item.tag("ai.operation.syntheticSource"), "probe");
  EXPECT_EQ(item.tag("ai.device.id"), "dev");
  EXPECT_EQ(item.tag("ai.device.type"), "PC");
  EXPECT_TRUE(item.property_keys().empty());
}

TEST(Tags, TheCallersAddressIsThatOfServersOnly) {
  const AttributeList peer{{"network.peer.address", "10.0.0.9"}};
  EXPECT_EQ(encode_span(SpanKind::server, "s", all_of(peer))[0].tag("ai.location.ip"), "10.0.0.9");
  EXPECT_EQ(encode_span(SpanKind::client, "s", all_of(peer))[0].tag("ai.location.ip"), "-");
  const AttributeList given{{"microsoft.client.ip", "1.2.3.4"}, {"client.address", "5.6.7.8"}};
  EXPECT_EQ(encode_span(SpanKind::client, "s", all_of(given))[0].tag("ai.location.ip"), "1.2.3.4");
}

TEST(Tags, SyntheticTrafficIsMarked) {
  const AttributeList bot{{"user_agent.synthetic.type", "bot"}};
  EXPECT_EQ(encode_span(SpanKind::server, "s", all_of(bot))[0].tag("ai.operation.syntheticSource"),
            "True");
}

TEST(Tags, AreCutToTheirLimits) {
  const std::string text(3'000, 'x');
  const Item item = encode_span(SpanKind::server, text,
                                {{"enduser.id", text},
                                 {"enduser.pseudo.id", text},
                                 {"session.id", text},
                                 {"client.address", text}})[0];
  EXPECT_EQ(item.tag("ai.operation.name").size(), 1'024u);
  EXPECT_EQ(item.tag("ai.user.authUserId").size(), 1'024u);
  EXPECT_EQ(item.tag("ai.user.id").size(), 128u);
  EXPECT_EQ(item.tag("ai.session.id").size(), 64u);
  EXPECT_EQ(item.tag("ai.location.ip").size(), 46u);
  EncoderContext context = plain_context();
  context.resource = model::Resource({{"service.name", text}});
  model::RecordBuilder span = make_span(SpanKind::server, "s");
  EXPECT_EQ(encode(span, context)[0].tag("ai.cloud.role").size(), 256u);
}

TEST(Tags, OfTheProcessAreNotMadeOfFalseOrZero) {
  const model::Resource resource({{"service.name", 0},
                                  {"service.namespace", false},
                                  {"k8s.job.name", "nightly"},
                                  {"k8s.pod.name", 0.0},
                                  {"service.instance.id", "i-7"},
                                  {"device.id", false}});
  EXPECT_EQ(cloud_role(resource), "nightly");
  EXPECT_EQ(cloud_role_instance(resource), "i-7");
  EXPECT_EQ(DeviceTags::of(resource).id, "");
}

TEST(Tags, AnEmptySessionIsOneWhereThereIsNoOther) {
  const auto session = [](std::initializer_list<Attribute> attributes) {
    return encode_span(SpanKind::server, "s", attributes)[0].tag("ai.session.id");
  };
  EXPECT_EQ(session({{"session.id", ""}}), "");
  EXPECT_EQ(session({{"session.id", "s"}, {"microsoft.session.id", ""}}), "s");
  EXPECT_EQ(session({{"microsoft.session.id", ""}}), "-");
  EXPECT_EQ(session({{"session.id", 7}}), "-");
}

}  // namespace
}  // namespace posthaste::wire
