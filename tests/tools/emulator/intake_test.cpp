#include "tools/emulator/intake.h"

#include "tests/tools/emulator/sample_items.h"

#include <gtest/gtest.h>
#include <libdeflate.h>
#include <boost/json.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace posthaste::tools {
namespace {

using testing::envelope;
using testing::good_request;
using testing::sample_time;

std::string gzip(std::string_view text) {
  libdeflate_compressor* const compressor = libdeflate_alloc_compressor(1);
  std::string bytes(libdeflate_gzip_compress_bound(compressor, text.size()), '\0');
  bytes.resize(
      libdeflate_gzip_compress(compressor, text.data(), text.size(), bytes.data(), bytes.size()));
  libdeflate_free_compressor(compressor);
  return bytes;
}

std::string file_text(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

boost::json::object object_of(const std::string& text) {
  return boost::json::parse(text).as_object();
}

Fault fault(std::string_view spec) {
  auto parsed = parse_fault(spec);
  EXPECT_TRUE(parsed.has_value()) << spec;
  return *parsed;
}

struct IntakeTest : ::testing::Test {
  Reply take(std::string_view body, std::string_view encoding = "",
             const FaultEffect& effect = {}) {
    return intake.take(encoding, body, effect, sample_time);
  }
  Intake intake{Intake::Settings{.most_ids = 1000}};
};

TEST_F(IntakeTest, TakesPlainAndGzip) {
  EXPECT_EQ(take(good_request("a")).status, 200u);
  EXPECT_EQ(take(gzip(good_request("b")), "gzip").status, 200u);
  EXPECT_EQ(intake.tally().of(ItemType::request).distinct, 2u);
}

TEST_F(IntakeTest, TakesGzipOfSeveralMembers) {
  const std::string body = gzip(good_request("a") + '\n') + gzip(good_request("b"));
  EXPECT_EQ(take(body, "gzip").status, 200u);
  EXPECT_EQ(intake.tally().total().accepted, 2u);
}

TEST_F(IntakeTest, RefusesBodiesThatAreNotWhatTheySay) {
  const std::string good = gzip(good_request());
  EXPECT_EQ(take("nope", "gzip").status, 400u);
  EXPECT_EQ(take("", "gzip").status, 400u);
  EXPECT_EQ(take(good.substr(0, good.size() - 1), "gzip").status, 400u);
  EXPECT_EQ(take(good + "x", "gzip").status, 400u);
  EXPECT_EQ(take(good_request(), "br").status, 415u);
  EXPECT_EQ(take("").status, 400u);
  EXPECT_EQ(intake.tally().requests(), 6u);
  EXPECT_EQ(intake.tally().total().received, 0u);
}

TEST_F(IntakeTest, StopsABombAtItsBound) {
  std::string bomb;
  const std::string member = gzip(std::string(1UL << 20, ' '));
  for (int i = 0; i < 65; ++i) bomb += member;
  EXPECT_EQ(take(bomb, "gzip").status, 413u);
  EXPECT_EQ(take(gzip(good_request()), "gzip").status, 200u);  // goes on as before
}

TEST_F(IntakeTest, CountsDuplicatesPerType) {
  const std::string dependency = envelope(
      R"({"baseType":"RemoteDependencyData","baseData":{"id":"1","name":"q","duration":"00:00:01"}})");
  const std::string trace = envelope(R"({"baseType":"MessageData","baseData":{"message":"m"}})");
  take(good_request() + '\n' + dependency + '\n' + trace);
  take(good_request() + '\n' + good_request("other") + '\n' + trace);
  EXPECT_EQ(intake.tally().of(ItemType::request).duplicates, 1u);
  EXPECT_EQ(intake.tally().of(ItemType::request).distinct, 2u);
  EXPECT_EQ(intake.tally().of(ItemType::dependency).duplicates, 0u);
  EXPECT_EQ(intake.tally().of(ItemType::trace).duplicates, 1u);
  intake.reset();
  take(good_request());
  EXPECT_EQ(intake.tally().total().duplicates, 0u);
  EXPECT_EQ(intake.tally().requests(), 1u);
}

TEST_F(IntakeTest, SaysWhenItCannotTellDuplicates) {
  Intake small{Intake::Settings{.most_ids = 1}};
  small.take("", good_request("a") + '\n' + good_request("b") + '\n' + good_request("a"), {},
             sample_time);
  EXPECT_EQ(small.tally().total().distinct, 1u);
  EXPECT_EQ(small.tally().total().untracked, 1u);
  EXPECT_EQ(small.tally().total().duplicates, 1u);
}

TEST_F(IntakeTest, WeighsOperationsByItemCount) {
  take(good_request("a") + '\n' +
       testing::replaced(good_request("b"), R"("success":true)", R"("success":false)"));
  const auto operations = object_of(intake.operations().to_json()).at("operations").as_array();
  ASSERT_EQ(operations.size(), 1u);
  EXPECT_EQ(operations[0].at("name").as_string(), "GET /items/:id");
  EXPECT_EQ(operations[0].at("requests").at("count").as_int64(), 8);  // two at 25 %
  EXPECT_EQ(operations[0].at("requests").at("failures").as_int64(), 4);
  EXPECT_EQ(operations[0].at("requests").at("p50_ms").as_double(), 1500);
  EXPECT_EQ(operations[0].at("dependencies").at("count").as_int64(), 0);
}

TEST_F(IntakeTest, SummarisesWhatItSaw) {
  const std::string body = good_request() + "\nnope";
  take(body);
  const auto summary = object_of(intake.tally().to_json());
  EXPECT_EQ(summary.at("requests").as_int64(), 1);
  EXPECT_EQ(summary.at("items").at("received").as_int64(), 2);
  EXPECT_EQ(summary.at("items").at("rejected").as_int64(), 1);
  EXPECT_EQ(summary.at("by_type").at("request").at("accepted").as_int64(), 1);
  EXPECT_EQ(summary.at("by_type").at("unknown").at("rejected").as_int64(), 1);
  EXPECT_EQ(summary.at("bytes").at("wire").as_int64(), static_cast<std::int64_t>(body.size()));
  EXPECT_EQ(summary.at("per_request").at("items").at("max").as_int64(), 2);
}

TEST_F(IntakeTest, TakesNothingUnderAStatusFault) {
  const Reply reply = take(good_request(), "", fault("status=503,retry-after=2").effect);
  EXPECT_EQ(reply.status, 503u);
  EXPECT_NE(reply.headers.find("Retry-After: 2\r\n"), std::string::npos);
  EXPECT_EQ(intake.tally().total().received, 0u);
}

TEST_F(IntakeTest, CanTakeAndStillSayNo) {
  EXPECT_EQ(take(good_request(), "", fault("status=500,taken=yes").effect).status, 500u);
  EXPECT_EQ(intake.tally().total().accepted, 1u);
}

TEST_F(IntakeTest, RejectsAShareOfTheItemsEvenly) {
  std::string body;
  for (int i = 0; i < 40; ++i) body += good_request(std::to_string(i)) + '\n';
  const Reply reply = take(body, "", fault("items=25%:503").effect);
  EXPECT_EQ(reply.status, 206u);
  const auto errors = object_of(reply.body).at("errors").as_array();
  ASSERT_EQ(errors.size(), 10u);
  EXPECT_EQ(errors[0].at("index").as_int64(), 3);
  EXPECT_EQ(errors[0].at("statusCode").as_int64(), 503);
  EXPECT_EQ(intake.tally().total().accepted, 30u);
}

TEST_F(IntakeTest, RejectsTheItemThatAFaultNames) {
  const std::string body = good_request("a") + '\n' + good_request("b");
  const Reply reply = take(body, "", fault("item=1:400").effect);
  EXPECT_EQ(reply.status, 206u);
  EXPECT_EQ(object_of(reply.body).at("errors").at(0).at("index").as_int64(), 1);
}

TEST_F(IntakeTest, RefusesLargeBatchesWhenToldTo) {
  const std::string body = good_request("a") + '\n' + good_request("b");
  EXPECT_EQ(take(body, "", fault("max-items=1").effect).status, 413u);
  EXPECT_EQ(take(good_request("a"), "", fault("max-items=1").effect).status, 200u);
  EXPECT_EQ(intake.tally().total().received, 1u);
}

TEST_F(IntakeTest, CanAnswerWithWrongNumbers) {
  const auto indexes = object_of(take(good_request(), "", fault("answer=bad-indexes").effect).body);
  EXPECT_EQ(indexes.at("errors").as_array().size(), 4u);
  const auto counts = object_of(take(good_request(), "", fault("answer=short-count").effect).body);
  EXPECT_EQ(counts.at("itemsReceived").as_int64(), 1);
  EXPECT_EQ(counts.at("itemsAccepted").as_int64(), 0);
  EXPECT_TRUE(counts.at("errors").as_array().empty());
}

TEST_F(IntakeTest, CountsOnlyLinesWhenBare) {
  Intake bare{Intake::Settings{.bare = true}};
  const Reply reply = bare.take("gzip", gzip("x\ny\nz"), {}, sample_time);
  EXPECT_EQ(object_of(reply.body).at("itemsAccepted").as_int64(), 3);
  EXPECT_EQ(object_of(bare.tally().to_json()).at("bare_items").as_int64(), 3);
}

TEST_F(IntakeTest, RecordsWhatItAcceptedLineByLine) {
  const std::filesystem::path directory =
      std::filesystem::path(::testing::TempDir()) / "posthaste_intake_test";
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  const std::string items = directory / "items";
  const std::string ids = directory / "ids";
  ASSERT_TRUE(intake.recorder().open(items, ids).has_value());
  take("[\n" + testing::replaced(good_request("a"), ",\"tags\"", ",\n\"tags\"") + ", 7, " +
       envelope(R"({"baseType":"MessageData","baseData":{"message":"m"}})") + "]");
  intake.recorder().flush();

  std::istringstream lines(file_text(items));
  std::string line;
  std::vector<boost::json::object> records;
  while (std::getline(lines, line)) records.push_back(object_of(line));
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].at("t").as_int64(), sample_time.time_since_epoch().count());
  EXPECT_EQ(records[0].at("request").as_int64(), 1);
  EXPECT_EQ(records[0].at("item").at("data").at("baseData").at("id").as_string(), "a");
  EXPECT_EQ(file_text(ids), "request 0af7651916cd43dd8448eb211c80319c a\ntrace - -\n");
  std::filesystem::remove_all(directory);
}

TEST_F(IntakeTest, CountsRecordsThatCannotBeWritten) {
  ASSERT_TRUE(intake.recorder().open("/dev/full", "").has_value());
  take(good_request());
  intake.recorder().flush();
  EXPECT_EQ(intake.recorder().failed_writes(), 1u);
}

TEST(Recorder, SaysWhichFileItCannotOpen) {
  Recorder recorder;
  const auto opened = recorder.open("/nowhere/at/all", "");
  ASSERT_FALSE(opened.has_value());
  EXPECT_NE(opened.error().message().find("/nowhere/at/all"), std::string::npos);
}

TEST(OperationTable, GathersNamesBeyondItsBound) {
  OperationTable table;
  std::vector<std::string> names;
  for (int i = 0; i < 600; ++i) names.push_back("operation " + std::to_string(i));
  for (const std::string& name : names) {
    ItemFacts facts;
    facts.type = ItemType::request;
    facts.operation_name = name;
    table.add(facts);
  }
  const auto operations = object_of(table.to_json()).at("operations").as_array();
  EXPECT_EQ(operations.size(), OperationTable::most_names + 1);
  EXPECT_EQ(operations[0].at("name").as_string(), "(other)");
  EXPECT_EQ(operations[0].at("requests").at("count").as_int64(), 100);
}

}  // namespace
}  // namespace posthaste::tools
