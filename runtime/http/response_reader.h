#pragma once

/// Bytes from a server to one Response, within fixed memory. Knows no socket: whoever has bytes
/// puts them in, in pieces of any size.
///
/// Refused, each with its own line: headers or a body beyond the limits (a body by its announced
/// length, before any of it is read), chunk extensions and trailers without end, more than three
/// interim (1xx) answers, 101, contradicting lengths, any Content-Encoding (none was asked for, and
/// a small compressed body can be a huge one). What is refused for the size of its body alone is
/// `response_too_large`: its status stands. After an error the connection is of no more use.
///
/// Threads:  none; an ordinary object of whoever reads.
/// Blocking: never.
/// Full:     holds at most header + body limit + 8 KiB; beyond it `response_too_large`.

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include <posthaste/result.h>
#include <posthaste/units.h>
#include "runtime/http/response.h"

namespace posthaste::http {

struct ResponseLimits {
  Bytes header{16 * 1024};
  Bytes body{64 * 1024};
};

class ResponseReader {
public:
  enum class Kind : std::uint8_t {
    answer,  // to a GET or POST
    tunnel,  // to a CONNECT: ends with its headers
  };
  enum class Progress : std::uint8_t { more, whole };

  /// `peer` names the server in messages.
  ResponseReader(ResponseLimits limits, Kind kind, std::string peer);
  ~ResponseReader();
  ResponseReader(ResponseReader&&) noexcept;
  ResponseReader& operator=(ResponseReader&&) noexcept;

  /// Where the next bytes go; not empty while more are wanted.
  std::span<std::byte> room();
  /// The first `count` bytes of room() have been filled.
  Result<Progress> commit(std::size_t count);
  /// The peer has closed: `whole` if that ends the answer, else `connection_lost`.
  Result<Progress> end();

  bool begun() const noexcept;        // a byte has come
  int status() const noexcept;        // 0 until the final answer's headers have come whole
  bool left_over() const noexcept;    // once whole: bytes came that do not belong to the answer
  bool reusable() const noexcept;     // once whole: nothing is left over and the server keeps open
  Response take(Url answered_by) &&;  // once whole

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace posthaste::http
