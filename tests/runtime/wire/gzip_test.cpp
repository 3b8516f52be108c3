#include "runtime/wire/gzip.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace posthaste::wire {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string telemetry(int lines) {
  std::string text;
  for (int i = 0; i < lines; ++i) {
    text += R"({"ver":1,"name":"Request","tags":{"ai.operation.id":"4bf92f3577b34da6a3ce929d0e0e)" +
            std::to_string(100 + i) + "\"}}\n";
  }
  return text;
}

std::string noise(std::size_t size) {
  std::mt19937 random(1);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

std::string packed(std::string_view text) {
  Compressor compressor;
  ByteBuffer out;
  EXPECT_TRUE(compressor.gzip(bytes_of(text), out));
  return std::string(out.view());
}

TEST(Gzip, ComesBackAsItWas) {
  for (const std::string& text : {std::string(), std::string("x"), telemetry(1), telemetry(3'000),
                                  noise(300'000), std::string(1'000'000, '\n')}) {
    ByteBuffer plain;
    const auto done = gunzip(bytes_of(packed(text)), text.size(), plain);
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(plain.view(), text);
  }
}

TEST(Gzip, MakesTelemetrySmaller) {
  const std::string text = telemetry(1'000);
  EXPECT_LT(packed(text).size() * 6, text.size());
}

TEST(Gzip, AppendsBehindWhatIsThereWithOneCompressor) {
  Compressor compressor;
  ByteBuffer out;
  out.append("head");
  ASSERT_TRUE(compressor.gzip(bytes_of("first"), out));
  const std::size_t first = out.size();
  ASSERT_TRUE(compressor.gzip(bytes_of("second"), out));
  EXPECT_EQ(out.view().substr(0, 4), "head");
  ByteBuffer plain;
  ASSERT_TRUE(gunzip(out.bytes().subspan(4, first - 4), 100, plain));
  ASSERT_TRUE(gunzip(out.bytes().subspan(first), 100, plain));
  EXPECT_EQ(plain.view(), "firstsecond");
}

TEST(Gunzip, GivesUpAtItsLimitWhateverComesOut) {
  const std::string bomb = packed(std::string(50'000'000, 'a'));
  EXPECT_LT(bomb.size(), 600'000u);
  ByteBuffer plain;
  plain.append("kept");
  const auto done = gunzip(bytes_of(bomb), 100'000, plain);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), ErrorCode::bad_response);
  EXPECT_EQ(plain.view(), "kept");
  EXPECT_LT(plain.capacity(), 1'000'000u);
}

TEST(Gunzip, RefusesOneByteMoreThanAllowed) {
  const std::string text = telemetry(2'000);
  ByteBuffer plain;
  EXPECT_FALSE(gunzip(bytes_of(packed(text)), text.size() - 1, plain));
  EXPECT_TRUE(plain.empty());
}

TEST(Gunzip, RefusesWhatIsCutShortOrGoesOn) {
  const std::string whole = packed(telemetry(50));
  ByteBuffer plain;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(gunzip(bytes_of(whole.substr(0, size)), 1'000'000, plain)) << "cut at " << size;
  }
  EXPECT_FALSE(gunzip(bytes_of(whole + "x"), 1'000'000, plain)) << "a byte behind the end";
  EXPECT_TRUE(plain.empty());
}

TEST(Gunzip, NeverTakesDamagedTextForTheRightOne) {
  const std::string text = telemetry(50);
  const std::string whole = packed(text);
  int refused = 0;
  for (std::size_t at = 10; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    ByteBuffer plain;
    if (gunzip(bytes_of(damaged), 1'000'000, plain)) {
      EXPECT_EQ(plain.view(), text) << "byte " << at << " may hold bits that mean nothing";
    } else {
      EXPECT_TRUE(plain.empty());
      ++refused;
    }
  }
  EXPECT_GE(refused + 2, static_cast<int>(whole.size() - 10));
}

}  // namespace
}  // namespace posthaste::wire
