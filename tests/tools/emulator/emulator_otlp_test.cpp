#include "tests/tools/emulator/emulator_fixture.h"

namespace posthaste::tools {
namespace {

struct EmulatorOtlpTest : EmulatorTest {
  EmulatorOtlpTest() { settings.otlp_port = 0; }
  LoopbackClient otlp_client() { return LoopbackClient(emulator->address().otlp); }
  static std::string request() {
    return R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"spanId":"00f067aa0ba902b7"}]}]}]})";
  }
  std::optional<Answer> post_spans(LoopbackClient client) {
    return client.request("POST", "/v1/traces", request(), "Content-Type: application/json\r\n");
  }
  std::int64_t spans(std::string_view what) {
    return summary().at("otlp").at("spans").at(what).as_int64();
  }
};

TEST_F(EmulatorOtlpTest, MeetsTheSameFaultsOnTheWire) {
  start();
  set_fault("status=503,retry-after=3,next=1");
  const auto refused = post_spans(otlp_client());
  EXPECT_EQ(refused->status, 503u);
  EXPECT_EQ(refused->headers.at("retry-after"), "3");
  for (const std::string_view lost : {"cut=before-request", "cut=mid-request"}) {
    set_fault(lost);
    EXPECT_EQ(post_spans(otlp_client()), std::nullopt) << lost;
  }
  EXPECT_EQ(spans("received"), 0);
  std::int64_t taken = 0;
  for (const std::string_view kept : {"cut=after-request", "cut=rst", "cut=mid-answer"}) {
    set_fault(kept);
    EXPECT_EQ(post_spans(otlp_client()), std::nullopt) << kept;
    EXPECT_EQ(spans("accepted"), ++taken) << kept;
  }
  EXPECT_EQ(spans("duplicates"), 2);
  set_fault("drip=1ms");
  EXPECT_EQ(post_spans(otlp_client())->status, 200u);
  set_fault("answer=not-json");
  LoopbackClient odd = otlp_client();
  odd.send("POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
  EXPECT_NE(odd.read_some(1000).find("<html>"), std::string::npos);
}

TEST_F(EmulatorOtlpTest, FallsSilentAsABlackHole) {
  start();
  set_fault("blackhole,only=otlp,next=1");
  LoopbackClient lost = otlp_client();
  lost.send("POST /v1/logs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_EQ(post(), 200u);  // meant for OTLP alone
  EXPECT_EQ(post_spans(otlp_client())->status, 200u);
  EXPECT_TRUE(lost.silent());
  const auto answers = summary().at("otlp").at("answers").as_object();
  EXPECT_EQ(answers.at("none").as_int64(), 1);
  EXPECT_EQ(answers.at("200").as_int64(), 1);
}

TEST_F(EmulatorOtlpTest, DelaysTheAnswerAndNotTheItems) {
  start();
  set_fault("delay=300ms,next=1");
  LoopbackClient slow = otlp_client();
  const std::string body = request();
  slow.send(
      "POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
      "Content-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body);
  while (spans("accepted") == 0) {
  }
  EXPECT_TRUE(slow.silent());
  EXPECT_EQ(slow.read_answer()->status, 200u);
}

TEST_F(EmulatorOtlpTest, ClosesThePortsOfOneKindOnly) {
  start();
  set_fault("refuse,only=track");
  EXPECT_FALSE(client().connected());
  EXPECT_EQ(post_spans(otlp_client())->status, 200u);
  set_fault("refuse,only=otlp");
  EXPECT_EQ(post(), 200u);
  EXPECT_FALSE(otlp_client().connected());
  control("DELETE", "/control/fault");
  EXPECT_EQ(post_spans(otlp_client())->status, 200u);
}

TEST_F(EmulatorTest, WillNotCloseAPortOfOtlpThatItDoesNotHave) {
  start();
  const auto refused = control("PUT", "/control/fault", "refuse,only=otlp");
  EXPECT_EQ(refused->status, 409u);
  EXPECT_NE(refused->body.find("--otlp-port"), std::string::npos);
}

TEST_F(EmulatorTest, AnswersWrongMethodsAndTypesOfOtlpAsACollectorDoes) {
  start();
  const auto method = client().request("GET", "/v1/traces");
  EXPECT_EQ(method->status, 405u);
  EXPECT_EQ(method->headers.at("content-type"), "text/plain");
  const auto type = client().request("POST", "/v1/logs", "{}", "Content-Type: text/html\r\n");
  EXPECT_EQ(type->status, 415u);
  EXPECT_EQ(client().request("POST", "/v1/profiles", "{}")->status, 404u);
}

}  // namespace
}  // namespace posthaste::tools
