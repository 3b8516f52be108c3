#include "persistence/store_format.h"

#include "persistence/little_endian.h"
#include "runtime/base/crc32c.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace posthaste::persistence {
namespace {

BatchHeaderRecord example() {
  BatchHeaderRecord record;
  record.key = StoreKey{7};
  record.header.queue = {0x1122334455667788};
  record.header.origin = {{std::byte{9}}, 100, 200};
  record.header.created = {WallTime{std::chrono::nanoseconds{-5}},
                           {{std::byte{3}}, std::chrono::nanoseconds{77}}};
  record.header.records = 1;
  record.header.items = 2;
  record.header.attempts = 3;
  record.header.kind = 4;
  record.header.body_bytes = 5;
  record.header.user_bytes = 6;
  record.content_crc = 8;
  return record;
}

TEST(StoreFormat, BeginsABatchHeaderAsTheDocumentShows) {
  BatchHeaderRecord record;
  record.key = StoreKey{7};
  record.header.queue = {0x1122334455667788};
  const BatchHeaderBytes bytes = encode(record);
  const unsigned char expected[] = {0x50, 0x48, 0x42, 0x48, 1,    0,    0x80, 0,
                                    7,    0,    0,    0,    0,    0,    0,    0,
                                    0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11};
  EXPECT_TRUE(std::equal(std::begin(expected), std::end(expected), bytes.begin(),
                         [](unsigned char a, std::byte b) { return std::byte{a} == b; }));
  const KeyBytes key = encode_key(StoreKey{7}, BatchPart::header);
  EXPECT_EQ(key, (KeyBytes{std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0},
                           std::byte{0}, std::byte{0}, std::byte{14}}));
}

TEST(StoreFormat, GivesBackTheBatchHeaderThatItWrote) {
  const BatchHeaderRecord record = example();
  const std::optional<BatchHeaderRecord> decoded = decode_batch_header(encode(record));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->key, record.key);
  EXPECT_EQ(decoded->header, record.header);
  EXPECT_EQ(decoded->content_crc, record.content_crc);
}

TEST(StoreFormat, RefusesABatchHeaderWithAnyBitChanged) {
  const BatchHeaderBytes sound = encode(example());
  for (std::size_t bit = 0; bit < sound.size() * 8; ++bit) {
    BatchHeaderBytes damaged = sound;
    damaged[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_FALSE(decode_batch_header(damaged)) << bit;
  }
}

TEST(StoreFormat, RefusesABatchHeaderOfAnotherLength) {
  const BatchHeaderBytes sound = encode(example());
  const std::span<const std::byte> bytes{sound};
  for (std::size_t length = 0; length < bytes.size(); ++length)
    EXPECT_FALSE(decode_batch_header(bytes.first(length)));
}

TEST(StoreFormat, GivesBackTheStoreHeaderThatItWrote) {
  const StoreHeader header{12, 34, WallTime{std::chrono::nanoseconds{56}}, "posthaste 1.2"};
  StoreHeader decoded;
  ASSERT_EQ(decode(encode(header), decoded), StoreHeaderCheck::good);
  EXPECT_EQ(decoded.commits, 12u);
  EXPECT_EQ(decoded.next_key, 34u);
  EXPECT_EQ(decoded.created, header.created);
  EXPECT_EQ(decoded.writer, header.writer);
}

TEST(StoreFormat, CutsAWriterThatIsTooLong) {
  StoreHeader decoded;
  ASSERT_EQ(decode(encode(StoreHeader{0, 1, {}, std::string(100, 'w')}), decoded),
            StoreHeaderCheck::good);
  EXPECT_EQ(decoded.writer, std::string(48, 'w'));
}

TEST(StoreFormat, RefusesAStoreHeaderWithAnyBitChanged) {
  const StoreHeaderBytes sound = encode(StoreHeader{1, 2, {}, "w"});
  for (std::size_t bit = 0; bit < sound.size() * 8; ++bit) {
    StoreHeaderBytes damaged = sound;
    damaged[bit / 8] ^= std::byte{1} << (bit % 8);
    StoreHeader decoded;
    EXPECT_EQ(decode(damaged, decoded), StoreHeaderCheck::damaged) << bit;
  }
}

TEST(StoreFormat, KnowsASoundHeaderOfAnotherSchema) {
  StoreHeaderBytes bytes = encode(StoreHeader{1, 2, {}, "w"});
  store(bytes.data() + 8, std::uint32_t{2});
  const std::span<const std::byte> checked{bytes.data(), bytes.size() - 4};
  store(bytes.data() + bytes.size() - 4, crc32c(checked));
  StoreHeader decoded;
  EXPECT_EQ(decode(bytes, decoded), StoreHeaderCheck::foreign);
}

TEST(StoreFormat, KeysComeInTheOrderOfTheirNumbers) {
  KeyBytes previous = store_header_key();
  for (const std::uint64_t number : {1ull, 2ull, 255ull, 256ull, 1ull << 40, 1ull << 62}) {
    for (const BatchPart part : {BatchPart::header, BatchPart::content}) {
      const KeyBytes key = encode_key(StoreKey{number}, part);
      EXPECT_LT(previous, key);
      previous = key;
      const std::optional<DecodedKey> decoded = decode_key(key);
      ASSERT_TRUE(decoded);
      EXPECT_EQ(decoded->key, StoreKey{number});
      EXPECT_EQ(decoded->part, part);
    }
  }
  EXPECT_FALSE(decode_key(store_header_key()));
  EXPECT_FALSE(decode_key({}));
}

TEST(StoreFormat, ChargesWholePagesOnceTheContentLeavesItsLeaf) {
  EXPECT_EQ(charge_of(0), 1024u);
  EXPECT_EQ(charge_of(848), 1024u);
  EXPECT_EQ(charge_of(849), 1025u);
  EXPECT_EQ(charge_of(2022), 176u + 2022);
  EXPECT_EQ(charge_of(2023), 176u + 4096);
  EXPECT_EQ(charge_of(4080), 176u + 4096);
  EXPECT_EQ(charge_of(4081), 176u + 8192);
}

}  // namespace
}  // namespace posthaste::persistence
