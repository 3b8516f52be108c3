#include <posthaste/baggage.h>

#include "api/baggage_members.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace posthaste {
namespace {

TEST(Baggage, DecodesValuesAndKeepsProperties) {
  const Baggage baggage =
      Baggage::from_header("userId=alice,\t serverNode=DF%2028 ; ttl=5;secure , e=%C3%A9,empty=");
  EXPECT_EQ(baggage.size(), 4u);
  EXPECT_EQ(baggage.value("userId"), "alice");
  EXPECT_EQ(baggage.value("serverNode"), "DF 28");
  EXPECT_EQ(baggage.properties("serverNode"), "ttl=5;secure");
  EXPECT_EQ(baggage.properties("userId"), "");
  EXPECT_EQ(baggage.value("e"), "\xC3\xA9");
  EXPECT_EQ(baggage.value("empty"), "");
  EXPECT_EQ(baggage.value("none"), std::nullopt);
  EXPECT_EQ(baggage.value(""), std::nullopt);
  EXPECT_EQ(baggage.key(1), "serverNode");
  EXPECT_EQ(baggage.key(4), "");
  EXPECT_EQ(baggage.header(), "userId=alice,serverNode=DF%2028 ; ttl=5;secure,e=%C3%A9,empty=");
}

TEST(Baggage, MendsWhatDecodesToNoUtf8AndLeavesABarePercentSign) {
  EXPECT_EQ(Baggage::from_header("a=x%FFy").value("a"), "x\xEF\xBF\xBDy");
  EXPECT_EQ(Baggage::from_header("a=100%,b=%4").value("a"), "100%");
  EXPECT_EQ(Baggage::from_header("a=%zz").value("a"), "%zz");
  EXPECT_EQ(Baggage::from_header("a=%4").value("a"), "%4");
  EXPECT_EQ(Baggage::from_header("a=%41").value("a"), "A");
}

TEST(Baggage, LeavesOutTheMembersThatAreMalformed) {
  for (const char* bad : {"", " ", ",", "=v", "k", "k v=1", "k=a b", "k=\"v\"", "k=a\r\nX: y",
                          "k=\x80", "k=v;", "k=v;;p", "k=v;p=a b", "k=v;=1", "k=a\\b", "k\n=v"}) {
    EXPECT_TRUE(Baggage::from_header(bad).empty()) << bad;
    const Baggage rest = Baggage::from_header("first=1," + std::string(bad) + ",last=2");
    EXPECT_EQ(rest.header(), "first=1,last=2") << bad;
  }
  EXPECT_TRUE(Baggage::from_header(std::string_view("k=a\0b", 5)).empty());
}

TEST(Baggage, OfAKeyThatComesTwiceHasTheLastValue) {
  EXPECT_EQ(Baggage::from_header("a=1,b=2,a=3;p").header(), "a=3;p,b=2");
}

TEST(Baggage, FromOutsideKeepsWhatIsWithinTheLimits) {
  std::string many;
  for (int i = 0; i < 100; ++i) many += "k" + std::to_string(i) + "=v,";
  const Baggage first = Baggage::from_header(many);
  EXPECT_EQ(first.size(), Baggage::member_limit);
  EXPECT_EQ(first.key(63), "k63");

  const std::string large = "a=1,b=" + std::string(9000, 'x') + ",c=2";
  EXPECT_EQ(Baggage::from_header(large).header(), "a=1");
  const std::string exact = "k=" + std::string(Baggage::byte_limit - 2, 'x');
  EXPECT_EQ(Baggage::from_header(exact).header(), exact);
  EXPECT_TRUE(Baggage::from_header(exact + "x").empty());
  EXPECT_TRUE(Baggage::from_header(std::string(1'000'000, ',')).empty());
}

TEST(Baggage, OfManyHeadersHasOneLimitForAll) {
  const std::string line = "k=" + std::string(5000, 'x');
  const std::string other = "l=" + std::string(5000, 'x') + ",m=1";
  BaggageMembers members;
  EXPECT_TRUE(members.read(line));
  EXPECT_FALSE(members.read(other));
  EXPECT_EQ(members.joined().header(), line);
}

TEST(Baggage, RefusesWhatTheApplicationAddsBeyondTheRules) {
  Baggage baggage;
  EXPECT_FALSE(baggage.with("", "v"));
  EXPECT_FALSE(baggage.with("a b", "v"));
  EXPECT_FALSE(baggage.with("a\r\n", "v"));
  EXPECT_FALSE(baggage.with("a", "v", "p\r\nX: y"));
  EXPECT_FALSE(baggage.with("a", "v", "p,b=2"));
  EXPECT_FALSE(baggage.with("a", std::string(Baggage::byte_limit, 'x')));
  EXPECT_FALSE(baggage.with("a", std::string(3000, ' '))) << "9,000 bytes when encoded";
  for (int i = 0; i < 64; ++i) baggage = *baggage.with("k" + std::to_string(i), "v");
  EXPECT_FALSE(baggage.with("one more", "v"));
  EXPECT_FALSE(baggage.with("one-more", "v"));
  EXPECT_EQ(baggage.with("k5", "other")->size(), 64u) << "instead of another";
}

TEST(Baggage, NeverWritesALineBreakOrAnythingThatIsNotAscii) {
  const Baggage baggage = *Baggage().with("a", "x\r\nSet-Cookie: y\t\"é,;=%\\");
  EXPECT_EQ(baggage.header(), "a=x%0D%0ASet-Cookie:%20y%09%22%C3%A9%2C%3B=%25%5C");
  EXPECT_EQ(baggage.value("a"), "x\r\nSet-Cookie: y\t\"é,;=%\\");
}

TEST(Baggage, DoesNotChangeWhenSomethingIsAddedToACopy) {
  const Baggage one = *Baggage().with("a", "1");
  const Baggage two = *one.with("b", "2");
  EXPECT_EQ(one.header(), "a=1");
  EXPECT_EQ(two.header(), "a=1,b=2");
  EXPECT_EQ(two.without("a").header(), "b=2");
  EXPECT_EQ(two.without("c").header(), "a=1,b=2");
  EXPECT_TRUE(one.without("a").empty());
}

TEST(Baggage, RoundTripsAndBehavesAsAMapWhateverIsDoneToIt) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](unsigned end) { return static_cast<unsigned>(random() % end); };
    Baggage baggage;
    std::map<std::string, std::string> model;
    for (int step = 0; step < 100; ++step) {
      const std::string key = "k" + std::to_string(below(80));
      if (below(4) == 0) {
        baggage = baggage.without(key);
        model.erase(key);
      } else {
        std::string value;
        for (unsigned n = below(20); n > 0; --n) value += static_cast<char>(below(128));
        const auto more = baggage.with(key, value, below(2) == 0 ? "" : "p=1;q");
        ASSERT_EQ(more.has_value(), model.contains(key) || model.size() < 64);
        if (!more) continue;
        baggage = *more;
        model[key] = value;
      }
      const Baggage back = Baggage::from_header(baggage.header());
      ASSERT_EQ(back.header(), baggage.header());
      ASSERT_EQ(back.size(), model.size());
    }
    for (const auto& [key, value] : model) ASSERT_EQ(baggage.value(key), value);
  }
}

}  // namespace
}  // namespace posthaste
