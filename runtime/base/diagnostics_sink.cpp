#include "runtime/base/diagnostics_sink.h"

#include "runtime/base/diagnostic_codes.h"
#include "runtime/base/thread.h"
#include "runtime/base/utf8.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <utility>

namespace posthaste {
namespace {

// Keeps a SIGPIPE or SIGXFSZ of our write from the host, and one of the host's own where it is.
class WriteSignalsHeldBack {
public:
  WriteSignalsHeldBack() noexcept {
    sigset_t pending;
    sigpending(&pending);
    sigset_t held;
    sigemptyset(&held);
    sigemptyset(&ours_);
    for (const int signal : {SIGPIPE, SIGXFSZ}) {
      sigaddset(&held, signal);
      if (sigismember(&pending, signal) == 0) sigaddset(&ours_, signal);
    }
    pthread_sigmask(SIG_BLOCK, &held, &before_);
  }
  ~WriteSignalsHeldBack() {
    const timespec at_once{0, 0};
    while (sigtimedwait(&ours_, nullptr, &at_once) != -1 || errno == EINTR) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  WriteSignalsHeldBack(const WriteSignalsHeldBack&) = delete;
  WriteSignalsHeldBack& operator=(const WriteSignalsHeldBack&) = delete;

private:
  sigset_t ours_;
  sigset_t before_;
};

bool takes_a_line(int descriptor) noexcept {
  pollfd ready{descriptor, POLLOUT, 0};
  return ::poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT) != 0;
}

}  // namespace

DiagnosticsSink::DiagnosticsSink(DiagnosticsHandler handler, const Clock& clock)
    : handler_(handler ? std::move(handler) : DiagnosticsHandler(print_diagnostic)),
      clock_(clock),
      codes_(diagnostic_explanations().size()) {}

void DiagnosticsSink::write_to(std::shared_ptr<DiagnosticsFile> file) noexcept {
  const std::lock_guard lock(mutex_);
  file_ = std::move(file);
}

void DiagnosticsSink::show_from(Severity least) noexcept {
  const std::lock_guard lock(mutex_);
  least_ = least;
}

void DiagnosticsSink::report(Severity severity, DiagnosticCode code,
                             std::string_view message) noexcept {
  // On whatever thread has something to say, the application's too.
  const CancellationHeldBack held;
  std::unique_lock lock(mutex_);
  if (closed_ || severity < least_) return;
  try {
    enqueue(severity, code, message);
  } catch (const std::exception&) {  // no memory for a diagnostic: it counts as one held back
    ++suppressed_;
  }
  if (!in_handler_) drain(lock);
}

void DiagnosticsSink::enqueue(Severity severity, DiagnosticCode code, std::string_view message) {
  const std::size_t index = index_of(code);
  if (index == codes_.size()) return enqueue(severity, DiagnosticCode::internal_defect, message);
  CodeState& state = codes_[index];
  const SteadyTime now = clock_.steady();
  const bool rated = diagnostic_explanations()[index].rated;
  if (rated && state.shown_at && now - *state.shown_at < quiet_time) return suppress(state);
  if (queued_.size() >= max_queued) return suppress(state);
  queued_.push_back({.severity = severity,
                     .code = code,
                     .message = printable(message, max_message_bytes - 3),
                     .first = !state.shown_at.has_value(),
                     .suppressed = state.suppressed});
  state = {.shown_at = now};
  if (file_ != nullptr) file_->write(queued_.back());
}

void DiagnosticsSink::suppress(CodeState& state) noexcept {
  ++state.suppressed;
  ++suppressed_;
}

void DiagnosticsSink::drain(std::unique_lock<std::mutex>& lock) noexcept {
  in_handler_ = std::this_thread::get_id();
  while (!queued_.empty() && !closed_) {
    const Diagnostic next = std::move(queued_.front());
    queued_.pop_front();
    lock.unlock();
    bool failed = false;
    try {
      handler_(next);
    } catch (...) {  // whatever an application's handler throws stays out of our threads
      failed = true;
    }
    lock.lock();
    if (failed) ++handler_failures_;
  }
  in_handler_.reset();
  handler_returned_.notify_all();
}

bool DiagnosticsSink::close(std::chrono::milliseconds patience) noexcept {
  std::unique_lock lock(mutex_);
  closed_ = true;
  suppressed_ += queued_.size();
  queued_.clear();
  const auto file = file_;
  // Also where the handler itself closes us.
  const bool returned = in_handler_ == std::this_thread::get_id() ||
                        handler_returned_.wait_for(lock, patience, [this] { return !in_handler_; });
  lock.unlock();
  if (file != nullptr) file->close(patience);
  return returned;
}

std::uint64_t DiagnosticsSink::handler_failures() const noexcept {
  const std::lock_guard lock(mutex_);
  return handler_failures_;
}

std::uint64_t DiagnosticsSink::suppressed() const noexcept {
  const std::lock_guard lock(mutex_);
  return suppressed_;
}

std::string text_of(const Diagnostic& diagnostic) {
  std::string text(to_string(diagnostic.severity));
  text.append(" ").append(to_string(diagnostic.code)).append(": ").append(diagnostic.message);
  if (diagnostic.suppressed > 0) {
    text += " (" + std::to_string(diagnostic.suppressed) + " suppressed)";
  }
  return text;
}

void print_diagnostic(const Diagnostic& diagnostic) noexcept {
  try {
    const std::string line = "posthaste: " + text_of(diagnostic) + '\n';
    const WriteSignalsHeldBack guard;
    // Below PIPE_BUF, so a pipe that polls as writable takes it whole.
    if (takes_a_line(STDERR_FILENO) && ::write(STDERR_FILENO, line.data(), line.size()) < 0) {
      return;  // stderr is closed or full; there is nowhere left to say so
    }
  } catch (const std::exception&) {
    return;  // no memory for the line
  }
}

}  // namespace posthaste
