#pragma once

/// Values or errors, for everything in Posthaste that can fail.
///
/// Threads:    none; a Result is an ordinary value.
/// Exceptions: none. Reading the wrong side is a programming error and aborts.
/// Names follow std::expected (C++23), which C++20 does not have.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <posthaste/export.h>

namespace posthaste {

/// What went wrong. The numbers are stable: they never change and are never used again.
/// `docs/troubleshooting.md` has a paragraph for each.
enum class ErrorCode : std::uint16_t {
  // settings and other input (1xx): mend the setting, nothing was started
  invalid_setting = 100,
  invalid_connection_string = 101,
  no_output = 102,
  disabled = 103,
  invalid_argument = 104,
  // memory (2xx): the arena cannot be had or holds something else
  arena_unavailable = 200,
  arena_foreign = 201,
  arena_damaged = 202,
  // network (3xx): the request did not succeed; the data is kept
  name_not_resolved = 300,
  connect_failed = 301,
  tls_failed = 302,
  certificate_rejected = 303,
  proxy_failed = 304,
  request_timed_out = 305,
  connection_lost = 306,
  bad_response = 307,
  response_too_large = 308,
  redirect_refused = 309,
  request_cancelled = 310,
  // store (4xx): the offline store cannot be used, or not as it is
  store_unavailable = 400,
  store_damaged = 401,
  store_full = 402,
  store_io = 403,
  store_locked = 404,
  store_version = 405,
  // life cycle (5xx)
  deadline_exceeded = 500,
  stopped = 501,
  forked = 502,
  // inside (9xx): a defect of Posthaste; please report it
  internal = 900,
};

/// The code's name as written above, e.g. "invalid_setting"; "unknown" for other numbers.
POSTHASTE_API std::string_view to_string(ErrorCode code) noexcept;

/// One failure: a code to decide by, and one line for a person, which says what happened, where
/// it came from, the rule, and the mend. Never holds a secret.
class Error {
public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  ErrorCode code() const noexcept { return code_; }
  const std::string& message() const noexcept { return message_; }

  /// The same error, its message behind "<context>: ".
  Error with_context(std::string_view context) && {
    message_.insert(0, ": ");
    message_.insert(0, context);
    return std::move(*this);
  }

private:
  ErrorCode code_;
  std::string message_;
};

template <class T>
class [[nodiscard]] Result {
public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  T& value() & { return *checked(std::get_if<0>(&state_)); }
  const T& value() const& { return *checked(std::get_if<0>(&state_)); }
  T&& value() && { return std::move(*checked(std::get_if<0>(&state_))); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  Error& error() & { return *checked(std::get_if<1>(&state_)); }
  const Error& error() const& { return *checked(std::get_if<1>(&state_)); }
  Error&& error() && { return std::move(*checked(std::get_if<1>(&state_))); }

private:
  template <class P>
  static P* checked(P* pointer) {
    if (pointer == nullptr) std::abort();
    return pointer;
  }

  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
public:
  using value_type = void;

  Result() = default;
  Result(Error error) : failed_(true), error_(std::move(error)) {}

  bool has_value() const noexcept { return !failed_; }
  explicit operator bool() const noexcept { return has_value(); }

  const Error& error() const& { return checked(); }
  Error&& error() && { return std::move(checked()); }

private:
  Error& checked() {
    if (!failed_) std::abort();
    return error_;
  }
  const Error& checked() const {
    if (!failed_) std::abort();
    return error_;
  }

  bool failed_ = false;
  Error error_{ErrorCode::internal, {}};
};

}  // namespace posthaste
