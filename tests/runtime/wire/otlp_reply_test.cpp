#include "runtime/wire/otlp_reply.h"

#include <gtest/gtest.h>

namespace posthaste::wire {
namespace {

using namespace std::string_view_literals;

TEST(OtlpReply, ReadsAPartialSuccessInBothFormats) {
  const auto protobuf = parse_otlp_success("\x0A\x0B\x08\xAC\x02\x12\x06too bi"sv, false);
  ASSERT_TRUE(protobuf);
  EXPECT_EQ(protobuf->rejected, 300u);
  EXPECT_EQ(protobuf->message, "too bi");
  for (const auto text :
       {R"({"partialSuccess":{"rejectedSpans":"300","errorMessage":"too bi"}})",
        R"({"x":[1],"partialSuccess":{"rejectedDataPoints":300,"errorMessage":"too bi"}})",
        R"({"partialSuccess":{"errorMessage":"too bi","rejectedLogRecords":"300"}})"}) {
    const auto json = parse_otlp_success(text, true);
    ASSERT_TRUE(json) << text;
    EXPECT_EQ(json->rejected, 300u);
    EXPECT_EQ(json->message, "too bi");
  }
}

TEST(OtlpReply, AnEmptyAnswerIsAFullSuccess) {
  for (const bool json : {false, true}) {
    const auto reply = parse_otlp_success("", json);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->rejected, 0u);
  }
  EXPECT_TRUE(parse_otlp_success("{}", true));
  EXPECT_TRUE(parse_otlp_success(R"({"partialSuccess":null})", true));
}

TEST(OtlpReply, ANegativeCountRejectsNothing) {
  const auto reply =
      parse_otlp_success("\x0A\x0B\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"sv, false);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->rejected, 0u);
  EXPECT_EQ(parse_otlp_success(R"({"partialSuccess":{"rejectedSpans":"-3"}})", true)->rejected, 0u);
}

TEST(OtlpReply, WhatIsNoAnswerIsNone) {
  EXPECT_FALSE(parse_otlp_success("<html>", true));
  EXPECT_FALSE(parse_otlp_success("\x0A\x7F\x08", false));
  EXPECT_FALSE(parse_otlp_success(R"({"partialSuccess":{"rejectedSpans":"many"}})", true));
  EXPECT_FALSE(parse_otlp_refusal("", false));
}

TEST(OtlpReply, ReadsTheWordsOfARefusal) {
  EXPECT_EQ(parse_otlp_refusal("\x08\x03\x12\x03"
                               "bad"sv,
                               false)
                ->message,
            "bad");
  EXPECT_EQ(parse_otlp_refusal(R"({"code":3,"message":"bad","details":[]})", true)->message, "bad");
  const std::string large = R"({"message":")" + std::string(1000, 'x') + "\"}";
  EXPECT_EQ(parse_otlp_refusal(large, true)->message.size(), 256u);
}

}  // namespace
}  // namespace posthaste::wire
