#include "runtime/http/response_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

namespace posthaste::http {
namespace {

using ::testing::HasSubstr;
using Kind = ResponseReader::Kind;
using Progress = ResponseReader::Progress;

constexpr ResponseLimits limits{.header = Bytes{4096}, .body = Bytes{1024}};

struct Read {
  Result<Response> response;
  int status;
  bool reusable;
};

// Feeds `text` in pieces of `piece` bytes, then the peer closes.
Read read(std::string_view text, std::size_t piece = 1 << 20, Kind kind = Kind::answer) {
  ResponseReader reader(limits, kind, "server");
  Result<Progress> progress = Progress::more;
  while (progress && *progress == Progress::more && !text.empty()) {
    const auto room = reader.room();
    EXPECT_FALSE(room.empty());
    const std::size_t count = std::min({piece, room.size(), text.size()});
    std::memcpy(room.data(), text.data(), count);
    text.remove_prefix(count);
    progress = reader.commit(count);
  }
  if (progress && *progress == Progress::more) progress = reader.end();
  if (!progress) return {progress.error(), reader.status(), false};
  const bool reusable = reader.reusable();
  const int status = reader.status();
  return {std::move(reader).take(Url::parse("https://server").value()), status, reusable};
}

TEST(ResponseReader, ReadsAnAnswerInPiecesOfAnySize) {
  const std::string text =
      "HTTP/1.1 206 Partial\r\nRetry-After: 7\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    const Read got = read(text, piece);
    ASSERT_TRUE(got.response) << piece << got.response.error().message();
    EXPECT_EQ(got.response->status, 206);
    EXPECT_EQ(got.response->body, "abcde");
    ASSERT_NE(got.response->header("retry-AFTER"), nullptr);
    EXPECT_EQ(*got.response->header("Retry-After"), "7");
    EXPECT_EQ(got.response->header("Retry"), nullptr);
    EXPECT_TRUE(got.reusable);
  }
}

TEST(ResponseReader, AcceptsABodyThatEndsWithTheConnection) {
  const Read got = read("HTTP/1.0 200 OK\r\n\r\nabc");
  ASSERT_TRUE(got.response);
  EXPECT_EQ(got.response->body, "abc");
  EXPECT_FALSE(got.reusable);
}

TEST(ResponseReader, SkipsUpToThreeInterimAnswers) {
  const std::string interim = "HTTP/1.1 100 Continue\r\n\r\n";
  const std::string final_one = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
  for (std::size_t piece : {1, 1000}) {
    const Read three = read(interim + interim + interim + final_one, piece);
    ASSERT_TRUE(three.response);
    EXPECT_EQ(three.response->status, 200);
    const Read four = read(interim + interim + interim + interim + final_one, piece);
    ASSERT_FALSE(four.response);
    EXPECT_EQ(four.response.error().code(), ErrorCode::bad_response);
    EXPECT_EQ(four.status, 0);
  }
}

TEST(ResponseReader, DoesNotReuseAConnectionWithBytesLeftOver) {
  EXPECT_FALSE(read("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1").reusable);
  EXPECT_FALSE(read("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").reusable);
}

struct Row {
  std::string text;
  ErrorCode code;
  int status;
};

TEST(ResponseReader, RefusesWhatIsTooLargeOrContradictsItself) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::string chunked = ok + "Transfer-Encoding: chunked\r\n\r\n";
  const Row rows[] = {
      {ok + "Content-Length: 1073741824\r\n\r\n", ErrorCode::response_too_large, 200},
      {ok + "Content-Length: 1025\r\n\r\n", ErrorCode::response_too_large, 200},
      {"HTTP/1.1 503 No\r\nContent-Length: 1025\r\n\r\n", ErrorCode::response_too_large, 503},
      {chunked + "401\r\n" + std::string(1025, 'x'), ErrorCode::response_too_large, 200},
      {ok + "\r\n" + std::string(2000, 'x'), ErrorCode::response_too_large, 200},
      {ok + "X: " + std::string(9000, 'x'), ErrorCode::response_too_large, 0},
      {ok + std::string(9000, 'y') + ": " + std::string(9000, 'x'), ErrorCode::response_too_large,
       0},
      {chunked + "1;" + std::string(90'000, 'e'), ErrorCode::response_too_large, 200},
      {chunked + "0\r\nT: " + std::string(90'000, 't'), ErrorCode::response_too_large, 200},
      {chunked + "zz\r\nabc", ErrorCode::bad_response, 200},
      {chunked + "fffffffffffffffff\r\n", ErrorCode::bad_response, 200},
      {ok + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", ErrorCode::bad_response, 0},
      {ok + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", ErrorCode::bad_response, 0},
      {ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nx", ErrorCode::bad_response, 0},
      {ok + "Content-Length: -1\r\n\r\n", ErrorCode::bad_response, 0},
      {ok + "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", ErrorCode::response_too_large,
       200},
      {"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", ErrorCode::bad_response, 0},
      {"SSH-2.0-OpenSSH\r\n\r\n", ErrorCode::bad_response, 0},
      {"", ErrorCode::connection_lost, 0},
      {"HTTP/1.1 200 O", ErrorCode::connection_lost, 0},
      {ok + "Content-Length: 5\r\n\r\nabc", ErrorCode::connection_lost, 200},
      {chunked + "3\r\nabc\r\n", ErrorCode::connection_lost, 200},
  };
  for (const Row& row : rows) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1} << 20}) {
      const Read got = read(row.text, piece);
      ASSERT_FALSE(got.response) << row.text.substr(0, 80);
      EXPECT_EQ(got.response.error().code(), row.code)
          << row.text.substr(0, 80) << got.response.error().message();
      EXPECT_EQ(got.status, row.status) << row.text.substr(0, 80);
      EXPECT_THAT(got.response.error().message(), HasSubstr("server"));
    }
  }
}

TEST(ResponseReader, CountsHeadersExactlyHoweverTheyAreCut) {
  const std::string begin = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: ";
  const std::string end = "\r\n\r\n";
  const std::size_t fits = limits.header.count - begin.size() - end.size();
  for (const std::size_t piece : {1, 2, 3, 100, 100'000}) {
    EXPECT_TRUE(read(begin + std::string(fits, 'x') + end, piece).response) << piece;
    EXPECT_FALSE(read(begin + std::string(fits + 1, 'x') + end, piece).response) << piece;
  }
}

TEST(ResponseReader, EndsATunnelsAnswerWithItsHeaders) {
  const Read got =
      read("HTTP/1.0 200 Connection established\r\nContent-Length: 7\r\n\r\n", 1000, Kind::tunnel);
  ASSERT_TRUE(got.response);
  EXPECT_EQ(got.response->status, 200);
}

}  // namespace
}  // namespace posthaste::http
