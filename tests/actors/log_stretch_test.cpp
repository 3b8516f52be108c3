#include "actors/log_stretch.h"

#include "runtime/arena/log.h"
#include "tests/support/test_record.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace posthaste::actors {
namespace {

using model::RecordType;
using model::Signal;
using testing_support::TestRecord;

config::FinalOutput otlp_of(OtlpSignal signal) {
  config::FinalOutput output;
  output.kind = config::OutputKind::otlp;
  output.otlp.signal = signal;
  return output;
}

class LogStretchTest : public testing::Test {
protected:
  static constexpr std::uint32_t most_items = 8;

  void write(std::uint64_t first, std::uint64_t count, RecordType type = RecordType::span) {
    for (std::uint64_t n = first; n < first + count; ++n) {
      ASSERT_TRUE(log_.append(*TestRecord(n, 40, 0, type)));
    }
    log_.publish();
  }
  std::vector<std::uint64_t> numbers() const {
    std::vector<std::uint64_t> all;
    for (const model::RecordView& record : stretch_.records()) all.push_back(record.head().start);
    return all;
  }
  static std::vector<std::uint64_t> numbers(std::uint64_t first, std::uint64_t count) {
    std::vector<std::uint64_t> all(count);
    std::iota(all.begin(), all.end(), first);
    return all;
  }

  testing_support::TestArena arena_;
  arena::LogWriter log_{*arena_};
  config::FinalOutput output_ = otlp_of(OtlpSignal::traces);
  LogStretch stretch_{*arena_, output_, 0, most_items};
};

TEST_F(LogStretchTest, GoesOnWhereItStoppedUntilABatchIsFull) {
  write(0, 3);
  stretch_.extend(SteadyTime(std::chrono::seconds(7)));
  EXPECT_EQ(numbers(), numbers(0, 3));
  EXPECT_EQ(stretch_.extent().bytes, 3 * testing_support::record_size(40));
  write(3, 10);
  stretch_.extend(SteadyTime(std::chrono::seconds(9)));
  EXPECT_EQ(numbers(), numbers(0, most_items));
  EXPECT_EQ(stretch_.extent().items, most_items);
  EXPECT_EQ(stretch_.extent().seen, SteadyTime(std::chrono::seconds(7)));
  stretch_.begin_at(stretch_.extent().end);
  stretch_.extend();
  EXPECT_EQ(numbers(), numbers(most_items, 5));
  EXPECT_EQ(stretch_.extent().end, arena_->header().log_tail.load());
}

TEST_F(LogStretchTest, CountsWhatOnlyOtherOutputsTake) {
  write(0, 2);
  write(2, 5, RecordType::log);
  write(7, 1);
  stretch_.extend();
  EXPECT_EQ(numbers(), (std::vector<std::uint64_t>{0, 1, 7}));
  EXPECT_EQ(stretch_.for_others(), model::SignalCounts::of(Signal::log, 5));
  EXPECT_EQ(stretch_.left_out().total(), 0u);
  EXPECT_EQ(stretch_.extent().records, 8u);
  EXPECT_EQ(stretch_.extent().items, 3u);
}

TEST_F(LogStretchTest, CountsWhatTheBudgetLeavesOutAndForgetsItWithANewPart) {
  write(0, 5);
  stretch_.begin_at(0, 0);
  stretch_.extend();
  EXPECT_TRUE(stretch_.records().empty());
  EXPECT_EQ(stretch_.left_out(), model::SignalCounts::of(Signal::span, 5));
  EXPECT_EQ(stretch_.extent().items, 0u);
  stretch_.begin_at(0, 1);
  stretch_.extend();
  EXPECT_EQ(numbers(), numbers(0, 5));
  EXPECT_EQ(stretch_.left_out().total(), 0u);
}

TEST_F(LogStretchTest, EndsWhereItIsCutAndCountsNothingBehind) {
  write(0, 2);
  write(2, 2, RecordType::log);
  write(4, 2);
  write(6, 1, RecordType::log);
  stretch_.extend(SteadyTime(std::chrono::seconds(7)));
  stretch_.cut(3);
  EXPECT_EQ(numbers(), (std::vector<std::uint64_t>{0, 1, 4}));
  EXPECT_EQ(stretch_.for_others().total(), 2u);
  EXPECT_EQ(stretch_.extent().records, 5u);
  EXPECT_EQ(stretch_.extent().end, 5 * testing_support::record_size(40));
  EXPECT_EQ(stretch_.extent().seen, SteadyTime(std::chrono::seconds(7)));
}

TEST_F(LogStretchTest, KeepsTheLengthThatWasCheckedWhateverTheHeadSaysLater) {
  write(0, 1);
  stretch_.extend();
  ASSERT_EQ(stretch_.records().size(), 1u);
  const model::RecordView record = stretch_.records().front();
  const_cast<model::RecordHead&>(record.head()).commit = 0xffff'fff8;
  EXPECT_EQ(record.bytes().size(), testing_support::record_size(40));
  EXPECT_LT(record.entries().bytes().size(), record.bytes().size());
}

}  // namespace
}  // namespace posthaste::actors
