#pragma once

/// A file of span ids that survives kill -9: memory of the file system's, written by the producers
/// themselves once `end()` has returned. One line of 50 bytes a span: "<trace id> <span id>\n".
///
/// Each producer fills a chunk of its own, so after a crash the file has runs of zero bytes, and at
/// most one line a producer without its end of line: readers go by records of 50 bytes and skip
/// those that do not end in a line feed. `close` leaves the lines alone.
///
/// Threads:  an IdWriter belongs to one thread; writers take chunks from the IdFile by an atomic.
/// Blocking: three system calls for 2,048 lines. Failure: lines that cannot be written are counted.

#include <posthaste/context.h>
#include <posthaste/result.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace posthaste::tools {

class IdFile {
public:
  static constexpr std::size_t line_size = 50;
  static constexpr std::size_t lines_in_chunk = 2048;  // a whole number of pages

  /// Begins the file anew.
  static Result<std::unique_ptr<IdFile>> create(const std::string& path);
  ~IdFile();
  IdFile(const IdFile&) = delete;
  IdFile& operator=(const IdFile&) = delete;

  /// Removes the gaps. Only when no writer is left.
  Result<void> close();
  std::uint64_t lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

private:
  friend class IdWriter;
  IdFile(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  /// The next chunk, mapped; null when the file cannot grow.
  char* take_chunk() noexcept;

  std::string path_;
  int descriptor_;
  std::atomic<std::uint64_t> chunks_{0};
  std::atomic<std::uint64_t> lost_{0};
};

class IdWriter {
public:
  /// `file` may be null: then nothing is written.
  explicit IdWriter(IdFile* file) noexcept : file_(file) {}
  ~IdWriter();
  IdWriter(const IdWriter&) = delete;
  IdWriter& operator=(const IdWriter&) = delete;

  bool enabled() const noexcept { return file_ != nullptr; }
  void write(const Context& span) noexcept;

private:
  void next_chunk() noexcept;

  IdFile* file_;
  char* chunk_ = nullptr;
  std::size_t used_ = IdFile::lines_in_chunk;
};

}  // namespace posthaste::tools
