#include "tests/tools/emulator/emulator_fixture.h"

#include <libdeflate.h>

namespace posthaste::tools {
namespace {

std::string gzip(std::string_view text) {
  libdeflate_compressor* const compressor = libdeflate_alloc_compressor(1);
  std::string bytes(libdeflate_gzip_compress_bound(compressor, text.size()), '\0');
  bytes.resize(
      libdeflate_gzip_compress(compressor, text.data(), text.size(), bytes.data(), bytes.size()));
  libdeflate_free_compressor(compressor);
  return bytes;
}

TEST_F(EmulatorTest, ServesBothPathsOverHttpAndHttpsInAllEncodings) {
  start();
  const EmulatorAddress& address = emulator->address();
  std::int64_t sent = 0;
  for (const bool tls : {false, true}) {
    for (const std::string_view path : {"/v2.1/track", "/v2/track", "/v2.1/track?x=1"}) {
      LoopbackClient client = tls ? LoopbackClient(address.https, address.ca_path, "localhost")
                                  : LoopbackClient(address.http);
      for (const bool array : {false, true}) {
        const std::string one = good_request(std::to_string(++sent));
        const std::string body = array ? '[' + one + ']' : one + '\n';
        const std::string_view type = array ? "Content-Type: application/json\r\n"
                                            : "Content-Type: application/x-json-stream\r\n";
        const auto plain = client.request("POST", path, body, type);
        ASSERT_TRUE(plain.has_value());
        EXPECT_EQ(plain->status, 200u) << plain->body;
        const auto zipped = client.request("POST", path, gzip(body),
                                           std::string(type) + "Content-Encoding: gzip\r\n");
        ASSERT_TRUE(zipped.has_value());
        EXPECT_EQ(zipped->body,
                  R"({"itemsReceived":1,"itemsAccepted":1,"appId":null,"errors":[]})");
      }
    }
  }
  EXPECT_EQ(accepted(), 2 * sent);
}

TEST_F(EmulatorTest, AnswersPartialSuccessWithTheIndexesOfTheRejected) {
  start();
  const auto answer =
      client().request("POST", track, good_request("a") + "\n{}\n" + good_request("b"));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 206u);
  EXPECT_EQ(boost::json::parse(answer->body).at("errors").at(0).at("index").as_int64(), 1);
}

TEST_F(EmulatorTest, TellsWrongPathsMethodsAndHostsApart) {
  start();
  EXPECT_EQ(client().request("POST", "/v3/track", "x")->status, 404u);
  EXPECT_EQ(client().request("GET", "/")->status, 404u);
  EXPECT_EQ(client().request("GET", track)->headers["allow"], "POST");
  EXPECT_EQ(client().request("DELETE", "/control/summary")->status, 405u);
  EXPECT_EQ(
      client().request("POST", track, good_request(), "Origin: https://evil.test\r\n")->status,
      403u);
  LoopbackClient foreign = client();
  foreign.send("GET /control/summary HTTP/1.1\r\nHost: evil.test\r\n\r\n");
  EXPECT_EQ(foreign.read_answer()->status, 403u);
  EXPECT_EQ(accepted(), 0);
}

TEST_F(EmulatorTest, ServesTheHostsThatItWasGiven) {
  settings.hosts = {"ingestion.test"};
  start();
  LoopbackClient named = client();
  named.send("GET /control/summary HTTP/1.1\r\nHost: Ingestion.test:1\r\n\r\n");
  EXPECT_EQ(named.read_answer()->status, 200u);
}

TEST_F(EmulatorTest, SurvivesBytesThatAreNotHttp) {
  start();
  for (const std::string& bytes :
       {std::string("\x16\x03\x01 hello"), std::string("GET\r\n\r\n"),
        std::string("POST /v2.1/track HTTP/9.9\r\n\r\n"), std::string(100'000, 'x'),
        "GET / HTTP/1.1\r\n" + std::string(100'000, 'h'),
        std::string("POST /v2.1/track HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n"),
        std::string("POST /v2.1/track HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                    "Transfer-Encoding: chunked\r\n\r\nzz\r\n")}) {
    LoopbackClient hostile = client();
    hostile.send(bytes);
    hostile.read_some(100);
  }
  {
    LoopbackClient half = client();
    half.send("POST /v2.1/track HT");
  }
  { LoopbackClient gone = client(); }
  EXPECT_EQ(post(), 200u);
  EXPECT_EQ(accepted(), 1);
}

TEST_F(EmulatorTest, RefusesABodyOverItsCapByTheHeaderAlone) {
  start();
  LoopbackClient plain = client();
  plain.send("POST /v2.1/track HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 67108865\r\n\r\n");
  EXPECT_EQ(plain.read_answer()->status, 413u);
  LoopbackClient zipped = client();
  zipped.send(
      "POST /v2.1/track HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Encoding: gzip\r\n"
      "Content-Length: 16777217\r\n\r\n");
  EXPECT_EQ(zipped.read_answer()->status, 413u);
}

TEST_F(EmulatorTest, RefusesABodyThatGrowsOverItsCap) {
  start();
  LoopbackClient chunked = client();
  chunked.send(
      "POST /v2.1/track HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Encoding: gzip\r\n"
      "Transfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "100000\r\n" + std::string(1UL << 20, 'x') + "\r\n";
  for (int i = 0; i < 17; ++i) chunked.send(chunk);
  const auto answer = chunked.read_answer();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 413u);
}

TEST_F(EmulatorTest, ReadsChunkedBodiesAndSaysContinue) {
  start();
  const std::string item = good_request();
  LoopbackClient client = this->client();
  client.send(
      "POST /v2.1/track HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\n"
      "Transfer-Encoding: chunked\r\n\r\n");
  const std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
  ASSERT_EQ(client.read_some(go_on.size()), go_on);
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", item.size());
  client.send(size + item + "\r\n0\r\n\r\n");
  EXPECT_NE(client.read_some(go_on.size() + 15).find("HTTP/1.1 200 OK"), std::string::npos);
}

TEST_F(EmulatorTest, AnswersRequestsOneAfterTheOtherOnOneConnection) {
  start();
  LoopbackClient client = this->client();
  std::string pipelined;
  for (int i = 0; i < 3; ++i) {
    const std::string body = good_request(std::to_string(i));
    pipelined += "POST /v2.1/track HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " +
                 std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  client.send(pipelined);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.read_answer()->status, 200u);
  EXPECT_EQ(accepted(), 3);
}

TEST_F(EmulatorTest, ClosesWhenTheClientAsksForIt) {
  start();
  LoopbackClient client = this->client();
  EXPECT_EQ(client.request("POST", track, good_request(), "Connection: close\r\n")->status, 200u);
  EXPECT_TRUE(client.ended_orderly());
}

TEST_F(EmulatorTest, AnswersAStatusFaultUntilItIsEnded) {
  start();
  set_fault("status=429,retry-after=7");
  const auto answer = client().request("POST", track, good_request());
  EXPECT_EQ(answer->status, 429u);
  EXPECT_EQ(answer->headers.at("retry-after"), "7");
  EXPECT_EQ(accepted(), 0);
  control("DELETE", "/control/fault");
  EXPECT_EQ(post(), 200u);
}

TEST_F(EmulatorTest, StartsWithTheFaultsItWasGiven) {
  settings.faults = {*parse_fault("status=503,next=1")};
  start();
  EXPECT_EQ(post(), 503u);
  EXPECT_EQ(post(), 200u);
}

TEST_F(EmulatorTest, TurnsFaultsOverByTheClock) {
  start();
  set_fault("status=500,after=10s,for=6s");
  EXPECT_EQ(post(), 200u);
  clock.advance(10s);
  EXPECT_EQ(post(), 500u);
  clock.advance(6s);
  EXPECT_EQ(post(), 200u);
}

TEST_F(EmulatorTest, CutsBeforeTheRequestIsRead) {
  start();
  set_fault("cut=before-request,next=1");
  EXPECT_EQ(post(), 0u);
  EXPECT_EQ(accepted(), 0);
}

TEST_F(EmulatorTest, CutsInTheMiddleOfTheRequest) {
  start();
  set_fault("cut=mid-request,rst,next=1");
  LoopbackClient client = this->client();
  EXPECT_EQ(client.request("POST", track, std::string(100'000, ' ') + good_request()),
            std::nullopt);
  EXPECT_EQ(accepted(), 0);
}

TEST_F(EmulatorTest, CutsAfterTheRequestWasTaken) {
  start();
  set_fault("cut=after-request,next=1");
  LoopbackClient client = this->client();
  EXPECT_EQ(client.request("POST", track, good_request()), std::nullopt);
  EXPECT_TRUE(client.ended_orderly());
  EXPECT_EQ(accepted(), 1);
  EXPECT_EQ(post(), 200u);  // as a client must: it cannot know
  EXPECT_EQ(duplicates(), 1);
}

TEST_F(EmulatorTest, CutsWithAReset) {
  start();
  set_fault("cut=rst,next=1");
  LoopbackClient client = this->client();
  EXPECT_EQ(client.request("POST", track, good_request()), std::nullopt);
  EXPECT_FALSE(client.ended_orderly());
  EXPECT_EQ(accepted(), 1);
}

TEST_F(EmulatorTest, CutsInTheMiddleOfTheAnswer) {
  start();
  set_fault("cut=mid-answer,next=1");
  LoopbackClient client = this->client();
  EXPECT_EQ(client.request("POST", track, good_request()), std::nullopt);
  EXPECT_EQ(client.read_some(15), "HTTP/1.1 200 OK");
  EXPECT_EQ(accepted(), 1);
}

TEST_F(EmulatorTest, FallsSilentAsABlackHole) {
  start();
  set_fault("blackhole,next=1");
  LoopbackClient lost = client();
  lost.send("POST /v2.1/track HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_EQ(post(), 200u);  // a later one is answered, so the first was read by now
  EXPECT_TRUE(lost.silent());
  EXPECT_EQ(summary().at("answers").at("none").as_int64(), 1);
}

TEST_F(EmulatorTest, DelaysTheAnswerAndNotTheItems) {
  start();
  set_fault("delay=300ms,next=1");
  LoopbackClient slow = client();
  const std::string body = good_request();
  slow.send("POST /v2.1/track HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " +
            std::to_string(body.size()) + "\r\n\r\n" + body);
  while (accepted() == 0) {
  }
  EXPECT_TRUE(slow.silent());
  EXPECT_EQ(slow.read_answer()->status, 200u);
}

TEST_F(EmulatorTest, DripsTheAnswer) {
  start();
  set_fault("drip=1ms,next=1");
  EXPECT_EQ(post(), 200u);
}

TEST_F(EmulatorTest, ReadsSlowlyAsATarpit) {
  start();
  set_fault("tarpit=100,next=1");
  LoopbackClient slow = client();
  const std::string body = good_request();
  slow.send("POST /v2.1/track HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " +
            std::to_string(body.size()) + "\r\n\r\n" + body);
  EXPECT_EQ(post(), 200u);
  EXPECT_TRUE(slow.silent());
  EXPECT_EQ(summary().at("requests").as_int64(), 1);
}

TEST_F(EmulatorTest, SendsRedirects) {
  start();
  set_fault(
      "redirect=https://elsewhere.test/v2.1/track,next=1\nstatus=308,redirect=https://a.test");
  const auto first = client().request("POST", track, good_request());
  EXPECT_EQ(first->status, 307u);
  EXPECT_EQ(first->headers.at("location"), "https://elsewhere.test/v2.1/track");
  EXPECT_EQ(client().request("POST", track, good_request())->status, 308u);
  EXPECT_EQ(accepted(), 0);
}

TEST_F(EmulatorTest, RefusesConnectionsWhileItsControlPortServes) {
  start();
  LoopbackClient kept = client();
  EXPECT_EQ(kept.request("POST", track, good_request())->status, 200u);
  set_fault("refuse");
  EXPECT_TRUE(kept.ended_orderly());
  EXPECT_FALSE(client().connected());
  EXPECT_FALSE(LoopbackClient(emulator->address().https).connected());
  control("DELETE", "/control/fault");
  EXPECT_EQ(post(), 200u);
  EXPECT_TRUE(LoopbackClient(emulator->address().https, emulator->address().ca_path, "127.0.0.1")
                  .secured());
}

TEST_F(EmulatorTest, LetsARequestUnderWayFinishBeforeItRefuses) {
  start();
  set_fault("delay=200ms");
  LoopbackClient client = this->client();
  const std::string body = good_request();
  client.send("POST /v2.1/track HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body);
  while (accepted() == 0) {
  }
  set_fault("refuse");
  EXPECT_EQ(client.read_answer()->status, 200u);
  EXPECT_TRUE(client.ended_orderly());
  EXPECT_FALSE(this->client().connected());
}

TEST_F(EmulatorTest, WillNotCloseItsOnlyPortForGood) {
  settings.control_port.reset();
  start();
  EXPECT_EQ(emulator->address().control, emulator->address().http);
  const auto refused = control("PUT", "/control/fault", "refuse");
  EXPECT_EQ(refused->status, 409u);
  EXPECT_NE(refused->body.find("--control-port"), std::string::npos);
  EXPECT_EQ(post(), 200u);
}

TEST_F(EmulatorTest, StallsHandshakes) {
  start();
  set_fault("stall-handshake,next=1");
  LoopbackClient stalled(emulator->address().https);
  stalled.send(std::string("\x16\x03\x01\x00\x05hello", 10));
  const EmulatorAddress& address = emulator->address();
  EXPECT_TRUE(LoopbackClient(address.https, address.ca_path, "localhost").secured());
  EXPECT_TRUE(stalled.silent());
}

TEST_F(EmulatorTest, ShowsCertificatesThatMustBeRefused) {
  start();
  const EmulatorAddress& address = emulator->address();
  for (const std::string_view fault : {"tls=expired", "tls=wrong-host", "tls=old-version"}) {
    set_fault(fault);
    EXPECT_FALSE(LoopbackClient(address.https, address.ca_path, "localhost").secured()) << fault;
  }
  set_fault("tls=wrong-host");
  EXPECT_TRUE(LoopbackClient(address.https, address.ca_path, "elsewhere.test").secured());
  control("DELETE", "/control/fault");
  EXPECT_TRUE(LoopbackClient(address.https, address.ca_path, "localhost").secured());
}

TEST_F(EmulatorTest, BreaksHttpOnRequest) {
  start();
  const auto first_bytes = [this](std::string_view kind, std::size_t count) {
    set_fault("answer=" + std::string(kind));
    LoopbackClient client = this->client();
    const std::string body = good_request();
    client.send("POST /v2.1/track HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + body);
    return client.read_some(count);
  };
  EXPECT_NE(first_bytes("huge", 200'000).find("Content-Length: 1073741824"), std::string::npos);
  EXPECT_EQ(first_bytes("endless-headers", 200'000).size(), 200'000u);
  EXPECT_EQ(first_bytes("endless-chunk", 200'000).size(), 200'000u);
  EXPECT_NE(first_bytes("bad-chunk", 1000).find("\r\n\r\nxyz\r\n"), std::string::npos);
  EXPECT_NE(first_bytes("two-lengths", 1000).find("Content-Length: 5"), std::string::npos);
  EXPECT_NE(first_bytes("length-and-chunks", 1000).find("Transfer-Encoding"), std::string::npos);
  EXPECT_EQ(first_bytes("continue-flood", 200'000).size(), 200'000u);
  EXPECT_NE(first_bytes("gzip-bomb", 1000).find("Content-Encoding: gzip"), std::string::npos);
  EXPECT_NE(first_bytes("not-json", 1000).find("<html>"), std::string::npos);
  EXPECT_EQ(accepted(), 9);
}

TEST_F(EmulatorTest, ShowsAndRefusesFaultsOverHttp) {
  start();
  EXPECT_EQ(control("PUT", "/control/fault", "nonsense")->status, 400u);
  set_fault(R"([{"status":503,"next":1},"delay=1ms"])");
  control("POST", "/control/fault", "drip=1ms");
  const auto shown = boost::json::parse(control("GET", "/control/fault")->body).as_array();
  EXPECT_EQ(shown.size(), 3u);
}

TEST_F(EmulatorTest, ForgetsItsCountsOnReset) {
  start();
  post();
  EXPECT_EQ(control("POST", "/control/reset")->status, 200u);
  EXPECT_EQ(accepted(), 0);
  post();
  EXPECT_EQ(duplicates(), 0);
}

TEST_F(EmulatorTest, KeepsItsAuthorityFromRunToRun) {
  start();
  const std::string ca_path = emulator->address().ca_path;
  auto other = Emulator::start(settings, clock);
  ASSERT_TRUE(other.has_value());
  EXPECT_EQ((*other)->address().ca_path, ca_path);
  EXPECT_TRUE(LoopbackClient(emulator->address().https, ca_path, "127.0.0.1").secured());
  const auto mode = std::filesystem::status(scratch() / "certificates/ca-key.pem").permissions();
  EXPECT_EQ(mode, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(EmulatorTest, MakesANewAuthorityWhenItsFilesAreDamaged) {
  settings.certificate_directory = scratch() / "damaged";
  ASSERT_TRUE(Emulator::start(settings, clock).has_value());
  std::filesystem::resize_file(settings.certificate_directory + "/ca.pem", 100);
  start();
  const EmulatorAddress& address = emulator->address();
  EXPECT_TRUE(LoopbackClient(address.https, address.ca_path, "localhost").secured());
}

TEST_F(EmulatorTest, SaysWhyItCannotStart) {
  start();
  EmulatorSettings same = settings;
  same.port = emulator->address().http;
  const auto taken = Emulator::start(same, clock);
  ASSERT_FALSE(taken.has_value());
  EXPECT_NE(taken.error().message().find(std::to_string(same.port)), std::string::npos);

  EmulatorSettings nowhere = settings;
  nowhere.certificate_directory = "/proc/nowhere";
  const auto unwritable = Emulator::start(nowhere, clock);
  ASSERT_FALSE(unwritable.has_value());
  EXPECT_NE(unwritable.error().message().find("--cert-dir"), std::string::npos);
}

}  // namespace
}  // namespace posthaste::tools
