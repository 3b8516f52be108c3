#include "tools/load/id_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

namespace posthaste::tools {
namespace {

constexpr std::size_t chunk_size = IdFile::line_size * IdFile::lines_in_chunk;
constexpr std::size_t page_size = 4096;
static_assert(chunk_size % page_size == 0);

Error failure(std::string_view what, const std::string& path) {
  return Error(ErrorCode::store_io, std::string(what) + ' ' + path + ": " + std::strerror(errno));
}

}  // namespace

Result<std::unique_ptr<IdFile>> IdFile::create(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) return failure("cannot write", path);
  return std::unique_ptr<IdFile>(new IdFile(path, descriptor));
}

IdFile::~IdFile() {
  ::close(descriptor_);
}

char* IdFile::take_chunk() noexcept {
  const std::uint64_t chunk = chunks_.fetch_add(1, std::memory_order_relaxed);
  const auto offset = static_cast<off_t>(chunk * chunk_size);
  // Room first: a page that cannot be had later would be a SIGBUS.
  if (::posix_fallocate(descriptor_, offset, static_cast<off_t>(chunk_size)) != 0) return nullptr;
  void* const memory =
      ::mmap(nullptr, chunk_size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, offset);
  return memory == MAP_FAILED ? nullptr : static_cast<char*>(memory);
}

Result<void> IdFile::close() {
  std::vector<char> chunk(chunk_size);
  off_t written = 0;
  const std::uint64_t chunks = chunks_.load();
  for (std::uint64_t i = 0; i < chunks; ++i) {
    const ssize_t read =
        ::pread(descriptor_, chunk.data(), chunk_size, static_cast<off_t>(i * chunk_size));
    if (read < 0) return failure("cannot read", path_);
    std::size_t lines = 0;  // they stand at the chunk's beginning, without a gap
    while ((lines + 1) * line_size <= static_cast<std::size_t>(read) &&
           chunk[(lines + 1) * line_size - 1] == '\n') {
      ++lines;
    }
    const auto size = static_cast<ssize_t>(lines * line_size);
    if (::pwrite(descriptor_, chunk.data(), lines * line_size, written) != size) {
      return failure("cannot write", path_);
    }
    written += size;
  }
  if (::ftruncate(descriptor_, written) != 0) return failure("cannot cut", path_);
  return {};
}

IdWriter::~IdWriter() {
  if (chunk_ != nullptr) ::munmap(chunk_, chunk_size);
}

void IdWriter::next_chunk() noexcept {
  if (chunk_ != nullptr) ::munmap(chunk_, chunk_size);
  chunk_ = file_->take_chunk();
  used_ = 0;
}

void IdWriter::write(const Context& span) noexcept {
  if (file_ == nullptr) return;
  if (used_ == IdFile::lines_in_chunk) next_chunk();
  if (chunk_ == nullptr) {
    file_->lost_.fetch_add(1, std::memory_order_relaxed);
    used_ = IdFile::lines_in_chunk;  // tries again with the next line
    return;
  }
  const std::array<char, 32> trace = span.trace_id().hex();
  const std::array<char, 16> id = span.span_id().hex();
  char* const line = chunk_ + used_ * IdFile::line_size;
  std::memcpy(line, trace.data(), trace.size());
  line[32] = ' ';
  std::memcpy(line + 33, id.data(), id.size());
  std::atomic_signal_fence(std::memory_order_release);  // the end of line says that it is whole
  line[49] = '\n';
  ++used_;
  // Behind us the pages belong to the file system, not to this process's memory figures.
  const std::size_t position = used_ * IdFile::line_size;
  constexpr std::size_t step = 4 * page_size;
  if (position / step != (position - IdFile::line_size) / step) {
    ::madvise(chunk_, position / step * step, MADV_DONTNEED);
  }
}

}  // namespace posthaste::tools
