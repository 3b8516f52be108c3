#include <posthaste/propagation.h>

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace posthaste {
namespace {

constexpr const char* trace = "0af7651916cd43dd8448eb211c80319c";
constexpr const char* span = "b7ad6b7169203331";

TEST(Traceparent, IsReadAndWrittenBack) {
  const std::string header = std::string("00-") + trace + "-" + span + "-01";
  const Context context = from_headers(header);
  ASSERT_TRUE(context.is_valid());
  EXPECT_TRUE(context.is_remote());
  EXPECT_TRUE(context.is_sampled());
  const auto written = to_traceparent(context);
  EXPECT_EQ(std::string_view(written.data(), written.size()), header);
}

TEST(Traceparent, MalformedOnesNameNoSpan) {
  const std::string t = trace, s = span;
  for (const std::string& header :
       {std::string(), std::string("00"), "00-" + t + "-" + s, "00-" + t + "-" + s + "-1",
        "00-" + t + "-" + s + "-01-more", "ff-" + t + "-" + s + "-01", "0x-" + t + "-" + s + "-01",
        "00-" + std::string(32, '0') + "-" + s + "-01",
        "00-" + t + "-" + std::string(16, '0') + "-01",
        "00-0AF7651916CD43DD8448EB211C80319C-" + s + "-01", "00_" + t + "-" + s + "-01",
        "00-" + t + "-" + s + "-zz", "01-" + t + "-" + s + "-01x"}) {
    EXPECT_FALSE(from_headers(header).is_valid()) << header;
  }
}

TEST(Traceparent, OfALaterVersionMayGoOn) {
  const std::string header = std::string("cc-") + trace + "-" + span + "-01-what-the-future-brings";
  EXPECT_TRUE(from_headers(header).is_valid());
}

TEST(Traceparent, KeepsOnlyTheFlagsItKnows) {
  const Context context = from_headers(std::string("00-") + trace + "-" + span + "-ff");
  EXPECT_EQ(context.trace_flags(), 3);
  EXPECT_FALSE(from_headers(std::string("00-") + trace + "-" + span + "-00").is_sampled());
}

TEST(Tracestate, IsCarriedAsItIsWhenItIsWellFormed) {
  const std::string parent = std::string("00-") + trace + "-" + span + "-01";
  for (const char* good :
       {"vendor=1", "a=b,c=d", "tenant@system=x", "rojo=00f067aa0ba902b7, congo=t61", "a*/_-0=!~",
        "a@b@c=1", "9@=x", "1@long_system_id_of_level_2=x"}) {
    EXPECT_EQ(from_headers(parent, good).trace_state(), good) << good;
  }
}

TEST(Tracestate, IsLeftOutWholeWhenItIsNot) {
  const std::string parent = std::string("00-") + trace + "-" + span + "-01";
  std::string many;
  for (int i = 0; i < 33; ++i) many += "k" + std::to_string(i) + "=v,";
  for (const std::string& bad :
       {std::string("novalue"), std::string("=v"), std::string("A=1"), std::string("a=1,a=2"),
        std::string("a=b=c"), std::string("k=v") + std::string(600, 'x'), many, std::string("@b=1"),
        std::string("k=\x01")}) {
    const Context context = from_headers(parent, bad);
    EXPECT_TRUE(context.is_valid());
    EXPECT_EQ(context.trace_state(), "") << bad;
  }
}

TEST(Tracestate, MayReachItsLimitsAndNotPassThem) {
  const std::string parent = std::string("00-") + trace + "-" + span + "-01";
  const auto taken = [&](const std::string& state) {
    return from_headers(parent, state).trace_state() == state;
  };
  std::string members = "k0=v";
  for (int i = 1; i < 32; ++i) members += ",k" + std::to_string(i) + "=v";
  EXPECT_TRUE(taken(members));
  EXPECT_FALSE(taken(members + ",k32=v"));
  const std::string half = std::string(253, 'x');
  EXPECT_TRUE(taken("a=" + half + ",b=" + half + "x"));    // 512 bytes
  EXPECT_FALSE(taken("a=" + half + "x,b=" + half + "x"));  // 513
  EXPECT_TRUE(taken(std::string(255, 'k') + "k=v"));       // a key of 256
  EXPECT_FALSE(taken(std::string(256, 'k') + "k=v"));
  EXPECT_TRUE(taken("k=" + std::string(256, 'v')));
  EXPECT_FALSE(taken("k=" + std::string(257, 'v')));
}

TEST(Carrier, GetsBothHeadersAndGivesThemBack) {
  const Context context =
      Context::remote(*TraceId::from_hex(trace), *SpanId::from_hex(span), true, "a=1");
  std::map<std::string, std::string> headers;
  inject(context, [&](std::string_view name, std::string_view value) {
    headers[std::string(name)] = value;
  });
  EXPECT_EQ(headers.size(), 2u);
  const Context back = extract([&](std::string_view name) { return headers[std::string(name)]; });
  EXPECT_EQ(back.trace_id(), context.trace_id());
  EXPECT_EQ(back.span_id(), context.span_id());
  EXPECT_EQ(back.trace_state(), "a=1");
}

TEST(Carrier, GetsNothingFromAContextThatNamesNoSpan) {
  inject(Context(), [](std::string_view name, std::string_view) { FAIL() << name; });
}

}  // namespace
}  // namespace posthaste
