#include "runtime/base/thread.h"

#include <pthread.h>
#include <signal.h>

#include <string>
#include <system_error>

namespace posthaste {

Result<std::thread> start_thread(const char* name, std::function<void()> body) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  Result<std::thread> started = [&]() -> Result<std::thread> {
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
  }();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started;
}

}  // namespace posthaste
