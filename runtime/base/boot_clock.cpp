#include "runtime/base/boot_clock.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <string_view>

namespace posthaste {
namespace {

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

BootId parse_boot_id(std::string_view text) noexcept {
  BootId id{};
  std::size_t digits = 0;
  for (const char c : text) {
    if (c == '-') continue;
    const int value = hex_digit(c);
    if (value < 0 || digits == 32) break;
    std::byte& byte = id[digits / 2];
    byte = (byte << 4) | static_cast<std::byte>(value);
    ++digits;
  }
  return digits == 32 ? id : BootId{};
}

BootId read_boot_id() noexcept {
  const int file = ::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  char text[64];
  const ssize_t length = ::read(file, text, sizeof text);
  ::close(file);
  return length > 0 ? parse_boot_id({text, static_cast<std::size_t>(length)}) : BootId{};
}

}  // namespace

BootTime system_boot_time() noexcept {
  static const BootId boot = read_boot_id();
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return {boot, std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec}};
}

}  // namespace posthaste
