#pragma once

/// Starts the threads of Posthaste (CAF starts its own) so that the host does not notice them: every
/// signal is blocked in them (the host's handlers run on the host's threads) and they have a name.
///
/// Threads:  call from any.
/// Blocking: no longer than the kernel needs.
/// Full:     no thread to be had is an error, not an exception.

#include <posthaste/result.h>

#include <signal.h>

#include <functional>
#include <thread>

namespace posthaste {

/// `name`: at most 15 characters. Fails with `internal` when the system gives no thread.
Result<std::thread> start_thread(const char* name, std::function<void()> body);

/// Blocks every signal on this thread while it lives, and so in the threads that it makes meanwhile.
/// For who lets a library make threads; cannot fail.
class SignalsBlocked {
public:
  SignalsBlocked() noexcept;
  ~SignalsBlocked();
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

private:
  sigset_t before_;
};

}  // namespace posthaste
