#include "runtime/base/crc32c.h"

#include <gtest/gtest.h>

#include <random>
#include <string_view>
#include <vector>

namespace posthaste {
namespace {

TEST(Crc32c, HasTheValueOfTheStandardsCheckString) {
  const std::string_view text = "123456789";
  EXPECT_EQ(crc32c(std::as_bytes(std::span{text})), 0xE3069283u);
  EXPECT_EQ(crc32c_by_table(std::as_bytes(std::span{text})), 0xE3069283u);
}

TEST(Crc32c, IsTheSameByInstructionAndByTableAndInPieces) {
  std::mt19937 random{1};
  for (std::size_t length = 0; length < 300; ++length) {
    std::vector<std::byte> bytes(length);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    const std::span<const std::byte> all{bytes};
    const std::uint32_t whole = crc32c(all);
    EXPECT_EQ(whole, crc32c_by_table(all));
    EXPECT_EQ(whole, crc32c(all.subspan(length / 3), crc32c(all.first(length / 3))));
  }
}

}  // namespace
}  // namespace posthaste
