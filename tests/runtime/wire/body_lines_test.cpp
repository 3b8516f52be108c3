#include "runtime/wire/body_lines.h"
#include "tests/runtime/wire/seeded_random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace posthaste::wire {
namespace {

struct Body {
  ByteBuffer body;
  ItemMap map;
};

/// Records of as many lines as `sizes` says; line n is "n\n".
Body make_body(const std::vector<std::uint32_t>& sizes, Compressor& compressor) {
  Body body;
  std::string text;
  int line = 0;
  for (const std::uint32_t size : sizes) {
    body.map.add(size);
    for (std::uint32_t i = 0; i < size; ++i) text += std::to_string(line++) + "\n";
  }
  EXPECT_TRUE(compressor.gzip(std::as_bytes(std::span(text)), body.body));
  return body;
}

std::string text_of(const CutBody& body) {
  ByteBuffer plain;
  EXPECT_TRUE(gunzip(body.body.bytes(), plain_body_limit, plain));
  return std::string(plain.view());
}

class BodyLines : public testing::Test {
protected:
  Compressor compressor_;
};

TEST_F(BodyLines, KeepExactlyTheLinesToSendAgain) {
  const Body body = make_body({1, 3, 1, 2}, compressor_);
  const std::vector<std::uint32_t> retry{0, 2, 6};
  const std::vector<std::uint32_t> rejected{5};
  const auto cut = select_items(body.body.bytes(), {}, body.map, retry, rejected, compressor_);
  ASSERT_TRUE(cut);
  EXPECT_EQ(text_of(*cut), "0\n2\n6\n");
  ItemMap expected;
  expected.add(1, OwnLine::here);       // its own line goes again
  expected.add(1, OwnLine::accepted);   // line 1 was taken, an event of it goes again
  expected.add(1, OwnLine::elsewhere);  // line 5 was refused, an event of it goes again
  EXPECT_EQ(cut->map, expected);
  EXPECT_EQ(cut->map.records(), 2u);
}

TEST_F(BodyLines, RememberWhatWasSettledBeforeTheSecondCut) {
  const Body body = make_body({3, 3}, compressor_);
  const std::vector<std::uint32_t> first{1, 2, 4, 5};
  const std::vector<std::uint32_t> rejected{3};
  const auto once = select_items(body.body.bytes(), {}, body.map, first, rejected, compressor_);
  ASSERT_TRUE(once);
  const std::vector<std::uint32_t> second{1, 3};
  const auto twice = select_items(once->body.bytes(), {}, once->map, second, {}, compressor_);
  ASSERT_TRUE(twice);
  EXPECT_EQ(text_of(*twice), "2\n5\n");
  ItemMap expected;
  expected.add(1, OwnLine::accepted);
  expected.add(1, OwnLine::elsewhere);
  EXPECT_EQ(twice->map, expected);
}

TEST_F(BodyLines, SplitBetweenRecordsAboutInTheMiddle) {
  const Body body = make_body({2, 2, 3, 1}, compressor_);
  const auto halves = split(body.body.bytes(), body.map, compressor_);
  ASSERT_TRUE(halves);
  EXPECT_EQ(text_of(halves->first), "0\n1\n2\n3\n");
  EXPECT_EQ(text_of(halves->second), "4\n5\n6\n7\n");
  EXPECT_EQ(halves->first.map.records(), 2u);
  EXPECT_EQ(halves->second.map.records(), 2u);
}

TEST_F(BodyLines, SplitEndsAtSingleLinesWithoutLosingOne) {
  SeededRandom random(4);
  for (int round = 0; round < 30; ++round) {
    std::vector<std::uint32_t> sizes;
    for (unsigned i = 1 + random() % 6; i > 0; --i) sizes.push_back(1 + random() % 5);
    Body body = make_body(sizes, compressor_);
    const std::uint32_t records = body.map.records();
    std::vector<CutBody> open;
    open.push_back({std::move(body.body), body.map});
    std::string lines;
    std::uint32_t counted = 0;
    while (!open.empty()) {
      CutBody next = std::move(open.back());
      open.pop_back();
      if (next.map.items() == 1) {
        lines += text_of(next);
        counted += next.map.records();
        continue;
      }
      auto halves = split(next.body.bytes(), next.map, compressor_);
      ASSERT_TRUE(halves);
      EXPECT_EQ(halves->first.map.items() + halves->second.map.items(), next.map.items());
      EXPECT_FALSE(halves->first.map.empty());
      EXPECT_FALSE(halves->second.map.empty());
      open.push_back(std::move(halves->second));
      open.push_back(std::move(halves->first));
    }
    std::string expected;
    for (std::uint32_t i = 0; i < body.map.items(); ++i) expected += std::to_string(i) + "\n";
    EXPECT_EQ(lines, expected);
    EXPECT_EQ(counted, records) << "each record is counted once, wherever its lines went";
  }
}

TEST_F(BodyLines, DoNotCutASingleLine) {
  const Body body = make_body({1}, compressor_);
  const auto halves = split(body.body.bytes(), body.map, compressor_);
  ASSERT_FALSE(halves);
  EXPECT_EQ(halves.error().code(), ErrorCode::invalid_argument);
}

TEST_F(BodyLines, RefuseABodyThatIsNotTheMaps) {
  const Body body = make_body({1, 1}, compressor_);
  ItemMap other;
  other.add(3);
  const std::vector<std::uint32_t> retry{0};
  EXPECT_FALSE(select_items(body.body.bytes(), {}, other, retry, {}, compressor_));
  const std::vector<std::uint32_t> outside{2};
  EXPECT_FALSE(select_items(body.body.bytes(), {}, body.map, outside, {}, compressor_));
  EXPECT_FALSE(split(body.body.bytes().first(10), body.map, compressor_));
}

}  // namespace
}  // namespace posthaste::wire
