#include "runtime/arena/orphans.h"

#include "runtime/arena/recorder_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

namespace posthaste::arena {
namespace {

constexpr std::size_t most_files = 1000;
constexpr std::size_t start_size = 65'536;  // holds header, lanes and outputs of any geometry
constexpr std::chrono::hours unnamed_age_limit{1};  // of a file that was never given its name

WallTime modified(const struct stat& status) noexcept {
  return WallTime{std::chrono::seconds{status.st_mtim.tv_sec} +
                  std::chrono::nanoseconds{status.st_mtim.tv_nsec}};
}

std::vector<std::string> names_in(const RecorderDirectory& directory) {
  std::vector<std::string> names;
  const int copy = ::openat(directory.descriptor.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> list(copy < 0 ? nullptr : ::fdopendir(copy),
                                                 ::closedir);
  if (!list) {
    if (copy >= 0) ::close(copy);
    return names;
  }
  while (const dirent* entry = ::readdir(list.get())) {
    const std::string name = entry->d_name;
    if (!name.ends_with(recorder_suffix)) continue;
    names.push_back(name);
    if (names.size() == most_files) break;
  }
  return names;
}

/// The file, locked, if its owner is dead and it is what an owner makes.
std::optional<OrphanFile> take_if_dead(const RecorderDirectory& directory,
                                       const std::string& name) {
  constexpr int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
  FileDescriptor file(::openat(directory.descriptor.get(), name.c_str(), flags));
  if (!file) return std::nullopt;
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
      status.st_uid != ::geteuid() || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    return std::nullopt;
  }
  // Somebody else may have adopted and unlinked it before the lock was ours.
  if (::fstat(file.get(), &status) != 0 || status.st_nlink != 1) return std::nullopt;
  return OrphanFile{std::move(file), directory.path + "/" + name,
                    static_cast<std::size_t>(status.st_size), modified(status)};
}

/// A record takes no less in a body, however well that was compressed.
constexpr std::uint64_t least_record_bytes = 16;

void look_at(OrphanSurvey& survey, const OrphanSearch& search, OrphanFile file, bool named) {
  OrphanFate fate = OrphanFate::leave;
  std::optional<OrphanHead> head;
  if (named) {
    head = read_orphan_head(file);
    fate = judge_orphan(head, search, file.last_alive);
  } else if (search.now - file.last_alive > unnamed_age_limit) {
    fate = OrphanFate::remove;
  }
  const auto& passed = search.passed_over;
  if (fate == OrphanFate::adopt &&
      std::find(passed.begin(), passed.end(), file.path) != passed.end()) {
    fate = OrphanFate::leave;
  }
  if (fate == OrphanFate::adopt) {
    survey.adoptable.push_back(std::move(file));
  } else if (fate == OrphanFate::remove) {
    if (::unlink(file.path.c_str()) != 0) return;
    ++survey.removed;
    if (head) {
      survey.lost.insert(survey.lost.end(), head->undelivered.begin(), head->undelivered.end());
    }
  } else if (named) {
    ++survey.left;
  }
}

}  // namespace

std::optional<OrphanHead> read_orphan_head(std::span<const std::byte> start,
                                           std::size_t file_size) {
  if (start.size() < sizeof(ArenaHeader) || file_size < start.size()) return std::nullopt;
  alignas(ArenaHeader) std::array<std::byte, sizeof(ArenaHeader)> copy;
  std::memcpy(copy.data(), start.data(), copy.size());
  const auto& header = *reinterpret_cast<const ArenaHeader*>(copy.data());
  if (header.magic != arena_magic) return std::nullopt;
  OrphanHead head;
  if (header.version != format_version || header.header_size != sizeof(ArenaHeader)) return head;
  head.same_format = true;
  head.geometry = header.geometry;
  head.boot_id = header.boot_id;
  if (!Arena::is_sane(head.geometry)) return std::nullopt;
  head.whole = Arena::size_of(head.geometry) <= file_size;
  head.touched = std::min(header.touched.load(), head.geometry.segments);
  const std::size_t outputs = Arena::outputs_offset(head.geometry);
  const std::uint64_t most = Arena::size_of(head.geometry) / least_record_bytes;
  for (std::size_t i = 0; i < head.geometry.outputs; ++i) {
    const std::size_t at = outputs + i * sizeof(OutputHead);
    if (at + sizeof(OutputHead) > start.size()) return std::nullopt;
    alignas(OutputHead) std::array<std::byte, sizeof(OutputHead)> output_copy;
    std::memcpy(output_copy.data(), start.data() + at, output_copy.size());
    const auto& output = *reinterpret_cast<const OutputHead*>(output_copy.data());
    const std::uint64_t recorded = header.log_records.load();
    const std::uint64_t encoded = std::min(output.encoded_records.load(), recorded);
    const std::uint64_t in_bodies = std::min(output.body_records.load(), most);
    head.output_ids.push_back(output.id);
    head.undelivered.push_back({output.id, std::min(recorded - encoded + in_bodies, most)});
  }
  return head;
}

std::optional<OrphanHead> read_orphan_head(const OrphanFile& file) {
  std::vector<std::byte> start(std::min(file.size, start_size));
  std::size_t done = 0;
  while (done < start.size()) {
    const ssize_t count = ::pread(file.descriptor.get(), start.data() + done, start.size() - done,
                                  static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return std::nullopt;
    done += static_cast<std::size_t>(count);
  }
  return read_orphan_head(start, file.size);
}

OrphanFate judge_orphan(const std::optional<OrphanHead>& head, const OrphanSearch& search,
                        WallTime last_alive) noexcept {
  if (!head || search.now - last_alive > orphan_age_limit) return OrphanFate::remove;
  if (!head->same_format) return OrphanFate::leave;
  if (!head->whole || head->boot_id != search.boot_id) return OrphanFate::remove;
  const auto unsigned_yet = std::count(head->output_ids.begin(), head->output_ids.end(), 0u);
  if (unsigned_yet != 0) return OrphanFate::remove;  // its owner died before it took a record
  const bool ours =
      std::all_of(head->output_ids.begin(), head->output_ids.end(), [&search](std::uint64_t id) {
        return std::find(search.output_ids.begin(), search.output_ids.end(), id) !=
               search.output_ids.end();
      });
  return ours ? OrphanFate::adopt : OrphanFate::leave;
}

OrphanSurvey find_orphans(const OrphanSearch& search) {
  OrphanSurvey survey;
  for (const std::string& path : search.directories) {
    const auto directory = open_recorder_directory(path, MissingDirectory::fail);
    if (!directory) continue;  // nothing of ours can be there
    for (const std::string& name : names_in(*directory)) {
      if (auto file = take_if_dead(*directory, name)) {
        look_at(survey, search, std::move(*file), name.front() != '.');
      }
    }
  }
  std::sort(survey.adoptable.begin(), survey.adoptable.end(),
            [](const OrphanFile& a, const OrphanFile& b) { return a.last_alive > b.last_alive; });
  while (survey.adoptable.size() > most_adopted) {
    survey.adoptable.pop_back();
    ++survey.waiting;
  }
  return survey;
}

}  // namespace posthaste::arena
