#include "tools/emulator/recorder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace posthaste::tools {
namespace {

constexpr std::size_t flush_at = 1UL << 20;

std::string_view or_dash(std::string_view text) noexcept {
  return text.empty() ? std::string_view{"-"} : text;
}

std::string line_head(std::uint64_t request, WallTime received) {
  return "{\"t\":" + std::to_string(received.time_since_epoch().count()) +
         ",\"request\":" + std::to_string(request) + ",\"item\":";
}

/// NDJSON stays one line an item also where an array was sent over several lines.
void append_one_line(std::string& line, std::string_view item) {
  const std::size_t start = line.size();
  line += item;
  for (std::size_t at = start; (at = line.find_first_of("\n\r", at)) != std::string::npos;) {
    line[at] = ' ';
  }
}

}  // namespace

LineFile::~LineFile() {
  if (descriptor_ < 0) return;
  flush();
  ::close(descriptor_);
}

Result<void> LineFile::open(const std::string& path) {
  descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (descriptor_ >= 0) return {};
  return Error(ErrorCode::store_io, "cannot write to " + path + ": " + std::strerror(errno));
}

bool LineFile::flush() {
  std::string_view left = waiting_;
  while (!left.empty()) {
    const ssize_t written = ::write(descriptor_, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) break;
    left.remove_prefix(static_cast<std::size_t>(written));
  }
  const bool whole = left.empty();
  waiting_.clear();
  return whole;
}

Result<void> Recorder::open(const std::string& items_path, const std::string& ids_path) {
  if (!items_path.empty()) {
    if (auto opened = items_.open(items_path); !opened) return opened;
  }
  if (!ids_path.empty()) return ids_.open(ids_path);
  return {};
}

void Recorder::record(const TrackBatch& batch, std::uint64_t request, WallTime received) {
  if (!items_.is_open() && !ids_.is_open()) return;
  const std::string head = line_head(request, received);
  auto error = batch.errors.begin();
  for (std::size_t i = 0; i < batch.items.size(); ++i) {
    if (error != batch.errors.end() && error->index == i) {
      ++error;
    } else {
      const ItemFacts& item = batch.items[i];
      add_item(item.raw, head);
      if (ids_.is_open()) {
        std::string& line = ids_.waiting();
        line.append(to_string(item.type)).append(1, ' ').append(or_dash(item.operation_id));
        line.append(1, ' ').append(or_dash(item.id)).append(1, '\n');
      }
      flush_if_much();
    }
  }
}

void Recorder::record(std::string_view item, std::string_view id_line, std::uint64_t request,
                      WallTime received) {
  if (items_.is_open()) add_item(item, line_head(request, received));
  if (ids_.is_open()) ids_.waiting().append(id_line).append(1, '\n');
  flush_if_much();
}

void Recorder::add_item(std::string_view item, std::string_view head) {
  if (!items_.is_open()) return;
  items_.waiting() += head;
  append_one_line(items_.waiting(), item);
  items_.waiting() += "}\n";
}

void Recorder::flush_if_much() {
  if (items_.waiting().size() >= flush_at || ids_.waiting().size() >= flush_at) flush();
}

void Recorder::flush() {
  if (items_.is_open() && !items_.flush()) ++failed_writes_;
  if (ids_.is_open() && !ids_.flush()) ++failed_writes_;
}

}  // namespace posthaste::tools
