#include "tests/persistence/disk_faults.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <utility>

namespace posthaste::persistence {
namespace {

DiskFault armed;
int seen = 0;
bool struck = false;

std::vector<DiskAct>* notes = nullptr;

void note(int file, off_t offset, const iovec* pieces, int count, ssize_t written) {
  if (notes == nullptr || written < 0) return;
  struct stat facts {};
  ::fstat(file, &facts);
  DiskAct act{facts.st_ino, offset, {}, (::fcntl(file, F_GETFL) & O_DSYNC) != 0};
  for (int i = 0; i < count; ++i) {
    const auto* const from = static_cast<const char*>(pieces[i].iov_base);
    act.bytes.insert(act.bytes.end(), from, from + pieces[i].iov_len);
  }
  act.bytes.resize(static_cast<std::size_t>(written));
  notes->push_back(std::move(act));
}

bool strikes(DiskCall call) {
  if (armed.nth == 0 || call != armed.call) return false;
  ++seen;
  if (seen != armed.nth && !(armed.forever && seen > armed.nth)) return false;
  struck = true;
  return true;
}

ssize_t system_pwrite(int file, const void* bytes, std::size_t size, off_t offset) {
  const ssize_t written = ::syscall(SYS_pwrite64, file, bytes, size, offset);
  const iovec whole{const_cast<void*>(bytes), size};
  note(file, offset, &whole, 1, written);
  return written;
}

ssize_t system_writev(int file, const iovec* pieces, int count) {
  const off_t offset = ::lseek(file, 0, SEEK_CUR);
  const ssize_t written = ::syscall(SYS_writev, file, pieces, count);
  note(file, offset, pieces, count, written);
  return written;
}

}  // namespace

void arm(const DiskFault& fault) {
  armed = fault;
  seen = 0;
  struck = false;
}

void disarm() {
  armed = {};
}

bool has_struck() {
  return struck;
}

void write_down(std::vector<DiskAct>* acts) {
  notes = acts;
}

}  // namespace posthaste::persistence

using namespace posthaste::persistence;

extern "C" ssize_t pwrite(int file, const void* bytes, std::size_t size, off_t offset) {
  if (!strikes(DiskCall::write)) return system_pwrite(file, bytes, size, offset);
  if (armed.cut_short && size > 1) return system_pwrite(file, bytes, size / 2, offset);
  errno = armed.error;
  return -1;
}

extern "C" ssize_t writev(int file, const iovec* pieces, int count) {
  if (!strikes(DiskCall::write)) return system_writev(file, pieces, count);
  if (armed.cut_short && count > 1) return system_writev(file, pieces, count / 2);
  errno = armed.error;
  return -1;
}

extern "C" int fdatasync(int file) {
  if (!strikes(DiskCall::sync)) {
    const auto result = static_cast<int>(::syscall(SYS_fdatasync, file));
    note(file, 0, nullptr, 0, result);
    return result;
  }
  errno = armed.error;
  return -1;
}
