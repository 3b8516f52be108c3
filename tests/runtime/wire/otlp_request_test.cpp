#include "tests/runtime/wire/otlp_oracle.h"

#include "runtime/wire/otlp_items.h"

#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>

#include <gtest/gtest.h>

#include <functional>
#include <map>

namespace posthaste::wire {
namespace {

namespace json = google::protobuf::util;

/// Text that base64 decodes to: what a JSON reader of Protobuf makes of an id in hexadecimal.
std::string unbase64(std::string_view text) {
  static constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t word = 0;
  int bits = 0;
  for (const char c : text) {
    word = word << 6 | static_cast<std::uint32_t>(digits.find(c));
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out.push_back(static_cast<char>(word >> bits));
  }
  return out;
}

std::string id_as_json_reads_it(const std::string& id) {
  std::string hex;
  for (const char c : id) {
    constexpr char digits[] = "0123456789abcdef";
    hex += digits[static_cast<unsigned char>(c) >> 4];
    hex += digits[static_cast<unsigned char>(c) & 15];
  }
  return unbase64(hex);
}

/// Every field whose name ends in "_id", in the whole message.
void recode_ids(google::protobuf::Message& message) {
  const auto* reflection = message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const auto* field : fields) {
    if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) {
      if (field->is_repeated()) {
        for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
          recode_ids(*reflection->MutableRepeatedMessage(&message, field, i));
        }
      } else {
        recode_ids(*reflection->MutableMessage(&message, field));
      }
    } else if (field->name().ends_with("_id")) {
      reflection->SetString(&message, field,
                            id_as_json_reads_it(reflection->GetString(message, field)));
    }
  }
}

std::vector<std::uint64_t> aligned(const std::vector<std::byte>& bytes) {
  std::vector<std::uint64_t> words(bytes.size() / 8);
  std::memcpy(words.data(), bytes.data(), bytes.size());
  return words;
}

/// Keeps what an OtlpRequest borrows.
class Bench {
public:
  explicit Bench(OtlpSignal signal, OtlpFormat format = OtlpFormat::protobuf,
                 SamplingHash hash = SamplingHash::trace_id)
      : format_(format), request_(context(signal, format, hash)) {}

  EncodeRefusal add(const std::vector<std::byte>& bytes, std::uint16_t scope = 0) {
    auto& words = kept_.emplace_back(aligned(bytes));
    reinterpret_cast<model::RecordHead*>(words.data())->scope = scope;
    const auto view = model::RecordView::from(std::as_bytes(std::span(words)), 1 << 20);
    if (!view) return EncodeRefusal::damaged;
    if (kept_.size() % 2 == 0) return request_.add(*view);
    const std::uint32_t before = request_.items();
    EXPECT_EQ(request_.add({&*view, 1}, SIZE_MAX), 1u);
    return request_.items() > before ? EncodeRefusal::none : EncodeRefusal::damaged;
  }

  /// Decoded by Protobuf; of JSON with ids as it reads them.
  template <class Message>
  Message decoded() {
    ByteBuffer scratch;
    scratch.append("what was there before");
    const std::string_view out = request_.finish(scratch);
    Message message;
    if (format_ == OtlpFormat::protobuf) {
      EXPECT_TRUE(message.ParseFromArray(out.data(), static_cast<int>(out.size())));
    } else {
      const auto status = json::JsonStringToMessage(std::string(out), &message);
      EXPECT_TRUE(status.ok()) << status.ToString() << '\n' << out;
    }
    return message;
  }
  template <class Message>
  void expect(Message expected) {
    if (format_ == OtlpFormat::json) recode_ids(expected);
    const Message found = decoded<Message>();
    json::MessageDifferencer differ;
    std::string differences;
    differ.ReportDifferencesToString(&differences);
    EXPECT_TRUE(differ.Compare(expected, found)) << differences;
  }

  OtlpRequest& request() { return request_; }

  template <class Resource>
  static void expect_resource(Resource& resource) {
    auto* name = resource.add_attributes();
    name->set_key("service.name");
    name->mutable_value()->set_string_value("shop");
    auto* pid = resource.add_attributes();
    pid->set_key("process.pid");
    pid->mutable_value()->set_int_value(42);
  }

  template <class ScopeItems>
  static void expect_scope(ScopeItems& scope, std::uint16_t number) {
    scope.mutable_scope();
    if (number == 0) return;
    scope.mutable_scope()->set_name("library" + std::to_string(number));
    scope.mutable_scope()->set_version("1.2");
    scope.set_schema_url("https://opentelemetry.io/schemas/1.30.0");
  }

private:
  static OtlpContext context(OtlpSignal signal, OtlpFormat format, SamplingHash hash) {
    OtlpContext context;
    context.signal = signal;
    context.format = format;
    context.sampling_hash = hash;
    context.resource = model::Resource({{"service.name", "shop"}, {"process.pid", 42}});
    context.scope_of = [](std::uint16_t number) {
      static const std::string names[] = {"library0", "library1", "library2", "library3"};
      if (number == 0) return Scope{};
      return Scope{names[number], "1.2", "https://opentelemetry.io/schemas/1.30.0"};
    };
    return context;
  }

  OtlpFormat format_;
  std::deque<std::vector<std::uint64_t>> kept_;
  OtlpRequest request_;
};

class OtlpRequestTest : public testing::TestWithParam<OtlpFormat> {};

INSTANTIATE_TEST_SUITE_P(Formats, OtlpRequestTest,
                         testing::Values(OtlpFormat::protobuf, OtlpFormat::json),
                         [](const auto& name) {
                           return name.param == OtlpFormat::json ? "json" : "protobuf";
                         });

constexpr std::uint32_t rounds = 150;

TEST_P(OtlpRequestTest, RandomSpansAreDecodedAsTheyWereRecordedByScope) {
  for (std::uint32_t seed = 1; seed <= rounds; ++seed) {
    OtlpOracle oracle(seed);
    Bench bench(OtlpSignal::traces, GetParam());
    pb_collector::trace::v1::ExportTraceServiceRequest expected;
    auto* resource = expected.add_resource_spans();
    bench.expect_resource(*resource->mutable_resource());
    std::map<std::uint16_t, pb_trace::ScopeSpans*> scopes;
    for (std::uint32_t i = 1 + oracle.dice(20); i > 0; --i) {
      const auto scope = static_cast<std::uint16_t>(oracle.dice(4));
      pb_trace::ScopeSpans*& group = scopes[scope];
      if (group == nullptr) {
        group = resource->add_scope_spans();
        bench.expect_scope(*group, scope);
      }
      ASSERT_EQ(bench.add(oracle.span(*group->add_spans()), scope), EncodeRefusal::none);
    }
    bench.expect(expected);
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
}

TEST_P(OtlpRequestTest, RandomLogsAreDecodedAsTheyWereRecordedByScope) {
  for (std::uint32_t seed = 1; seed <= rounds; ++seed) {
    OtlpOracle oracle(seed);
    Bench bench(OtlpSignal::logs, GetParam());
    pb_collector::logs::v1::ExportLogsServiceRequest expected;
    auto* resource = expected.add_resource_logs();
    bench.expect_resource(*resource->mutable_resource());
    std::map<std::uint16_t, pb_logs::ScopeLogs*> scopes;
    for (std::uint32_t i = 1 + oracle.dice(20); i > 0; --i) {
      const auto scope = static_cast<std::uint16_t>(oracle.dice(4));
      pb_logs::ScopeLogs*& group = scopes[scope];
      if (group == nullptr) {
        group = resource->add_scope_logs();
        bench.expect_scope(*group, scope);
      }
      ASSERT_EQ(bench.add(oracle.log(*group->add_log_records()), scope), EncodeRefusal::none);
    }
    bench.expect(expected);
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
}

/// Puts the points of `one` behind those of the same metric, or `one` behind all.
void merge(pb_metrics::ScopeMetrics& scope, const pb_metrics::Metric& one) {
  const auto temporality = [](const pb_metrics::Metric& metric) {
    if (metric.has_sum()) return metric.sum().aggregation_temporality();
    if (metric.has_histogram()) return metric.histogram().aggregation_temporality();
    return metric.exponential_histogram().aggregation_temporality();
  };
  for (auto& metric : *scope.mutable_metrics()) {
    if (metric.name() == one.name() && temporality(metric) == temporality(one)) {
      metric.MergeFrom(one);
      return;
    }
  }
  *scope.add_metrics() = one;
}

TEST_P(OtlpRequestTest, RandomPointsAreDecodedAsTheyWereRecordedByScopeAndMetric) {
  for (std::uint32_t seed = 1; seed <= rounds; ++seed) {
    OtlpOracle oracle(seed);
    Bench bench(OtlpSignal::metrics, GetParam());
    pb_collector::metrics::v1::ExportMetricsServiceRequest expected;
    auto* resource = expected.add_resource_metrics();
    bench.expect_resource(*resource->mutable_resource());
    std::map<std::uint16_t, pb_metrics::ScopeMetrics*> scopes;
    for (std::uint32_t i = 1 + oracle.dice(25); i > 0; --i) {
      const auto scope = static_cast<std::uint16_t>(oracle.dice(3));
      pb_metrics::ScopeMetrics*& group = scopes[scope];
      if (group == nullptr) {
        group = resource->add_scope_metrics();
        bench.expect_scope(*group, scope);
      }
      pb_metrics::Metric one;
      ASSERT_EQ(bench.add(oracle.point(one), scope), EncodeRefusal::none);
      merge(*group, one);
    }
    bench.expect(expected);
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
}

TEST_P(OtlpRequestTest, ScopeAttributesMakeScopesOfTheirOwn) {
  Bench bench(OtlpSignal::traces, GetParam());
  std::vector<std::byte> entries;
  model::append_attribute_entry(entries, model::EntryKind::attribute, "tenant", "blue");
  model::RecordBuilder with(model::RecordType::span);
  with.text(model::EntryKind::name, "with").entry(model::EntryKind::scope_attributes, entries);
  model::RecordBuilder without(model::RecordType::span);
  without.text(model::EntryKind::name, "without");
  const auto copy = [](auto bytes) { return std::vector<std::byte>(bytes.begin(), bytes.end()); };
  ASSERT_EQ(bench.add(copy(with.bytes()), 1), EncodeRefusal::none);
  ASSERT_EQ(bench.add(copy(without.bytes()), 1), EncodeRefusal::none);
  ASSERT_EQ(bench.add(copy(with.bytes()), 1), EncodeRefusal::none);
  const auto request =
      bench.decoded<pb_collector::trace::v1::ExportTraceServiceRequest>().resource_spans(0);
  ASSERT_EQ(request.scope_spans_size(), 2);
  EXPECT_EQ(request.scope_spans(0).spans_size(), 2);
  EXPECT_EQ(request.scope_spans(0).scope().attributes(0).value().string_value(), "blue");
  EXPECT_EQ(request.scope_spans(1).scope().attributes_size(), 0);
}

TEST_P(OtlpRequestTest, SaysInterruptionAndSampleRateAsAttributes) {
  Bench bench(OtlpSignal::traces, GetParam());
  model::RecordBuilder record(model::RecordType::span);
  record.text(model::EntryKind::name, "open");
  record.head().sample_rate = 12.5;
  record.head().flags |= model::record_flag::interrupted;
  const auto bytes = record.bytes();
  ASSERT_EQ(bench.add({bytes.begin(), bytes.end()}), EncodeRefusal::none);
  const auto span = bench.decoded<pb_collector::trace::v1::ExportTraceServiceRequest>()
                        .resource_spans(0)
                        .scope_spans(0)
                        .spans(0);
  ASSERT_EQ(span.attributes_size(), 2);
  EXPECT_EQ(span.attributes(0).key(), sample_rate_key);
  EXPECT_EQ(span.attributes(0).value().double_value(), 12.5);
  EXPECT_EQ(span.attributes(1).key(), interrupted_key);
  EXPECT_TRUE(span.attributes(1).value().bool_value());
}

TEST_P(OtlpRequestTest, SaysTheThresholdOfWhatWasSampledInTheTraceState) {
  const auto said = [](double percent, const char* recorded, SamplingHash hash) {
    Bench bench(OtlpSignal::traces, GetParam(), hash);
    model::RecordBuilder record(model::RecordType::span);
    record.text(model::EntryKind::name, "kept");
    if (*recorded != '\0') record.text(model::EntryKind::trace_state, recorded);
    record.head().trace_id = *TraceId::from_hex("4bf92f3577b30430b000c0ffee00471e");  // score 0
    record.head().sample_rate = percent;
    const auto bytes = record.bytes();
    EXPECT_EQ(bench.add({bytes.begin(), bytes.end()}), EncodeRefusal::none);
    return bench.decoded<pb_collector::trace::v1::ExportTraceServiceRequest>()
        .resource_spans(0)
        .scope_spans(0)
        .spans(0)
        .trace_state();
  };
  EXPECT_EQ(said(25, "a=1", SamplingHash::trace_id), "ot=th:c,a=1");
  EXPECT_EQ(said(25, "a=1, ot=th:c", SamplingHash::trace_id), "a=1, ot=th:c");
  EXPECT_EQ(said(100, "a=1", SamplingHash::trace_id), "a=1");
  EXPECT_EQ(said(100, "", SamplingHash::trace_id), "");
  // The trace id's own bits did not decide: what did agrees with the threshold.
  EXPECT_EQ(said(50, "", SamplingHash::application_insights), "ot=th:8;rv:ffffffffffffff");
}

TEST_P(OtlpRequestTest, TextThatIsNotUtf8BecomesReadable) {
  Bench bench(OtlpSignal::logs, GetParam());
  model::RecordBuilder record(model::RecordType::log);
  record.body("caf\xE9 \xF0\x9F\x9A\x80");
  const auto bytes = record.bytes();
  ASSERT_EQ(bench.add({bytes.begin(), bytes.end()}), EncodeRefusal::none);
  const auto log = bench.decoded<pb_collector::logs::v1::ExportLogsServiceRequest>()
                       .resource_logs(0)
                       .scope_logs(0)
                       .log_records(0);
  const bool json = GetParam() == OtlpFormat::json;
  EXPECT_EQ(log.body().string_value(),
            std::string("caf") + (json ? "\xEF\xBF\xBD" : "?") + " \xF0\x9F\x9A\x80");
}

/// A span with one text under one key, a number of each type under keys as long.
std::vector<std::byte> span_with(const std::string& key, const std::string& text) {
  model::RecordBuilder record(model::RecordType::span);
  record.text(model::EntryKind::name, text);
  record.attribute("s" + key, AttributeValue(text));
  record.attribute("i" + key, AttributeValue(std::int64_t{300}));
  record.attribute("d" + key, AttributeValue(0.25));
  const auto bytes = record.bytes();
  return {bytes.begin(), bytes.end()};
}

TEST(OtlpRequestTextTest, EveryLengthOfKeyAndTextArrivesWhole) {
  for (std::size_t size = 0; size < 140 * 8; ++size) {
    const std::string key(size % 140, 'k');
    const std::string text = std::string(size % 137, 't');
    const bool damaged = size % 3 == 0 && !text.empty();
    Bench bench(OtlpSignal::traces);
    ASSERT_EQ(bench.add(span_with(key, damaged ? text.substr(1) + '\xE9' : text)),
              EncodeRefusal::none);
    const std::string read = damaged ? text.substr(1) + '?' : text;
    const auto request = bench.decoded<pb_collector::trace::v1::ExportTraceServiceRequest>();
    const auto& span = request.resource_spans(0).scope_spans(0).spans(0);
    ASSERT_EQ(span.attributes_size(), 3);
    EXPECT_EQ(span.name(), read);
    EXPECT_EQ(span.attributes(0).key(), "s" + key);
    EXPECT_EQ(span.attributes(0).value().string_value(), read);
    EXPECT_EQ(span.attributes(1).key(), "i" + key);
    EXPECT_EQ(span.attributes(1).value().int_value(), 300);
    EXPECT_EQ(span.attributes(2).key(), "d" + key);
    EXPECT_EQ(span.attributes(2).value().double_value(), 0.25);
  }
}

TEST_P(OtlpRequestTest, RefusesRecordsOfOtherSignalsAndDamagedOnesAndGoesOn) {
  Bench bench(OtlpSignal::traces, GetParam());
  OtlpOracle oracle(7);
  pb_logs::LogRecord log;
  EXPECT_EQ(bench.add(oracle.log(log)), EncodeRefusal::damaged);
  pb_trace::Span ignored;
  auto damaged = oracle.span(ignored);
  damaged[sizeof(model::RecordHead) + 4] = std::byte{0xFF};  // an entry longer than the record
  damaged[sizeof(model::RecordHead) + 6] = std::byte{0xFF};
  EXPECT_EQ(bench.add(damaged), EncodeRefusal::damaged);
  pb_collector::trace::v1::ExportTraceServiceRequest expected;
  auto* resource = expected.add_resource_spans();
  bench.expect_resource(*resource->mutable_resource());
  bench.expect_scope(*resource->add_scope_spans(), 0);
  EXPECT_EQ(bench.add(oracle.span(*resource->mutable_scope_spans(0)->add_spans())),
            EncodeRefusal::none);
  EXPECT_EQ(bench.request().items(), 1u);
  bench.expect(expected);
}

TEST_P(OtlpRequestTest, IsEmptyWithoutItemsAndStartsAnewAfterClear) {
  Bench bench(OtlpSignal::traces, GetParam());
  OtlpOracle oracle(3);
  pb_trace::Span ignored;
  ASSERT_EQ(bench.add(oracle.span(ignored)), EncodeRefusal::none);
  bench.request().clear();
  ByteBuffer scratch;
  EXPECT_TRUE(bench.request().finish(scratch).empty());
  EXPECT_TRUE(scratch.empty());
}

}  // namespace
}  // namespace posthaste::wire
