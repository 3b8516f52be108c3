#include "runtime/base/diagnostics_file.h"

#include "runtime/base/diagnostics_sink.h"
#include "runtime/base/file_descriptor.h"
#include "runtime/base/thread.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace posthaste {
namespace {

std::string text_of_errno() {
  return std::generic_category().message(errno);
}

bool same_file(const struct stat& a, const struct stat& b) noexcept {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/// The file itself, used by one thread at a time.
class LogFile {
public:
  LogFile(std::string path, std::uint64_t size) : path_(std::move(path)), size_(size) {}

  /// Nothing when the line is in the file; else why it is not.
  std::optional<std::string> append(std::string_view line);

private:
  std::optional<std::string> open();
  /// The name may have gone to another file meanwhile: another process rotated, or an
  /// administrator did.
  bool still_there() const noexcept;
  void rotate() noexcept;
  std::optional<std::string> fails(std::string_view doing) const {
    return std::string("cannot be ").append(doing).append(": ").append(text_of_errno());
  }

  const std::string path_;
  const std::uint64_t size_;
  FileDescriptor file_;
  bool torn_ = false;  // the last line is there in part
};

std::optional<std::string> LogFile::open() {
  // Without O_NONBLOCK a FIFO in this place would hold the thread for ever.
  file_ = FileDescriptor(::open(path_.c_str(),
                                O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
                                S_IRUSR | S_IWUSR));
  if (!file_) {
    return errno == ELOOP ? "is a symbolic link, which is not followed" : fails("opened");
  }
  struct stat found {};
  if (::fstat(file_.get(), &found) != 0) return fails("looked at");
  const bool ours = found.st_uid == ::geteuid() && found.st_nlink <= 1;
  if (S_ISREG(found.st_mode) && ours) return std::nullopt;
  file_ = FileDescriptor();
  return ours ? "is no regular file" : "belongs to another user, or has another name too";
}

bool LogFile::still_there() const noexcept {
  struct stat open {};
  struct stat named {};
  return file_ && ::fstat(file_.get(), &open) == 0 && ::lstat(path_.c_str(), &named) == 0 &&
         same_file(open, named);
}

void LogFile::rotate() noexcept {
  // Whoever holds the lock rotates; the others write on, and find the new file at their next line.
  if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) return;
  if (still_there() && ::rename(path_.c_str(), (path_ + ".1").c_str()) != 0) {
    ::flock(file_.get(), LOCK_UN);  // it grows, rather than lose lines
    return;
  }
  file_ = FileDescriptor();
}

std::optional<std::string> LogFile::append(std::string_view line) {
  if (!still_there()) {
    if (auto failure = open()) return failure;
  }
  struct stat found {};
  if (::fstat(file_.get(), &found) == 0 && found.st_size > 0 &&
      static_cast<std::uint64_t>(found.st_size) + line.size() > size_) {
    rotate();
    if (!file_) {
      if (auto failure = open()) return failure;
    }
  }
  const std::string whole = (torn_ ? "\n" : "") + std::string(line);
  const ssize_t written = ::write(file_.get(), whole.data(), whole.size());
  if (written == static_cast<ssize_t>(whole.size())) {
    torn_ = false;
    return std::nullopt;
  }
  if (written < 0) return fails("written");
  torn_ = true;
  return "took a part of a line only: there is no room for more";
}

std::string line_of(const Diagnostic& diagnostic, WallTime time, std::uint64_t missing) {
  const auto since_epoch = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
  const time_t seconds = since_epoch.count() / 1000;
  tm utc{};
  ::gmtime_r(&seconds, &utc);
  char head[64];
  std::snprintf(head, sizeof head, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ %d ", utc.tm_year + 1900,
                utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                static_cast<int>(since_epoch.count() % 1000), static_cast<int>(::getpid()));
  std::string line = head + text_of(diagnostic);
  if (missing > 0) line += " (" + std::to_string(missing) + " lines before are missing)";
  return line + '\n';
}

}  // namespace

struct DiagnosticsFile::Shared {
  Shared(std::string path, std::uint64_t size, std::function<void(std::string)> on_failing)
      : name(path), failing(std::move(on_failing)), file(std::move(path), size) {}

  struct Line {
    Diagnostic diagnostic;
    WallTime time;
  };

  static void run(const std::shared_ptr<Shared>& self) noexcept;
  void write_next(std::unique_lock<std::mutex>& lock, Line line);

  const std::string name;
  const std::function<void(std::string)> failing;
  LogFile file;  // of the writing thread

  std::mutex mutex;  // guards all below
  std::condition_variable idle;
  std::deque<Line> queued;    // size() <= max_queued
  std::uint64_t missing = 0;  // lines since the last that was written
  bool writing = false;       // a thread is there
  bool failed = false;        // the last line could not be written
  bool closed = false;
};

void DiagnosticsFile::Shared::write_next(std::unique_lock<std::mutex>& lock, Line line) {
  const std::uint64_t missing_before = missing;
  lock.unlock();
  auto failure = file.append(line_of(line.diagnostic, line.time, missing_before));
  lock.lock();
  const bool news = failure && !failed;
  failed = failure.has_value();
  missing = failed ? missing + 1 : missing - missing_before;
  if (!news) return;
  lock.unlock();
  failing("the diagnostics log file " + name + " " + *failure);
  lock.lock();
}

void DiagnosticsFile::Shared::run(const std::shared_ptr<Shared>& self) noexcept {
  std::unique_lock lock(self->mutex);
  while (!self->queued.empty()) {
    Line line = std::move(self->queued.front());
    self->queued.pop_front();
    try {
      self->write_next(lock, std::move(line));
    } catch (const std::exception&) {  // no memory for the line
      if (!lock.owns_lock()) lock.lock();
      ++self->missing;
    }
  }
  self->writing = false;
  self->idle.notify_all();
}

DiagnosticsFile::DiagnosticsFile(std::string path, Bytes size, const Clock& clock,
                                 std::function<void(std::string)> failing)
    : clock_(clock),
      shared_(std::make_shared<Shared>(std::move(path), size.count, std::move(failing))) {}

void DiagnosticsFile::write(const Diagnostic& diagnostic) noexcept {
  const std::lock_guard lock(shared_->mutex);
  try {
    if (shared_->closed) return;
    if (shared_->queued.size() >= max_queued) {
      ++shared_->missing;
      return;
    }
    shared_->queued.push_back({diagnostic, clock_.wall()});
    if (shared_->writing) return;
    auto thread = start_thread("posthaste.log", [self = shared_] { Shared::run(self); });
    if (!thread) return;  // the line waits for the next one, or for close()
    thread->detach();
    shared_->writing = true;
  } catch (const std::exception&) {  // no memory for the line
    ++shared_->missing;
  }
}

bool DiagnosticsFile::close(std::chrono::milliseconds patience) noexcept {
  std::unique_lock lock(shared_->mutex);
  shared_->closed = true;
  const bool ended = shared_->idle.wait_for(lock, patience, [this] { return !shared_->writing; });
  return ended && shared_->queued.empty() && !shared_->failed;
}

}  // namespace posthaste
