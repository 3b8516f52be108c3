#include "tools/emulator/track_batch.h"

#include "tests/tools/emulator/sample_items.h"

#include <gtest/gtest.h>
#include <boost/json.hpp>

namespace posthaste::tools {
namespace {

using testing::good_request;
using testing::sample_time;

TrackBatch read(std::string_view body, BatchDefect expected = BatchDefect::none) {
  TrackBatch batch;
  EXPECT_EQ(read_batch(body, sample_time, batch), expected);
  return batch;
}

TEST(TrackBatch, ReadsLinesAndArraysAlike) {
  const std::string a = good_request("a");
  const std::string b = good_request("b");
  for (const std::string& body : {a + '\n' + b, a + "\r\n\n" + b + "\n", '[' + a + ',' + b + ']',
                                  " [\n " + a + " ,\n " + b + "\n ]\n"}) {
    const TrackBatch batch = read(body);
    ASSERT_EQ(batch.items.size(), 2u) << body;
    EXPECT_EQ(batch.items[0].id, "a");
    EXPECT_EQ(batch.items[1].id, "b");
    EXPECT_EQ(batch.accepted(), 2u);
    EXPECT_EQ(status_of(batch), 200u);
  }
}

TEST(TrackBatch, RejectsOneWrongLineAlone) {
  const TrackBatch batch = read(good_request("a") + "\nnope\n" + good_request("b"));
  EXPECT_EQ(batch.accepted(), 2u);
  ASSERT_EQ(batch.errors.size(), 1u);
  EXPECT_EQ(batch.errors[0].index, 1u);
  EXPECT_EQ(batch.errors[0].status, 400u);
  EXPECT_EQ(status_of(batch), 206u);
}

TEST(TrackBatch, AnswersTheFirstErrorWhenNothingWasAccepted) {
  TrackBatch batch = read("nope\n{}");
  EXPECT_EQ(status_of(batch), 400u);
  batch.errors.front().status = 402;
  EXPECT_EQ(status_of(batch), 402u);
}

TEST(TrackBatch, TakesNothingOfABrokenArray) {
  for (const std::string& body : {'[' + good_request(), '[' + good_request() + ",]",
                                  '[' + good_request() + "] x", std::string("[nope]")}) {
    EXPECT_TRUE(read(body, BatchDefect::broken_array).items.empty()) << body;
  }
}

TEST(TrackBatch, KnowsAnEmptyBody) {
  read("", BatchDefect::empty);
  read(" \n \r\n", BatchDefect::empty);
  read("[]", BatchDefect::empty);
}

TEST(TrackBatch, RefusesMoreItemsThanTheServiceTakes) {
  std::string lines;
  std::string array = "[0";
  for (std::size_t i = 0; i < most_items; ++i) {
    lines += "0\n";
    array += ",0";
  }
  EXPECT_EQ(read(lines).items.size(), most_items);
  read(lines + "0", BatchDefect::too_many_items);
  read(array + ']', BatchDefect::too_many_items);
}

TEST(TrackBatch, RejectsFurtherItemsOnceEach) {
  TrackBatch batch = read("nope\n" + good_request("a") + '\n' + good_request("b"));
  reject_items(batch, {{2, 503, "busy"}, {0, 503, "busy"}, {2, 500, "again"}, {9, 503, "beyond"}});
  ASSERT_EQ(batch.errors.size(), 2u);
  EXPECT_EQ(batch.errors[0].status, 400u);
  EXPECT_EQ(batch.errors[1].index, 2u);
  EXPECT_EQ(batch.errors[1].status, 503u);
}

TEST(TrackBatch, AnswersInJson) {
  const TrackBatch batch = read(good_request() + "\nnope\n" +
                                testing::replaced(good_request(), "00:00:01.500", "\\\"\\u00e9"));
  const auto answer = boost::json::parse(answer_for(batch)).as_object();
  EXPECT_EQ(answer.at("itemsReceived").as_int64(), 3);
  EXPECT_EQ(answer.at("itemsAccepted").as_int64(), 1);
  const auto& errors = answer.at("errors").as_array();
  ASSERT_EQ(errors.size(), 2u);
  EXPECT_EQ(errors[0].at("index").as_int64(), 1);
  EXPECT_EQ(errors[0].at("statusCode").as_int64(), 400);
  EXPECT_EQ(errors[0].at("message").as_string(), "Invalid JSON at byte 0");
  EXPECT_EQ(boost::json::parse(answer_for_defect(413, "much")).at("itemsReceived").as_int64(), 0);
}

}  // namespace
}  // namespace posthaste::tools
