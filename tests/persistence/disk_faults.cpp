#include "tests/persistence/disk_faults.h"

#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

namespace posthaste::persistence {
namespace {

DiskFault armed;
int seen = 0;
bool struck = false;

bool strikes(DiskCall call) {
  if (armed.nth == 0 || call != armed.call) return false;
  ++seen;
  if (seen != armed.nth && !(armed.forever && seen > armed.nth)) return false;
  struck = true;
  return true;
}

ssize_t system_pwrite(int file, const void* bytes, std::size_t size, off_t offset) {
  return ::syscall(SYS_pwrite64, file, bytes, size, offset);
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

}  // namespace posthaste::persistence

using namespace posthaste::persistence;

extern "C" ssize_t pwrite(int file, const void* bytes, std::size_t size, off_t offset) {
  if (!strikes(DiskCall::write)) return system_pwrite(file, bytes, size, offset);
  if (armed.cut_short && size > 1) return system_pwrite(file, bytes, size / 2, offset);
  errno = armed.error;
  return -1;
}

extern "C" ssize_t writev(int file, const iovec* pieces, int count) {
  if (!strikes(DiskCall::write)) return ::syscall(SYS_writev, file, pieces, count);
  if (armed.cut_short && count > 1) return ::syscall(SYS_writev, file, pieces, count / 2);
  errno = armed.error;
  return -1;
}

extern "C" int fdatasync(int file) {
  if (!strikes(DiskCall::sync)) return static_cast<int>(::syscall(SYS_fdatasync, file));
  errno = armed.error;
  return -1;
}
