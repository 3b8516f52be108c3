/// A library for LD_PRELOAD that lets the n-th call of a kind fail or hang, and that moves clocks. What it does is
/// said in a file that it shares with whoever runs the program: $POSTHASTE_SHIM names it, tests/faults/shim.py
/// writes and reads it, at any time. Without the variable every call goes straight through.
///
/// Threads: any. The first page of that file is all its state.

#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>

extern "C" {  // glibc's own, under the names that nobody replaces
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
}

namespace {

enum class Call : std::uint32_t {
  none,
  open,
  write,
  sync,
  map,
  extend,
  allocate,
  connect,
  resolve,
  disk,  // open to write, write, sync and extend
  remove
};

/// Offsets as in shim.py.
struct Control {
  std::atomic<Call> call;
  std::atomic<std::int32_t> error;       // errno, or getaddrinfo's own; 0: it hangs until disarmed
  std::atomic<std::int64_t> nth;         // 0: none fails
  std::atomic<std::uint32_t> forever;    // and all after it
  std::atomic<std::uint32_t> thread;     // 0: of any
  std::atomic<std::int64_t> seen;        // calls of the kind, of that path and thread
  std::atomic<std::int64_t> struck;      // those that failed
  std::atomic<std::int64_t> wall_shift;  // nanoseconds on top of CLOCK_REALTIME
  std::atomic<std::int64_t> boot_shift;  // on top of CLOCK_BOOTTIME
  char path[200];                        // what files' paths begin with; empty: any
};
static_assert(sizeof(Control) == 256 && std::atomic<std::int64_t>::is_always_lock_free);

Control* control = nullptr;
thread_local bool in_caf = false;  // it makes or ends its threads

template <class... Arguments>
long system_call(long number, Arguments... arguments) {
  return ::syscall(number, arguments...);
}

__attribute__((constructor)) void read_control() {
  const char* const path = std::getenv("POSTHASTE_SHIM");
  if (path == nullptr) return;
  const auto file =
      static_cast<int>(system_call(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0));
  if (file < 0) return;
  const long memory =
      system_call(SYS_mmap, 0L, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0L);
  ::close(file);
  if (memory != -1) control = reinterpret_cast<Control*>(memory);
}

bool on_path(const char* path) {
  return std::strncmp(path, control->path, std::strlen(control->path)) == 0;
}

bool on_path(int file) {
  if (control->path[0] == '\0') return true;
  char link[32] = "/proc/self/fd/";
  char digits[12];
  int count = 0;
  for (int left = file; left > 0 || count == 0; left /= 10) {
    digits[count++] = static_cast<char>('0' + left % 10);
  }
  for (std::size_t at = 14; count > 0; ++at) link[at] = digits[--count];
  char target[512];
  const long size = system_call(SYS_readlinkat, AT_FDCWD, link, target, sizeof target - 1);
  if (size < 0) return false;
  target[size] = '\0';
  return on_path(target);
}

/// To look into a directory that the kernel knows takes no disk.
bool waits_for_disk(int flags) {
  return (flags & (O_WRONLY | O_RDWR | O_CREAT)) != 0;
}

bool is_of(Call call, Call armed) {
  const bool on_disk =
      call == Call::open || call == Call::write || call == Call::sync || call == Call::extend;
  return call == armed || (armed == Call::disk && on_disk);
}

/// As a disk that gives no answer, for as long as it is armed.
void hang() {
  while (control->nth.load(std::memory_order_acquire) > 0) {
    const timespec pause{0, 5'000'000};
    system_call(SYS_nanosleep, &pause, nullptr);
  }
}

/// Whether this call is to fail, with errno set.
template <class File>
bool strikes(Call call, File file) {
  if (control == nullptr) return false;
  if (!is_of(call, control->call.load(std::memory_order_acquire))) return false;
  const std::int64_t nth = control->nth.load(std::memory_order_relaxed);
  if (nth <= 0) return false;
  const std::uint32_t thread = control->thread.load(std::memory_order_relaxed);
  if (thread != 0 && thread != static_cast<std::uint32_t>(system_call(SYS_gettid))) return false;
  const int saved = errno;
  const bool ours = on_path(file);
  errno = saved;
  if (!ours) return false;
  const std::int64_t seen = control->seen.fetch_add(1, std::memory_order_relaxed) + 1;
  if (seen != nth && !(seen > nth && control->forever.load(std::memory_order_relaxed) != 0))
    return false;
  control->struck.fetch_add(1, std::memory_order_relaxed);
  const std::int32_t error = control->error.load(std::memory_order_relaxed);
  if (error == 0) {
    hang();
    errno = saved;
    return false;
  }
  errno = error;
  return true;
}

bool strikes(Call call) {
  return strikes(call, "");
}

int open_at(int directory, const char* path, int flags, mode_t mode) {
  // A path below a directory's descriptor is that of the directory, for our purposes.
  const bool spared = control != nullptr && control->call == Call::disk && !waits_for_disk(flags);
  const bool by_path = directory == AT_FDCWD || path[0] == '/';
  const bool fails =
      !spared && (by_path ? strikes(Call::open, path) : strikes(Call::open, directory));
  return fails ? -1 : static_cast<int>(system_call(SYS_openat, directory, path, flags, mode));
}

mode_t mode_of(int flags, va_list& rest) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
}

std::int64_t shift_of(clockid_t clock) {
  if (control == nullptr) return 0;
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
    return control->wall_shift.load(std::memory_order_relaxed);
  return clock == CLOCK_BOOTTIME ? control->boot_shift.load(std::memory_order_relaxed) : 0;
}

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

/// Not while CAF starts or ends its threads: it ends the process when that finds no memory, and we
/// can only see to it that there is some (actors/actor_house.cpp).
bool allocation_strikes() {
  return !in_caf && strikes(Call::allocate);
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const int file = open_at(AT_FDCWD, path, flags, mode_of(flags, rest));
  va_end(rest);
  return file;
}

int openat(int directory, const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const int file = open_at(directory, path, flags, mode_of(flags, rest));
  va_end(rest);
  return file;
}

int open64(const char* path, int flags, ...) __attribute__((alias("open")));
int openat64(int directory, const char* path, int flags, ...) __attribute__((alias("openat")));
int __open_2(const char* path, int flags) {
  return open_at(AT_FDCWD, path, flags, 0);
}
int __openat_2(int directory, const char* path, int flags) {
  return open_at(directory, path, flags, 0);
}

ssize_t write(int file, const void* bytes, std::size_t size) {
  return strikes(Call::write, file) ? -1 : system_call(SYS_write, file, bytes, size);
}

ssize_t writev(int file, const iovec* pieces, int count) {
  return strikes(Call::write, file) ? -1 : system_call(SYS_writev, file, pieces, count);
}

ssize_t pwrite(int file, const void* bytes, std::size_t size, off_t offset) {
  return strikes(Call::write, file) ? -1 : system_call(SYS_pwrite64, file, bytes, size, offset);
}

ssize_t pwritev(int file, const iovec* pieces, int count, off_t offset) {
  return strikes(Call::write, file) ? -1
                                    : system_call(SYS_pwritev, file, pieces, count, offset, 0L);
}

ssize_t pwrite64(int file, const void* bytes, std::size_t size, off_t offset)
    __attribute__((alias("pwrite")));
ssize_t pwritev64(int file, const iovec* pieces, int count, off_t offset)
    __attribute__((alias("pwritev")));

int fsync(int file) {
  return strikes(Call::sync, file) ? -1 : static_cast<int>(system_call(SYS_fsync, file));
}

int fdatasync(int file) {
  return strikes(Call::sync, file) ? -1 : static_cast<int>(system_call(SYS_fdatasync, file));
}

int msync(void* address, std::size_t size, int flags) {
  return strikes(Call::sync) ? -1 : static_cast<int>(system_call(SYS_msync, address, size, flags));
}

void* mmap(void* address, std::size_t size, int protection, int flags, int file, off_t offset) {
  if (strikes(Call::map, file)) return MAP_FAILED;
  return reinterpret_cast<void*>(
      system_call(SYS_mmap, address, size, protection, flags, file, offset));
}

void* mmap64(void* address, std::size_t size, int protection, int flags, int file, off_t offset)
    __attribute__((alias("mmap")));

int ftruncate(int file, off_t size) {
  return strikes(Call::extend, file) ? -1
                                     : static_cast<int>(system_call(SYS_ftruncate, file, size));
}

int ftruncate64(int file, off_t size) __attribute__((alias("ftruncate")));

int fallocate(int file, int mode, off_t offset, off_t size) {
  return strikes(Call::extend, file)
             ? -1
             : static_cast<int>(system_call(SYS_fallocate, file, mode, offset, size));
}

int fallocate64(int file, int mode, off_t offset, off_t size) __attribute__((alias("fallocate")));

int posix_fallocate(int file, off_t offset, off_t size) {  // its error is its value
  if (strikes(Call::extend, file)) return errno;
  return system_call(SYS_fallocate, file, 0, offset, size) == 0 ? 0 : errno;
}

int posix_fallocate64(int file, off_t offset, off_t size) __attribute__((alias("posix_fallocate")));

int unlink(const char* path) noexcept {
  return strikes(Call::remove, path)
             ? -1
             : static_cast<int>(system_call(SYS_unlinkat, AT_FDCWD, path, 0));
}

void* malloc(std::size_t size) {
  return allocation_strikes() ? nullptr : __libc_malloc(size);
}

void* calloc(std::size_t count, std::size_t size) {
  return allocation_strikes() ? nullptr : __libc_calloc(count, size);
}

void* realloc(void* old, std::size_t size) {
  return allocation_strikes() ? nullptr : __libc_realloc(old, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) {
  return allocation_strikes() ? nullptr : __libc_memalign(alignment, size);
}

int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
  if (allocation_strikes()) return ENOMEM;
  *memory = __libc_memalign(alignment, size);
  return *memory == nullptr ? ENOMEM : 0;
}

int connect(int file, const sockaddr* address, socklen_t size) {
  return strikes(Call::connect) ? -1
                                : static_cast<int>(system_call(SYS_connect, file, address, size));
}

int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
  if (strikes(Call::resolve)) return errno;
  static auto* const real = next<decltype(getaddrinfo)>("getaddrinfo");
  return real(node, service, hints, result);
}

int clock_gettime(clockid_t clock, timespec* now) {
  const auto result = static_cast<int>(system_call(SYS_clock_gettime, clock, now));
  if (const std::int64_t shift = shift_of(clock); shift != 0 && result == 0) {
    constexpr std::int64_t second = 1'000'000'000;
    const std::int64_t moved = now->tv_sec * second + now->tv_nsec + shift;
    now->tv_sec = moved / second;
    now->tv_nsec = moved % second;
  }
  return result;
}

void caf_begins(void* system,
                void* settings) asm("_ZN3caf12actor_systemC1ERNS_19actor_system_configE");
void caf_begins(void* system, void* settings) {
  static auto* const real =
      next<void(void*, void*)>("_ZN3caf12actor_systemC1ERNS_19actor_system_configE");
  in_caf = true;
  real(system, settings);
  in_caf = false;
}

void caf_ends(void* system) asm("_ZN3caf12actor_systemD1Ev");
void caf_ends(void* system) {
  static auto* const real = next<void(void*)>("_ZN3caf12actor_systemD1Ev");
  in_caf = true;
  real(system);
  in_caf = false;
}

}  // extern "C"
