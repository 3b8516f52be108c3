// Many requests at once against a server that does anything, by seed. What the client says of each
// is held against what the server received: the ids of the bodies that came whole.

#include <map>
#include <mutex>
#include <random>

#include "tests/runtime/http/client_fixture.h"

namespace posthaste::http {
namespace {

class ChaosServer {
public:
  explicit ChaosServer(std::uint32_t seed) : random_(seed) {}

  void serve(ServerConnection& connection) {
    for (bool open = true; open;) open = serve_one(connection);
  }

  int times_received(const std::string& id) {
    const std::lock_guard lock(mutex_);
    return received_[id];
  }

private:
  unsigned roll(unsigned sides) {
    const std::lock_guard lock(mutex_);
    return static_cast<unsigned>(random_() % sides);
  }

  bool serve_one(ServerConnection& connection) {
    const unsigned whim = roll(20);
    if (whim == 0) {
      connection.reset();
      return false;
    }
    if (whim <= 2) {  // hears the beginning only
      if (connection.read_head() && whim == 1) connection.read_exactly(2);
      connection.reset();
      return false;
    }
    const auto request = connection.read_request();
    if (!request) return false;
    {
      const std::lock_guard lock(mutex_);
      ++received_[request->body.substr(0, request->body.find(' '))];
    }
    return answer(connection, whim);
  }

  static bool answer(ServerConnection& connection, unsigned whim) {
    switch (whim) {
      case 3: connection.reset(); return false;
      case 4: return false;  // closes without a word
      case 5: connection.send("nonsense\r\n\r\n"); return false;
      case 6: connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"); return false;
      case 7: connection.wait_for_close(); return false;
      case 8: connection.answer(200, "", "Connection: close\r\n"); return false;
      case 9: connection.answer(200); return false;  // promises to stay, and closes
      default: return connection.answer(whim < 12 ? 503 : 200, "fine");
    }
  }

  std::mutex mutex_;
  std::mt19937 random_;                  // guarded by mutex_
  std::map<std::string, int> received_;  // guarded by mutex_
};

struct Sent {
  std::string id;
  std::future<Outcome> outcome;
};

TEST_F(ClientTest, SaysTheTruthOfEveryRequestWhateverTheServerDoes) {
  std::mt19937 random(20260);
  int answered = 0;
  int ambiguous = 0;
  int unambiguous = 0;
  for (const bool secure : {true, false}) {
    ChaosServer chaos(secure ? 7 : 11);
    TlsServer server(secure ? tls() : plain(),
                     [&](ServerConnection& connection) { chaos.serve(connection); });
    std::vector<Sent> all;
    for (int i = 0; i < 200; ++i) {
      if (i >= 8) all[static_cast<std::size_t>(i) - 8].outcome.wait();  // eight at a time
      const std::size_t size = random() % 16 == 0 ? 6'000'000 : 100;
      const std::string id = "id" + std::to_string(i);
      RequestId posted{};
      all.push_back({id, begin(request(server.url(), id + " " + std::string(size, 'x'),
                                       {.first_byte = 30ms, .total = 2s}),
                               &posted)});
      if (random() % 16 == 0) client().cancel(posted);
    }
    for (auto& [id, future] : all) {
      const Outcome outcome = wait(std::move(future));
      const int received = chaos.times_received(id);
      EXPECT_LE(received, 1) << id << " was sent twice by the client itself";
      if (outcome.response) {
        ++answered;
        EXPECT_EQ(received, 1) << id << " was answered " << outcome.status;
      } else if (outcome.ambiguous) {
        ++ambiguous;
      } else {
        ++unambiguous;
        EXPECT_EQ(received, 0) << id << " arrived, but: " << outcome.response.error().message();
      }
    }
  }
  EXPECT_EQ(answered + ambiguous + unambiguous, 400);
  EXPECT_GT(answered, 100);
  EXPECT_GT(ambiguous, 10);
  EXPECT_GT(unambiguous, 10);
}

}  // namespace
}  // namespace posthaste::http
