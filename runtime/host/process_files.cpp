#include "runtime/host/process_files.h"

#include "runtime/host/text_fields.h"

#include <array>

namespace posthaste::host {
namespace {

constexpr std::uint64_t kibibyte = 1024;

std::optional<std::uint64_t> bytes_at(std::string_view text, std::string_view key) noexcept {
  const auto kibibytes = number_at(text, key);
  if (!kibibytes || *kibibytes > UINT64_MAX / kibibyte) return std::nullopt;
  return *kibibytes * kibibyte;
}

}  // namespace

std::optional<ProcessStat> parse_process_stat(std::string_view text) noexcept {
  // The second field is the program's name in brackets, and may hold brackets and blanks.
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  text.remove_prefix(name_end + 1);
  constexpr int first = 3, threads = 20, started = 22, virtual_bytes = 23, resident = 24;
  std::array<std::optional<std::uint64_t>, resident + 1> fields;
  for (int field = first; field <= resident; ++field) {
    fields[static_cast<std::size_t>(field)] = number_of(take_word(text));
  }
  if (!fields[threads] || !fields[started] || !fields[virtual_bytes] || !fields[resident]) {
    return std::nullopt;
  }
  return ProcessStat{*fields[threads], *fields[started], *fields[virtual_bytes], *fields[resident]};
}

std::optional<DiskTransfer> parse_process_io(std::string_view text) noexcept {
  const auto read = number_at(text, "read_bytes:");
  const auto written = number_at(text, "write_bytes:");
  if (!read || !written) return std::nullopt;
  return DiskTransfer{*read, *written};
}

std::optional<std::uint64_t> parse_available_memory(std::string_view text) noexcept {
  const auto available = bytes_at(text, "MemAvailable:");
  return available ? available : bytes_at(text, "MemFree:");
}

std::optional<ProcessorTicks> parse_processor_ticks(std::string_view text) noexcept {
  std::string_view line = take_until(text, '\n');
  if (take_word(line) != "cpu") return std::nullopt;
  // user, nice, system, idle, iowait, irq, softirq, steal; old kernels have the first four alone
  constexpr std::size_t least = 4, most = 8, idle = 3, waiting = 4;
  ProcessorTicks ticks{0, 0};
  for (std::size_t field = 0; field < most; ++field) {
    const std::string_view word = take_word(line);
    if (word.empty() && field >= least) break;
    const auto number = number_of(word);
    if (!number || *number > UINT64_MAX / 2 - ticks.total) return std::nullopt;
    ticks.total += *number;
    if (field == idle || field == waiting) ticks.idle += *number;
  }
  return ticks;
}

}  // namespace posthaste::host
