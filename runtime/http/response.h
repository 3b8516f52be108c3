#pragma once

/// What came of a request: an answer of any status, or the reason why there is none.
///
/// Threads:  ordinary values.

#include <string>
#include <string_view>
#include <vector>

#include <posthaste/result.h>
#include "runtime/http/request.h"
#include "runtime/http/url.h"

namespace posthaste::http {

/// Text from outside: bounded in size, otherwise unchecked.
struct Response {
  int status = 0;
  std::vector<Header> headers;
  std::string body;
  Url final_url;  // who answered, after redirects

  /// The first header of that name, in whatever case; null if there is none.
  const std::string* header(std::string_view name) const noexcept;
};

struct Outcome {
  /// Any status is a response, also 500 (a 407 of a proxy is `proxy_failed`). Errors are those of
  /// the 3xx codes, besides `invalid_argument` (nothing was tried) and `stopped`.
  Result<Response> response;
  /// It failed after the kernel had taken the last byte of the request: the server may have acted
  /// on it. Never set with a response or with a redirect that was not followed.
  bool ambiguous = false;
  /// Of the answer, also when its body could not be used; 0 if its headers did not come whole.
  int status = 0;
};

}  // namespace posthaste::http
