#include "persistence/store_verifier.h"

#include "persistence/lmdb_page.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

namespace posthaste::persistence {
namespace {

using namespace lmdb_page;

constexpr std::uint64_t largest_file = std::uint64_t{16} << 30;
constexpr std::uint64_t largest_transaction = std::uint64_t{1} << 62;
constexpr std::uint16_t deepest_tree = 32;  // LMDB's cursor stack
constexpr std::uint64_t first_tree_page = 2;

enum class TreeKind : std::uint8_t { main, free };

/// Keys that a subtree may hold: low <= key < high.
struct Bounds {
  std::uint64_t low = 0;
  std::uint64_t high = ~std::uint64_t{0};  // no key of ours gets there
};

struct TreeCount {
  std::uint64_t branch_pages = 0;
  std::uint64_t leaf_pages = 0;
  std::uint64_t overflow_pages = 0;
  std::uint64_t entries = 0;
};

class Verification {
public:
  explicit Verification(const ByteSource& source) : source_(source) {}

  FileReport run() {
    report_.state = FileState::damaged;
    if (source_.size() == 0) {
      report_.state = FileState::empty;
      return report_;
    }
    if (choose_meta() && check_geometry() && walk(TreeKind::main) && walk(TreeKind::free) &&
        check_end()) {
      report_.state = FileState::sound;
      const std::uint64_t used =
          static_cast<std::uint64_t>(std::count(used_.begin(), used_.end(), true));
      report_.unaccounted_pages = report_.pages - first_tree_page - used;
    }
    return report_;
  }

private:
  bool fail(std::string problem) {
    if (report_.problem.empty()) report_.problem = std::move(problem);
    return false;
  }
  bool fail_page(std::uint64_t page, const char* what) {
    return fail("page " + std::to_string(page) + ": " + what);
  }

  std::optional<std::uint32_t> format_version(std::uint64_t page_at) const {
    std::byte bytes[8];
    for (const std::uint64_t place : {16u, 24u}) {  // later formats have a longer page header
      if (source_.read(page_at + place, bytes) && load<std::uint32_t>(bytes) == magic)
        return load<std::uint32_t>(bytes + 4);
    }
    return std::nullopt;
  }

  bool choose_meta() {
    std::byte page[meta_bytes];
    if (!source_.read(0, page)) return fail("shorter than one page");
    const Meta first = read_meta(page);
    if (number(page) != 0) return fail_page(0, "says it is another page");
    const std::uint16_t first_flags = flags(page);
    const std::uint64_t size = first.free.pad;
    const std::optional<std::uint32_t> found = format_version(0);
    if (found && *found != version && found == format_version(4096)) {
      report_.state = FileState::foreign;
      return fail("LMDB format version " + std::to_string(*found) + ", not " +
                  std::to_string(version));
    }
    if (size != 4096 && size != 8192 && size != 16384 && size != 32768)
      return fail_page(0, "the page size is not one of LMDB's");
    if (!source_.read(size, page)) return fail("shorter than two pages");
    const Meta second = read_meta(page);
    if (number(page) != 1) return fail_page(1, "says it is another page");
    if (first_flags != lmdb_page::meta || flags(page) != lmdb_page::meta)
      return fail("a meta page is not marked as one");
    page_size_ = size;
    return check_meta(first, 0) && check_meta(second, 1) && pick(first, second);
  }

  bool check_meta(const Meta& meta, std::uint64_t page) {
    if (meta.magic != magic || meta.version != version)
      return fail_page(page, "wrong magic or version");
    if (meta.free.pad != page_size_) return fail_page(page, "the two page sizes differ");
    if (meta.free.flags != integer_key) return fail_page(page, "unexpected file flags");
    if (meta.main.flags != 0) return fail_page(page, "unexpected flags of the tree");
    if (meta.transaction > largest_transaction) return fail_page(page, "absurd transaction");
    if (meta.transaction != 0 && (meta.transaction & 1) != page)
      return fail_page(page, "holds a transaction of the other meta page");
    return true;
  }

  bool pick(const Meta& first, const Meta& second) {
    meta_ = first.transaction < second.transaction ? second : first;
    const std::uint64_t older = std::min(first.transaction, second.transaction);
    if (meta_.transaction - older > 1) return fail("the two meta pages are too far apart");
    return true;
  }

  bool check_geometry() {
    report_.page_size = static_cast<std::uint32_t>(page_size_);
    report_.entries = meta_.main.entries;
    const std::uint64_t size = source_.size();
    if (size > largest_file) return fail("larger than 16 GiB");
    if (meta_.last_page < 1 || meta_.last_page >= largest_file / page_size_)
      return fail("an absurd last page " + std::to_string(meta_.last_page));
    report_.pages = meta_.last_page + 1;
    written_pages_ = std::min(size / page_size_, report_.pages);
    used_.assign(report_.pages, false);
    run_page_.resize(page_size_);
    return true;
  }

  /// LMDB does not write a page that was taken and given back in one transaction: where it is the
  /// last one, the file ends before it.
  bool check_end() {
    for (std::uint64_t page = written_pages_; page < report_.pages; ++page) {
      if (!used_[page])
        return fail("shorter than its last page " + std::to_string(meta_.last_page));
    }
    return true;
  }

  /// Pages below `end`, by their only user.
  bool claim(std::uint64_t first, std::uint64_t count, std::uint64_t end) {
    if (first < first_tree_page || first >= end || count > end - first)
      return fail_page(first, "is outside of the file");
    for (std::uint64_t page = first; page < first + count; ++page) {
      if (used_[page]) return fail_page(page, "is used twice");
      used_[page] = true;
    }
    return true;
  }

  bool walk(TreeKind kind) {
    const Tree& tree = kind == TreeKind::main ? meta_.main : meta_.free;
    kind_ = kind;
    count_ = {};
    depth_ = tree.depth;
    if (tree.root == no_page) {
      if (tree.depth != 0) return fail("a tree without root has a depth");
    } else {
      if (tree.depth < 1 || tree.depth > deepest_tree) return fail("absurd depth of a tree");
      levels_.resize(std::max<std::size_t>(levels_.size(), tree.depth));
      const Bounds all{kind == TreeKind::free ? 1u : 0u,
                       kind == TreeKind::free ? meta_.transaction + 1 : Bounds{}.high};
      if (!walk_page(tree.root, 1, all)) return false;
    }
    if (count_.branch_pages != tree.branch_pages || count_.leaf_pages != tree.leaf_pages ||
        count_.overflow_pages != tree.overflow_pages || count_.entries != tree.entries)
      return fail("a tree's counters do not fit it");
    return true;
  }

  bool walk_page(std::uint64_t page_number, std::uint16_t level, const Bounds& bounds) {
    if (!claim(page_number, 1, written_pages_)) return false;
    std::vector<std::byte>& buffer = levels_[level - 1u];
    buffer.resize(page_size_);
    if (!source_.read(page_number * page_size_, buffer))
      return fail_page(page_number, "cannot be read");
    const bool is_leaf = level == depth_;
    if (number(buffer.data()) != page_number) return fail_page(page_number, "says it is another");
    if (flags(buffer.data()) != (is_leaf ? leaf : branch))
      return fail_page(page_number, "is of the wrong kind");
    if (!check_nodes(buffer.data(), page_number, is_leaf)) return false;
    return is_leaf ? walk_leaf(buffer.data(), page_number, bounds)
                   : walk_branch(buffer.data(), page_number, level, bounds);
  }

  std::size_t node_bytes(Node node, bool is_leaf) const {
    std::size_t size = node_header_bytes + node.key_size();
    if (is_leaf) size += (node.flags() & big) != 0 ? sizeof(std::uint64_t) : node.data_size();
    return size + (size & 1);
  }

  bool check_nodes(const std::byte* page, std::uint64_t page_number, bool is_leaf) {
    if (lower(page) < header_bytes || (lower(page) & 1) != 0 || lower(page) > upper(page) ||
        upper(page) > page_size_)
      return fail_page(page_number, "impossible free space");
    // LMDB asserts two keys in a branch of the main tree; of the free tree it accepts one.
    const std::size_t least = !is_leaf && kind_ == TreeKind::main ? 2 : 1;
    if (node_count(page) < least) return fail_page(page_number, "too few keys");
    extents_.clear();
    for (std::size_t i = 0; i < node_count(page); ++i) {
      const std::size_t offset = node_offset(page, i);
      if ((offset & 1) != 0 || offset < upper(page) || offset + node_header_bytes > page_size_)
        return fail_page(page_number, "a node lies outside");
      const Node node{page + offset};
      const bool implied = !is_leaf && i == 0;  // the first key of a branch is not looked at
      if (node.key_size() != sizeof(std::uint64_t) && !(implied && node.key_size() == 0))
        return fail_page(page_number, "a key is not 8 bytes long");
      if (is_leaf && (node.flags() & ~big) != 0) return fail_page(page_number, "foreign node");
      const std::size_t size = node_bytes(node, is_leaf);
      if (size > page_size_ - offset) return fail_page(page_number, "a node is cut off");
      extents_.emplace_back(offset, size);
    }
    std::sort(extents_.begin(), extents_.end());
    for (std::size_t i = 1; i < extents_.size(); ++i)
      if (extents_[i - 1].first + extents_[i - 1].second > extents_[i].first)
        return fail_page(page_number, "nodes overlap");
    return true;
  }

  std::uint64_t key_of(Node node) const {
    const std::uint64_t key = load<std::uint64_t>(node.key());
    return kind_ == TreeKind::main ? __builtin_bswap64(key) : key;
  }

  bool check_key(std::uint64_t key, std::optional<std::uint64_t>& previous, const Bounds& bounds,
                 std::uint64_t page_number) {
    if (key < bounds.low || key >= bounds.high || (previous && key <= *previous))
      return fail_page(page_number, "keys out of order");
    previous = key;
    return true;
  }

  bool walk_branch(const std::byte* page, std::uint64_t page_number, std::uint16_t level,
                   const Bounds& bounds) {
    ++count_.branch_pages;
    std::optional<std::uint64_t> previous;
    const std::size_t nodes = node_count(page);
    for (std::size_t i = 1; i < nodes; ++i)
      if (!check_key(key_of(node(page, i)), previous, bounds, page_number)) return false;
    for (std::size_t i = 0; i < nodes; ++i) {
      const Bounds child{i == 0 ? bounds.low : key_of(node(page, i)),
                         i + 1 < nodes ? key_of(node(page, i + 1)) : bounds.high};
      if (!walk_page(node(page, i).child(), static_cast<std::uint16_t>(level + 1), child))
        return false;
    }
    return true;
  }

  bool walk_leaf(const std::byte* page, std::uint64_t page_number, const Bounds& bounds) {
    ++count_.leaf_pages;
    std::optional<std::uint64_t> previous;
    const std::size_t nodes = node_count(page);
    count_.entries += nodes;
    for (std::size_t i = 0; i < nodes; ++i) {
      const Node entry = node(page, i);
      if (!check_key(key_of(entry), previous, bounds, page_number)) return false;
      const bool is_big = (entry.flags() & big) != 0;
      const std::uint64_t run = is_big ? load<std::uint64_t>(entry.data()) : 0;
      if (is_big && !claim_run(run, entry.data_size())) return false;
      if (kind_ == TreeKind::free && !walk_free_list(entry, page_number, run)) return false;
    }
    return true;
  }

  bool claim_run(std::uint64_t first, std::uint64_t size) {
    std::byte header[header_bytes];
    if (first < first_tree_page || first > meta_.last_page)
      return fail_page(first, "is outside of the file");
    if (!source_.read(first * page_size_, header)) return fail_page(first, "cannot be read");
    if (number(header) != first || flags(header) != overflow)
      return fail_page(first, "is not the overflow page that was expected");
    if (run_length(header) < overflow_run(size, page_size_))
      return fail_page(first, "its run is too short for the value");
    count_.overflow_pages += run_length(header);
    return claim(first, run_length(header), written_pages_);
  }

  /// A free list: count, then page numbers, descending.
  bool walk_free_list(Node entry, std::uint64_t page_number, std::uint64_t run) {
    const std::uint64_t size = entry.data_size();
    if (size < sizeof(std::uint64_t) || size % sizeof(std::uint64_t) != 0)
      return fail_page(page_number, "a free list of odd size");
    std::uint64_t count = 0;
    if (!read_word(entry, run, 0, count)) return fail_page(run, "cannot be read");
    if (count > size / sizeof(std::uint64_t) - 1)
      return fail_page(page_number, "a free list longer than its value");
    std::uint64_t previous = no_page;
    loaded_run_page_ = no_page;
    for (std::uint64_t i = 1; i <= count; ++i) {
      std::uint64_t free_page = 0;
      if (!read_word(entry, run, i, free_page)) return fail_page(run, "cannot be read");
      if (free_page >= previous) return fail_page(page_number, "a free list out of order");
      if (!claim(free_page, 1, report_.pages)) return false;
      previous = free_page;
    }
    report_.free_pages += count;
    return true;
  }

  bool read_word(Node entry, std::uint64_t run, std::uint64_t index, std::uint64_t& word) {
    if ((entry.flags() & big) == 0) {
      word = load<std::uint64_t>(entry.data() + index * sizeof word);
      return true;
    }
    // Words never straddle pages: header and words are multiples of 8 bytes.
    const std::uint64_t offset = header_bytes + index * sizeof word;
    const std::uint64_t page = run + offset / page_size_;
    if (page != loaded_run_page_) {
      loaded_run_page_ = no_page;
      if (!source_.read(page * page_size_, run_page_)) return false;
      loaded_run_page_ = page;
    }
    word = load<std::uint64_t>(run_page_.data() + offset % page_size_);
    return true;
  }

  const ByteSource& source_;
  FileReport report_;
  std::uint64_t page_size_ = 0;
  Meta meta_{};
  std::uint64_t written_pages_ = 0;
  std::vector<bool> used_;
  std::vector<std::vector<std::byte>> levels_;  // the pages from the root to the current one
  std::vector<std::pair<std::size_t, std::size_t>> extents_;
  std::vector<std::byte> run_page_;
  std::uint64_t loaded_run_page_ = no_page;
  TreeKind kind_ = TreeKind::main;
  TreeCount count_;
  std::uint16_t depth_ = 0;
};

class FileSource final : public ByteSource {
public:
  explicit FileSource(int descriptor) : descriptor_(descriptor) {
    struct stat facts {};
    if (::fstat(descriptor, &facts) == 0) size_ = static_cast<std::uint64_t>(facts.st_size);
  }
  std::uint64_t size() const noexcept override { return size_; }
  bool read(std::uint64_t offset, std::span<std::byte> out) const noexcept override {
    while (!out.empty()) {
      const ssize_t got = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      out = out.subspan(static_cast<std::size_t>(got));
      offset += static_cast<std::uint64_t>(got);
    }
    return true;
  }

private:
  int descriptor_;
  std::uint64_t size_ = 0;
};

}  // namespace

FileReport verify_data_file(const ByteSource& source) {
  return Verification{source}.run();
}

FileReport verify_data_file(int descriptor) {
  return verify_data_file(FileSource{descriptor});
}

}  // namespace posthaste::persistence
