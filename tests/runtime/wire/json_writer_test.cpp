#include "runtime/wire/json_writer.h"
#include "tests/runtime/wire/seeded_random.h"

#include "runtime/base/utf8.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <boost/json.hpp>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>

namespace posthaste::wire {
namespace {

std::string quoted_text(std::string_view text) {
  ByteBuffer out;
  JsonWriter(out).quoted(text);
  return std::string(out.view());
}

std::string escaped_portably(std::string_view text) {
  std::string out(escaped_bound(text.size()), '\0');
  out.resize(static_cast<std::size_t>(escape_portably(out.data(), text) - out.data()));
  return out;
}

std::string number(double value) {
  ByteBuffer out;
  JsonWriter(out).number(value);
  return std::string(out.view());
}

/// What a reader of `text` sees: its characters, with U+FFFD for each byte that belongs to none.
std::string as_read(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) out += "\xEF\xBF\xBD";
    out += text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::string read_back(std::string_view json) {
  return std::string(boost::json::parse(json).as_string());
}

TEST(JsonWriter, EscapesWhatJsonCannotHold) {
  EXPECT_EQ(quoted_text("say \"hi\" \\ bye"), R"("say \"hi\" \\ bye")");
  EXPECT_EQ(quoted_text(std::string_view("\b\t\n\f\r\x01\x1f\0", 8)),
            R"("\b\t\n\f\r\u0001\u001f\u0000")");
  EXPECT_EQ(quoted_text("del \x7f"), "\"del \x7f\"");
}

TEST(JsonWriter, EscapesTheLineSeparatorsOfUnicode) {
  EXPECT_EQ(quoted_text("a\u2028b\u2029c\u202a"), "\"a\\u2028b\\u2029c\u202a\"");
}

TEST(JsonWriter, ReplacesBytesThatAreNoUtf8) {
  EXPECT_EQ(quoted_text("\xff"), "\"\uFFFD\"");
  EXPECT_EQ(quoted_text("a\xC3"), "\"a\uFFFD\"");
  EXPECT_EQ(quoted_text("\xED\xA0\x80"), "\"\uFFFD\uFFFD\uFFFD\"") << "half a surrogate pair";
  EXPECT_EQ(quoted_text("\xC0\xAF"), "\"\uFFFD\uFFFD\"") << "longer than needed";
  EXPECT_EQ(quoted_text("\xF0\x9F\x98\x80"), "\"\xF0\x9F\x98\x80\"");
}

TEST(JsonWriter, TreatsASpecialByteAlikeAtEveryPlace) {
  for (const std::string special : {"\"", "\\", "\n", "\x1f", "\xC3\xA9", "\u2028", "\xff"}) {
    for (std::size_t size = 0; size < 40; ++size) {
      for (std::size_t at = 0; at <= size; ++at) {
        std::string text(size, 'x');
        text.insert(at, special);
        const std::string json = quoted_text(text);
        EXPECT_EQ(read_back(json), as_read(text));
        EXPECT_EQ(json, '"' + escaped_portably(text) + '"');
      }
    }
  }
}

RC_GTEST_PROP(JsonWriter, AnyBytesReadBackAsTheTextThatTheyAre, (const std::string& text)) {
  const std::string json = quoted_text(text);
  RC_ASSERT(is_utf8(json));
  RC_ASSERT(read_back(json) == as_read(text));
  RC_ASSERT(json == '"' + escaped_portably(text) + '"');
}

TEST(JsonWriter, AnyMixtureOfCharactersReadsBack) {
  constexpr std::string_view pieces[] = {"a",
                                         "plain text of some length",
                                         "\"",
                                         "\\",
                                         "\n",
                                         "\xC3",
                                         "\xC3\xA9",
                                         "\xE2\x80\xA8",
                                         "\xF0\x9F\x98\x80",
                                         "\x80"};
  SeededRandom random(11);
  for (int round = 0; round < 5'000; ++round) {
    std::string text;
    for (unsigned i = random() % 12; i > 0; --i) text += pieces[random() % std::size(pieces)];
    const std::string json = quoted_text(text);
    ASSERT_EQ(read_back(json), as_read(text));
    ASSERT_EQ(json, '"' + escaped_portably(text) + '"');
  }
}

TEST(JsonWriter, WritesNumbersAsEcmaScriptDoes) {
  EXPECT_EQ(number(0), "0");
  EXPECT_EQ(number(-0.0), "0");
  EXPECT_EQ(number(1), "1");
  EXPECT_EQ(number(-2.75), "-2.75");
  EXPECT_EQ(number(0.1), "0.1");
  EXPECT_EQ(number(0.29), "0.29");
  EXPECT_EQ(number(-0.001), "-0.001");
  EXPECT_EQ(number(0.30000000000000004), "0.30000000000000004");
  EXPECT_EQ(number(1.0 / 3), "0.3333333333333333");
  EXPECT_EQ(number(1e20), "100000000000000000000");
  EXPECT_EQ(number(1e21), "1e+21");
  EXPECT_EQ(number(1.5e300), "1.5e+300");
  EXPECT_EQ(number(0.000001), "0.000001");
  EXPECT_EQ(number(1e-7), "1e-7");
  EXPECT_EQ(number(123456789.125), "123456789.125");
  EXPECT_EQ(number(5e-324), "5e-324");
  EXPECT_EQ(number(-1.7976931348623157e308), "-1.7976931348623157e+308");
}

TEST(JsonWriter, NeverWritesANumberThatJsonDoesNotHave) {
  EXPECT_EQ(number(std::nan("")), "null");
  EXPECT_EQ(number(std::numeric_limits<double>::infinity()), "null");
}

TEST(JsonWriter, EveryNumberReadsBackExactly) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 50'000; ++round) {
    double value = std::bit_cast<double>(random());
    if (round % 2 == 0)
      value = static_cast<double>(static_cast<std::int64_t>(random() >> 20)) / 1000;
    if (!std::isfinite(value)) continue;
    ASSERT_EQ(std::strtod(number(value).c_str(), nullptr), value);
    ASSERT_LE(number(value).size(), 32u);
  }
}

TEST(JsonWriter, WritesIntegersAndBooleans) {
  ByteBuffer out;
  JsonWriter json(out);
  json.integer(INT64_MIN);
  json.raw(",");
  json.integer(INT64_MAX);
  json.raw(",");
  json.boolean(true);
  json.boolean(false);
  EXPECT_EQ(out.view(), "-9223372036854775808,9223372036854775807,truefalse");
}

TEST(JsonWriter, WritesIdsInLowerCaseDigits) {
  const std::uint8_t bytes[16] = {0x00, 0x01, 0x9a, 0xaf, 0xff, 0x10, 0x7f, 0x80,
                                  0xde, 0xad, 0xbe, 0xef, 0x0a, 0xa0, 0x99, 0x09};
  ByteBuffer out;
  JsonWriter(out).hex16(bytes);
  EXPECT_EQ(out.view(), "00019aafff107f80deadbeef0aa09909");
}

}  // namespace
}  // namespace posthaste::wire
