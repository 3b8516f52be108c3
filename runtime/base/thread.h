#pragma once

/// Starts the threads of Posthaste (CAF starts its own) so that the host does not notice them: every
/// signal is blocked in them (the host's handlers run on the host's threads) and they have a name. And
/// what calls that throw nothing owe a host that ends its own threads by pthread_cancel.
///
/// Threads:  call from any.
/// Blocking: no longer than the kernel needs.
/// Full:     no thread to be had is an error, not an exception.

#include <posthaste/result.h>

#include <pthread.h>
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

/// Makes pthread_cancel wait while it lives: a cancelled thread is unwound like by an exception, and
/// in a function that is noexcept that ends the program. For calls of the public face around what
/// may be a cancellation point: any wait, reading and writing, the application's own callbacks.
/// Cannot fail; no system call.
class CancellationHeldBack {
public:
  CancellationHeldBack() noexcept { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
  ~CancellationHeldBack() { pthread_setcancelstate(before_, nullptr); }
  CancellationHeldBack(const CancellationHeldBack&) = delete;
  CancellationHeldBack& operator=(const CancellationHeldBack&) = delete;

private:
  int before_ = PTHREAD_CANCEL_ENABLE;
};

}  // namespace posthaste
