#include "runtime/base/thread.h"

#include <pthread.h>

#include <string>
#include <system_error>

namespace posthaste {

SignalsBlocked::SignalsBlocked() noexcept {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before_);
}

SignalsBlocked::~SignalsBlocked() {
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

Result<std::thread> start_thread(const char* name, std::function<void()> body) {
  const SignalsBlocked blocked;
  try {
    return std::thread([name, body = std::move(body)] {
      pthread_setname_np(pthread_self(), name);
      body();
    });
  } catch (const std::system_error& error) {
    return Error(ErrorCode::internal, std::string("the thread ") + name +
                                          " could not be started: " + error.what() +
                                          "; raise the limit of threads (ulimit -u, pids.max)");
  }
}

}  // namespace posthaste
