#pragma once

/// What the emulator does wrong on purpose: the grammar of `--fault` and PUT /control/fault.
/// `fault_grammar` is the text that --help prints; parse_fault reads just that.
///
/// Threads: none; plain values.

#include <posthaste/result.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace posthaste::tools {

enum class CutPoint : std::uint8_t {
  none,
  before_request,  // as the first bytes of a request arrive
  mid_request,     // when a part of the body was read
  after_request,   // the body was read, and taken
  mid_answer,      // likewise; half of the answer goes out
};

/// Answers that break HTTP, to try a client's reader on.
enum class BadAnswer : std::uint8_t {
  none,
  huge,               // Content-Length of 1 GiB, and that many bytes
  endless_headers,    // header lines without end
  endless_chunk,      // a chunk extension without end
  bad_chunk,          // a chunk size that is no number
  two_lengths,        // two Content-Length headers that differ
  length_and_chunks,  // Content-Length beside Transfer-Encoding
  continue_flood,     // 100 Continue without end
  gzip_bomb,          // Content-Encoding: gzip, 1 GiB of zeros
  not_json,           // 200 with text that is no JSON
  bad_indexes,        // 206: errors beside the batch, and one twice
  short_count,        // 200: fewer accepted than received, no errors
};

enum class TlsFault : std::uint8_t { none, expired, wrong_host, old_version };

/// What happens to one request or connection. Default: nothing wrong.
struct FaultEffect {
  unsigned status = 0;      // the answer instead of the true one
  std::string retry_after;  // as it stands in the header
  std::string redirect;     // Location, with 307 unless a status is given
  std::chrono::milliseconds delay{};
  CutPoint cut = CutPoint::none;
  bool reset = false;  // cuts with RST instead of FIN
  bool blackhole = false;
  bool stall_handshake = false;
  bool refuse = false;
  std::optional<std::chrono::milliseconds> drip;  // between the answer's bytes
  std::uint32_t tarpit = 0;                       // bytes a second that are read
  double items_share = 0;                         // of the items, rejected with items_status
  unsigned items_status = 0;
  std::optional<std::uint32_t> item_index;  // this one rejected, with item_status
  unsigned item_status = 0;
  std::uint32_t most_items = 0;  // a larger batch gets 413
  BadAnswer bad_answer = BadAnswer::none;
  TlsFault tls = TlsFault::none;
  std::optional<bool> take;  // whether the items count as accepted, against the default

  /// Fills what is not set here from `later`.
  void merge(const FaultEffect& later);
  /// Whether the items are recorded: the service has them, whatever the client learns.
  bool takes_items() const noexcept;
};

/// What a request is, by its path.
enum class IntakeKind : std::uint8_t { track, otlp };

struct FaultScope {
  std::optional<IntakeKind> only;  // none: all requests
  std::chrono::milliseconds after{};
  std::optional<std::chrono::milliseconds> length;
  double rate = 1;
  std::optional<std::uint64_t> next;
};

struct Fault {
  FaultEffect effect;
  FaultScope scope;
  std::string spec;  // as it was given

  /// Decided when a connection is accepted, not for each request.
  bool at_connection() const noexcept {
    return effect.stall_handshake || effect.tls != TlsFault::none;
  }
};

extern const std::string_view fault_grammar;

/// The error names the part, the rule and the mend.
Result<Fault> parse_fault(std::string_view spec);

}  // namespace posthaste::tools
