#pragma once

/// A forked process that runs one function and never returns into the test.

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <cstdlib>

#include <optional>
#include <stdexcept>
#include <utility>

namespace posthaste::testing_support {

class ChildProcess {
public:
  template <class F>
  explicit ChildProcess(F&& run) {
    id_ = ::fork();
    if (id_ < 0) throw std::runtime_error("fork failed");
    if (id_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // it does not outlive a test that is killed
      std::forward<F>(run)();
      ::_exit(0);
    }
  }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess() {
    if (!status_) kill();
  }

  void kill() {
    ::kill(id_, SIGKILL);
    wait();
  }
  /// Its exit code; the negative number of the signal that ended it.
  int wait() {
    if (!status_) {
      int status = 0;
      ::waitpid(id_, &status, 0);
      status_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }
    return *status_;
  }
  bool running() {
    if (status_) return false;
    int status = 0;
    if (::waitpid(id_, &status, WNOHANG) != id_) return true;
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    return false;
  }

private:
  pid_t id_ = -1;
  std::optional<int> status_;
};

}  // namespace posthaste::testing_support
