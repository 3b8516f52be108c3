#pragma once

/// A blocking HTTP client for tests of the emulator: sends any bytes, reads what comes, plain or
/// TLS. Every read has a deadline of five seconds, after which the test fails.

#include <cstdint>
#include <ctime>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace posthaste::tools::testing {

struct Answer {
  unsigned status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

class LoopbackClient {
public:
  /// Connects to 127.0.0.1; `connected()` tells whether anybody listened.
  explicit LoopbackClient(std::uint16_t port);
  /// The same with TLS, trusting `ca_path` and expecting `host`, at the time of the sample items.
  LoopbackClient(std::uint16_t port, const std::string& ca_path, const std::string& host,
                 std::time_t now = 1'700'000'000);
  ~LoopbackClient();

  bool connected() const noexcept;
  /// Whether the TLS handshake went well.
  bool secured() const noexcept;

  void send(std::string_view bytes);
  /// One answer with a Content-Length; nothing when the connection ended before it was whole.
  std::optional<Answer> read_answer();
  /// What comes until the connection ends, at most `most` bytes.
  std::string read_some(std::size_t most);
  /// The connection was ended by a FIN (true) or by a reset (false).
  bool ended_orderly();
  /// Nothing has come yet.
  bool silent();

  std::optional<Answer> request(std::string_view method, std::string_view target,
                                std::string_view body = {}, std::string_view headers = {});

private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace posthaste::tools::testing
