#include "runtime/wire/otlp_cut.h"

#include "runtime/wire/body_lines.h"
#include "tests/runtime/wire/otlp_oracle.h"

#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

namespace posthaste::wire {
namespace {

namespace json = google::protobuf::util;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Selection = std::vector<std::uint32_t>;

struct Variant {
  OtlpSignal signal;
  BodyKind kind;
};

/// A request with `records` random records of a few scopes, and its map.
struct Body {
  ByteBuffer bytes;  // as `kind` says
  ItemMap map;
};

class OtlpCut : public testing::TestWithParam<Variant> {
protected:
  BodyForm form() const { return {GetParam().kind, GetParam().signal}; }

  std::unique_ptr<Message> empty_message() const {
    switch (GetParam().signal) {
      case OtlpSignal::traces:
        return std::make_unique<pb_collector::trace::v1::ExportTraceServiceRequest>();
      case OtlpSignal::metrics:
        return std::make_unique<pb_collector::metrics::v1::ExportMetricsServiceRequest>();
      case OtlpSignal::logs: break;
    }
    return std::make_unique<pb_collector::logs::v1::ExportLogsServiceRequest>();
  }

  std::vector<std::byte> record(OtlpOracle& oracle) const {
    pb_trace::Span span;
    pb_metrics::Metric metric;
    pb_logs::LogRecord log;
    switch (GetParam().signal) {
      case OtlpSignal::traces: return oracle.span(span);
      case OtlpSignal::metrics: return oracle.point(metric);
      case OtlpSignal::logs: break;
    }
    return oracle.log(log);
  }

  Body body(OtlpOracle& oracle, std::uint32_t records) {
    OtlpContext context;
    context.signal = GetParam().signal;
    context.format = is_json(GetParam().kind) ? OtlpFormat::json : OtlpFormat::protobuf;
    context.resource = model::Resource({{"service.name", "sh\"o]p{"}});
    context.scope_of = [](std::uint16_t number) {
      static const std::string names[] = {"a", "b\\\"", "c}"};
      return Scope{names[number % 3], "1.2", "https://opentelemetry.io/schemas/1.30.0"};
    };
    OtlpRequest request(std::move(context));
    std::vector<std::vector<std::uint64_t>> kept(records);
    Body made;
    for (auto& words : kept) {
      const auto bytes = record(oracle);
      words.resize(bytes.size() / 8);
      std::memcpy(words.data(), bytes.data(), bytes.size());
      reinterpret_cast<model::RecordHead*>(words.data())->scope =
          static_cast<std::uint16_t>(oracle.dice(3));
      const auto view = model::RecordView::from(std::as_bytes(std::span(words)), 1 << 20);
      EXPECT_EQ(request.add(*view), EncodeRefusal::none);
      made.map.add(1);
    }
    ByteBuffer scratch;
    ByteBuffer plain;
    plain.append(request.finish(scratch));
    if (is_gzip(GetParam().kind)) {
      EXPECT_TRUE(compressor_.gzip(plain.bytes(), made.bytes));
    } else {
      made.bytes = std::move(plain);
    }
    return made;
  }

  std::unique_ptr<Message> decoded(const ByteBuffer& body) const {
    ByteBuffer unpacked;
    std::string text(body.view());
    if (is_gzip(GetParam().kind)) {
      EXPECT_TRUE(gunzip(body.bytes(), plain_body_limit, unpacked));
      text = unpacked.view();
    }
    auto message = empty_message();
    if (is_json(GetParam().kind)) {
      const auto status = json::JsonStringToMessage(text, message.get());
      EXPECT_TRUE(status.ok()) << status.ToString() << '\n' << text;
    } else {
      EXPECT_TRUE(message->ParseFromString(text));
    }
    return message;
  }

  Compressor compressor_;
};

/// Takes all but the chosen items out of a message, and what they leave empty.
class Pruner {
public:
  Pruner(OtlpSignal signal, const Selection& chosen)
      : items_level_(signal == OtlpSignal::metrics ? 4 : 2), chosen_(chosen) {}

  bool prune(Message& message, int level = 0) {
    const auto* reflection = message.GetReflection();
    std::vector<const FieldDescriptor*> fields;
    reflection->ListFields(message, &fields);
    bool some = false;
    for (const FieldDescriptor* field : fields) {
      if (!leads(*field, level)) continue;
      some |= field->is_repeated() ? prune_list(message, *field, level)
                                   : prune(*reflection->MutableMessage(&message, field), level + 1);
    }
    return some;
  }

private:
  static bool leads(const FieldDescriptor& field, int level) {
    if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return false;
    if (level == 3) return !field.is_repeated();
    return field.is_repeated() && field.number() == (level == 1 || level == 2 ? 2 : 1);
  }
  bool prune_list(Message& message, const FieldDescriptor& field, int level) {
    const auto* reflection = message.GetReflection();
    int kept = 0;
    for (int i = 0; i < reflection->FieldSize(message, &field); ++i) {
      const bool stays =
          level == items_level_
              ? std::ranges::binary_search(chosen_, seen_++)
              : prune(*reflection->MutableRepeatedMessage(&message, &field, i), level + 1);
      if (stays) reflection->SwapElements(&message, &field, i, kept++);
    }
    while (reflection->FieldSize(message, &field) > kept) reflection->RemoveLast(&message, &field);
    return kept > 0;
  }

  const int items_level_;
  const Selection& chosen_;
  std::uint32_t seen_ = 0;
};

INSTANTIATE_TEST_SUITE_P(All, OtlpCut,
                         testing::Values(Variant{OtlpSignal::traces, BodyKind::otlp_protobuf},
                                         Variant{OtlpSignal::metrics, BodyKind::otlp_protobuf},
                                         Variant{OtlpSignal::logs, BodyKind::otlp_protobuf_gzip},
                                         Variant{OtlpSignal::traces, BodyKind::otlp_json_gzip},
                                         Variant{OtlpSignal::metrics, BodyKind::otlp_json},
                                         Variant{OtlpSignal::logs, BodyKind::otlp_json}),
                         [](const auto& variant) {
                           return std::string(to_string(variant.param.signal)) + "_" +
                                  std::to_string(static_cast<int>(variant.param.kind));
                         });

TEST_P(OtlpCut, KeepsExactlyTheItemsToSendAndWhatTheyBelongTo) {
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    OtlpOracle oracle(seed);
    const std::uint32_t records = 1 + oracle.dice(30);
    const Body whole = body(oracle, records);
    Selection chosen;
    for (std::uint32_t i = 0; i < records; ++i) {
      if (oracle.dice(3) == 0) chosen.push_back(i);
    }
    const auto cut = select_items(whole.bytes.bytes(), form(), whole.map, chosen, {}, compressor_);
    ASSERT_TRUE(cut) << cut.error().message() << " seed " << seed;
    EXPECT_EQ(cut->map.items(), chosen.size());
    const auto expected = decoded(whole.bytes);
    Pruner(GetParam().signal, chosen).prune(*expected);
    json::MessageDifferencer differ;
    std::string differences;
    differ.ReportDifferencesToString(&differences);
    ASSERT_TRUE(differ.Compare(*expected, *decoded(cut->body))) << differences << " seed " << seed;
  }
}

TEST_P(OtlpCut, RefusesABodyThatIsNotThatOfItsMap) {
  OtlpOracle oracle(1);
  const Body whole = body(oracle, 5);
  ItemMap more = whole.map;
  more.add(1);
  const Selection first{0};
  EXPECT_FALSE(select_items(whole.bytes.bytes(), form(), more, first, {}, compressor_));
  const auto half = whole.bytes.bytes().first(whole.bytes.size() / 2);
  EXPECT_FALSE(select_items(half, form(), whole.map, first, {}, compressor_));
}

}  // namespace
}  // namespace posthaste::wire
