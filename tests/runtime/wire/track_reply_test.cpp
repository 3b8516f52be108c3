#include "runtime/wire/track_reply.h"

#include <gtest/gtest.h>

#include <string>

namespace posthaste::wire {
namespace {

TEST(TrackReply, SaysWhatWasReceivedAndAccepted) {
  const auto reply = parse_track_reply(
      R"({"itemsReceived":3,"itemsAccepted":2,"appId":"x","errors":[
          {"index":1,"statusCode":429,"message":"slow down","more":{"a":[1]}}]})",
      3);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->items_received, 3u);
  EXPECT_EQ(reply->items_accepted, 2u);
  ASSERT_EQ(reply->errors.size(), 1u);
  EXPECT_EQ(reply->errors[0].index, 1u);
  EXPECT_EQ(reply->errors[0].status, 429);
  EXPECT_EQ(reply->errors[0].message, "slow down");
  EXPECT_EQ(reply->ignored, 0u);
}

TEST(TrackReply, IgnoresIndexesOutsideTheBodyAndRepeatedOnes) {
  const auto reply = parse_track_reply(
      R"({"errors":[{"index":2,"statusCode":500},{"index":0,"statusCode":400},
          {"index":2,"statusCode":400},{"index":3,"statusCode":500},{"index":-1,"statusCode":500},
          {"statusCode":500},{"index":99999999999999999999,"statusCode":500}]})",
      3);
  ASSERT_TRUE(reply);
  ASSERT_EQ(reply->errors.size(), 2u);
  EXPECT_EQ(reply->errors[0].index, 0u);
  EXPECT_EQ(reply->errors[1].index, 2u);
  EXPECT_EQ(reply->errors[1].status, 500) << "the first that was listed";
  EXPECT_EQ(reply->ignored, 5u);
}

TEST(TrackReply, DoesWithoutMembersThatAreMissingOrNull) {
  const auto empty = parse_track_reply("{}", 1);
  ASSERT_TRUE(empty);
  EXPECT_FALSE(empty->items_received);
  EXPECT_TRUE(empty->errors.empty());
  EXPECT_TRUE(parse_track_reply(R"({"itemsReceived":null,"errors":null})", 1));
  EXPECT_EQ(parse_track_reply(R"({"errors":[{"index":0,"message":null}]})", 1)->errors[0].status,
            0);
}

TEST(TrackReply, CutsMessagesAndStatuses) {
  const std::string message(5'000, 'm');
  const auto reply = parse_track_reply(
      R"({"errors":[{"index":0,"statusCode":4000000000,"message":")" + message + "\"}]}", 1);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->errors[0].message.size(), 256u);
  EXPECT_EQ(reply->errors[0].status, 0);
}

TEST(TrackReply, HasRoomForALongErrorOfEachLine) {
  std::string body = R"({"itemsReceived":512,"itemsAccepted":0,"errors":[)";
  for (int i = 0; i < 512; ++i) {
    body += (i == 0 ? "" : ",") + (R"({"index":)" + std::to_string(i)) +
            R"(,"statusCode":400,"message":")" + std::string(400, 'x') + "\"}";
  }
  const auto reply = parse_track_reply(body + "]}", 512);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->errors.size(), 512u);
  EXPECT_LE(track_reply_limit(4'000'000'000), 4u * 1024 * 1024);
}

TEST(TrackReply, IsNothingWhereTheTextIsNoReply) {
  for (const char* text : {"", "OK", "<html></html>", "[]", "{\"errors\":{}}", "{\"errors\":[1]}",
                           "{\"itemsReceived\":\"3\"}", "{} {}", "null"}) {
    EXPECT_FALSE(parse_track_reply(text, 1)) << text;
  }
  EXPECT_FALSE(parse_track_reply("{" + std::string(track_reply_limit(1), ' ') + "}", 1));
}

}  // namespace
}  // namespace posthaste::wire
