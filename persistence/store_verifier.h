#pragma once

/// Decides whether LMDB may open a data file. LMDB trusts its file: one that is damaged makes it
/// abort, loop or fault in the host's process. So every file is first read here, with plain reads,
/// from the format (docs/formats/store.md, "Opening"), and opened only if every page that LMDB
/// would follow is what it claims to be and is used once.
///
/// Called by the opening of a store, by recovery and by the inspector.
/// Threads:  any. Blocking: reads the file's tree pages, about 1 ms a MB.
/// Memory:   one bit a page, one page a level; the file decides neither beyond its own size.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace posthaste::persistence {

/// Bytes at offsets: a file, or memory in tests.
class ByteSource {
public:
  virtual ~ByteSource() = default;
  virtual std::uint64_t size() const noexcept = 0;
  /// All of `out` or false.
  virtual bool read(std::uint64_t offset, std::span<std::byte> out) const noexcept = 0;
};

enum class FileState : std::uint8_t {
  empty,    // no byte: LMDB will make a new file of it
  sound,    // safe to open
  damaged,  // must not be opened
  foreign,  // another version of LMDB's format: leave it alone
};

struct FileReport {
  FileState state = FileState::damaged;
  std::string problem;                  // one line; empty unless damaged or foreign
  std::uint64_t pages = 0;              // in use by the file, meta pages included
  std::uint64_t free_pages = 0;         // in its free lists
  std::uint64_t unaccounted_pages = 0;  // neither reachable nor free: lost to the file, harmless
  std::uint64_t entries = 0;            // keys in the tree, as far as the meta page says
  std::uint32_t page_size = 0;
};

FileReport verify_data_file(const ByteSource& source);
FileReport verify_data_file(int descriptor);

}  // namespace posthaste::persistence
