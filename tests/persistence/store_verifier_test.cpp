#include "persistence/store_verifier.h"

#include "persistence/lmdb_page.h"
#include "tests/persistence/store_fixture.h"

#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>

namespace posthaste::persistence {
namespace {

namespace layout = lmdb_page;

constexpr std::size_t page_size = 4096;

class MemorySource final : public ByteSource {
public:
  explicit MemorySource(const std::vector<std::byte>& bytes) : bytes_(bytes) {}
  std::uint64_t size() const noexcept override { return bytes_.size(); }
  bool read(std::uint64_t offset, std::span<std::byte> out) const noexcept override {
    if (offset > bytes_.size() || out.size() > bytes_.size() - offset) return false;
    std::memcpy(out.data(), bytes_.data() + offset, out.size());
    return true;
  }

private:
  const std::vector<std::byte>& bytes_;
};

/// Edits a genuine file, one claim at a time.
class StoreVerifier : public StoreFixture {
protected:
  void SetUp() override {
    open();
    for (std::uint64_t i = 1; i <= 120; ++i)
      ASSERT_TRUE(append(TestBatch{i, i % 2 == 0 ? 10000u : 100u}));
    std::vector<StoreKey> some;
    for (const auto& [key, entry] : store_->index().entries())
      if (some.size() < 40) some.push_back(key);
    ASSERT_TRUE(store_->settle(some));
    store_.reset();
    std::ifstream in{directory() + "/data.mdb", std::ios::binary};
    const std::vector<char> chars{std::istreambuf_iterator<char>{in}, {}};
    bytes_.resize(chars.size());
    std::memcpy(bytes_.data(), chars.data(), chars.size());
    for (std::size_t i = 0; i < 2; ++i) {
      const layout::Meta meta = layout::read_meta(page(i));
      if (i == 0 || meta.transaction > meta_.transaction) meta_ = meta, meta_page_ = i;
    }
    ASSERT_EQ(meta_.main.depth, 2u) << "the edits below suppose a root over leaves";
  }

  std::byte* page(std::uint64_t number) { return bytes_.data() + number * page_size; }
  void write_meta(const std::function<void(layout::Meta&)>& edit) {
    edit(meta_);
    store(page(meta_page_) + layout::header_bytes, meta_);
  }
  std::byte* root() { return page(meta_.main.root); }
  std::byte* leaf(std::size_t index) { return page(layout::node(root(), index).child()); }
  std::byte* free_leaf() {
    EXPECT_EQ(meta_.free.depth, 1u);
    return page(meta_.free.root);
  }
  static std::byte* node_at(std::byte* in, std::size_t index) {
    return in + layout::node_offset(in, index);
  }
  /// Nodes of a leaf whose value lies in pages of its own.
  std::vector<std::byte*> big_nodes(std::byte* in) {
    std::vector<std::byte*> found;
    for (std::size_t i = 0; i < layout::node_count(in); ++i)
      if ((layout::node(in, i).flags() & layout::big) != 0) found.push_back(node_at(in, i));
    return found;
  }
  static std::byte* data_of(std::byte* node) { return node + 16; }  // behind a key of 8 bytes

  FileReport verify() { return verify_data_file(MemorySource{bytes_}); }
  void expect_damaged(const std::string& problem) {
    const FileReport report = verify();
    EXPECT_EQ(report.state, FileState::damaged);
    EXPECT_NE(report.problem.find(problem), std::string::npos) << report.problem;
  }

  std::vector<std::byte> bytes_;
  layout::Meta meta_{};
  std::size_t meta_page_ = 0;
};

TEST_F(StoreVerifier, AcceptsAGenuineFileAndAccountsForEveryPage) {
  const FileReport report = verify();
  EXPECT_EQ(report.state, FileState::sound) << report.problem;
  EXPECT_EQ(report.entries, 161u);  // a header, and two for each of 80 batches
  EXPECT_GT(report.free_pages, 10u);
  EXPECT_EQ(report.unaccounted_pages, 0u);
  EXPECT_EQ(report.page_size, page_size);
}

TEST_F(StoreVerifier, CallsAFileWithoutBytesEmpty) {
  bytes_.clear();
  EXPECT_EQ(verify().state, FileState::empty);
}

TEST_F(StoreVerifier, RefusesAValueThatTwoNodesShare) {
  const std::vector<std::byte*> nodes = big_nodes(leaf(0));
  ASSERT_GE(nodes.size(), 2u);
  std::memcpy(data_of(nodes[1]), data_of(nodes[0]), 8);
  expect_damaged("is used twice");
}

TEST_F(StoreVerifier, RefusesAFreeListWithAPageInUse) {
  std::byte* const list = data_of(node_at(free_leaf(), 0));
  ASSERT_GE(load<std::uint64_t>(list), 1u);
  store(list, std::uint64_t{1});
  store(list + 8, meta_.main.root);
  expect_damaged("is used twice");
}

TEST_F(StoreVerifier, RefusesAFreeListOutOfOrder) {
  std::byte* const list = data_of(node_at(free_leaf(), 0));
  ASSERT_GE(load<std::uint64_t>(list), 2u);
  std::swap_ranges(list + 8, list + 16, list + 16);
  expect_damaged("out of order");
}

TEST_F(StoreVerifier, RefusesAFreeListThatClaimsMoreThanItsValueHolds) {
  std::byte* const list = data_of(node_at(free_leaf(), 0));
  store(list, std::uint64_t{1} << 40);
  expect_damaged("longer than its value");
}

TEST_F(StoreVerifier, RefusesAFreeListOfAPageBehindTheEnd) {
  std::byte* const list = data_of(node_at(free_leaf(), 0));
  store(list + 8, meta_.last_page + 1);
  expect_damaged("outside of the file");
}

TEST_F(StoreVerifier, RefusesAFreeListOfTheFuture) {
  store(node_at(free_leaf(), 0) + 8, meta_.transaction + 1);
  expect_damaged("keys out of order");
}

TEST_F(StoreVerifier, RefusesAnOverflowRunThatIsTooShort) {
  std::byte* const run = page(load<std::uint64_t>(data_of(big_nodes(leaf(0))[0])));
  store(run + 12, layout::run_length(run) - 1);
  expect_damaged("too short");
}

TEST_F(StoreVerifier, RefusesAnOverflowRunBeyondTheFile) {
  std::byte* const run = page(load<std::uint64_t>(data_of(big_nodes(leaf(0))[0])));
  store(run + 12, ~std::uint32_t{0});
  expect_damaged("outside of the file");
}

TEST_F(StoreVerifier, RefusesAValueSizeThatItsRunDoesNotHold) {
  store(big_nodes(leaf(0))[0], std::uint32_t{0x7FFFFFFF});
  expect_damaged("too short");
}

TEST_F(StoreVerifier, RefusesAPageThatSaysItIsAnother) {
  store(leaf(1), layout::number(leaf(0)));
  expect_damaged("says it is another");
}

TEST_F(StoreVerifier, RefusesALoopInTheTree) {
  std::byte* const node = node_at(root(), 1);
  store(node, static_cast<std::uint32_t>(meta_.main.root));
  expect_damaged("is used twice");
}

TEST_F(StoreVerifier, RefusesALeafWhereABranchMustBe) {
  store(root() + 10, std::uint16_t{layout::leaf});
  expect_damaged("wrong kind");
}

TEST_F(StoreVerifier, RefusesADepthThatIsNotTheTrees) {
  write_meta([](layout::Meta& meta) { meta.main.depth = 1; });
  expect_damaged("wrong kind");
  write_meta([](layout::Meta& meta) { meta.main.depth = 33; });
  expect_damaged("absurd depth");
  write_meta([](layout::Meta& meta) { meta.main.depth = 0; });
  expect_damaged("absurd depth");
}

TEST_F(StoreVerifier, RefusesKeysOutOfOrderWithinAPage) {
  std::byte* const in = leaf(0);
  std::swap_ranges(node_at(in, 1) + 8, node_at(in, 1) + 16, node_at(in, 2) + 8);
  expect_damaged("keys out of order");
}

TEST_F(StoreVerifier, RefusesKeysBeyondTheBoundsOfTheirParent) {
  std::byte* const last = node_at(leaf(0), layout::node_count(leaf(0)) - 1);
  std::memset(last + 8, 0x7F, 8);
  expect_damaged("keys out of order");
}

TEST_F(StoreVerifier, RefusesChildrenInTheWrongOrder) {
  ASSERT_GE(layout::node_count(root()), 3u);
  std::byte* const first = node_at(root(), 1);
  std::byte* const second = node_at(root(), 2);
  std::swap_ranges(first, first + 6, second);
  expect_damaged("keys out of order");
}

TEST_F(StoreVerifier, RefusesNodesThatOverlap) {
  std::byte* const in = leaf(0);
  const std::uint16_t first = layout::node_offset(in, 0);
  store(in + layout::header_bytes + 2, first);
  expect_damaged("nodes overlap");
}

TEST_F(StoreVerifier, RefusesANodeOutsideOfItsPage) {
  store(leaf(0) + layout::header_bytes, std::uint16_t{4094});
  expect_damaged("a node lies outside");
  store(leaf(0) + layout::header_bytes, std::uint16_t{20});
  expect_damaged("a node lies outside");
}

TEST_F(StoreVerifier, RefusesANodeThatIsCutOff) {
  std::byte* const in = leaf(0);
  for (std::size_t i = 0; i < layout::node_count(in); ++i)
    if (layout::node(in, i).flags() == 0) store(node_at(in, i), std::uint32_t{5000});
  expect_damaged("a node is cut off");
}

TEST_F(StoreVerifier, RefusesAKeyOfAnotherLength) {
  store(node_at(leaf(0), 0) + 6, std::uint16_t{7});
  expect_damaged("a key is not 8 bytes long");
}

TEST_F(StoreVerifier, RefusesNodesOfNamedDatabasesAndDuplicates) {
  for (const std::uint16_t flag : {std::uint16_t{0x02}, std::uint16_t{0x04}}) {
    store(node_at(leaf(0), 0) + 4, flag);
    expect_damaged("foreign node");
  }
}

TEST_F(StoreVerifier, RefusesImpossibleFreeSpace) {
  store(leaf(0) + 12, std::uint16_t{4000});
  expect_damaged("impossible free space");
  store(leaf(0) + 12, std::uint16_t{8});
  expect_damaged("impossible free space");
}

TEST_F(StoreVerifier, RefusesAnEmptyLeaf) {
  store(leaf(0) + 12, std::uint16_t{layout::header_bytes});
  expect_damaged("too few keys");
}

TEST_F(StoreVerifier, RefusesCountersThatDoNotFit) {
  const layout::Meta genuine = meta_;
  for (const auto member : {&layout::Tree::branch_pages, &layout::Tree::leaf_pages,
                            &layout::Tree::overflow_pages, &layout::Tree::entries}) {
    write_meta([&](layout::Meta& meta) { meta.main.*member += 1; });
    expect_damaged("counters");
    write_meta([&](layout::Meta& meta) { meta = genuine; });
  }
  EXPECT_EQ(verify().state, FileState::sound);
}

TEST_F(StoreVerifier, RefusesFlagsThatWouldChangeHowLmdbReads) {
  const layout::Meta genuine = meta_;
  write_meta([](layout::Meta& meta) { meta.free.flags |= 0x01; });  // a fixed address
  expect_damaged("flags");
  write_meta([&](layout::Meta& meta) {
    meta = genuine;
    meta.main.flags = 0x04;  // duplicates
  });
  expect_damaged("flags");
}

TEST_F(StoreVerifier, RefusesTransactionsThatCannotFollowEachOther) {
  write_meta([](layout::Meta& meta) { meta.transaction += 2; });
  expect_damaged("too far apart");
  write_meta([](layout::Meta& meta) { meta.transaction += 1; });
  expect_damaged("of the other meta page");
}

TEST_F(StoreVerifier, RefusesAFileShorterThanItsLastPage) {
  bytes_.resize(bytes_.size() - 1);
  EXPECT_EQ(verify().state, FileState::damaged);
  bytes_.resize(bytes_.size() + 1);
  write_meta([](layout::Meta& meta) { meta.last_page += 2; });
  expect_damaged("shorter than its last page");
  write_meta([](layout::Meta& meta) { meta.last_page = ~std::uint64_t{0}; });
  expect_damaged("an absurd last page");
}

TEST_F(StoreVerifier, AcceptsAFileThatEndsBeforeLastPagesThatAreFree) {
  const std::uint64_t behind = meta_.last_page + 1;
  std::byte* const list = data_of(node_at(free_leaf(), 0));
  store(list + sizeof behind, behind);  // the highest comes first
  write_meta([](layout::Meta& meta) { ++meta.last_page; });
  const FileReport report = verify();
  EXPECT_EQ(report.state, FileState::sound) << report.problem;
  EXPECT_EQ(report.unaccounted_pages, 1u) << "the one whose place it took in the list";
}

TEST_F(StoreVerifier, RefusesAnAbsurdPageSize) {
  for (const std::uint32_t size : {0u, 1u, 512u, 4097u, 65536u, 0xFFFFFFFFu}) {
    store(page(0) + layout::header_bytes + 24, size);
    EXPECT_EQ(verify().state, FileState::damaged);
  }
}

TEST_F(StoreVerifier, AcceptsAPageThatNobodyUsesAndSaysSo) {
  std::byte* const list = data_of(node_at(free_leaf(), 0));
  const auto count = load<std::uint64_t>(list);
  store(list, count - 1);
  const FileReport report = verify();
  EXPECT_EQ(report.state, FileState::sound) << report.problem;
  EXPECT_EQ(report.unaccounted_pages, 1u);
}

}  // namespace
}  // namespace posthaste::persistence
