#include "runtime/wire/url_parts.h"

#include <gtest/gtest.h>

#include <string>

namespace posthaste::wire {
namespace {

std::string joined(std::string_view url) {
  const auto parts = UrlParts::of(url);
  if (!parts) return "none";
  std::string text;
  for (const auto part :
       {parts->scheme, parts->user, parts->host, parts->port, parts->path, parts->query}) {
    text += std::string(part) + "|";
  }
  return text;
}

std::string path(std::string_view text) {
  TextScratch scratch;
  return std::string(normal_path(text, scratch));
}

std::string address(std::string_view host, std::string_view port, std::string_view implied) {
  TextScratch scratch;
  return std::string(host_and_port(host, port, implied, scratch));
}

std::string redacted(std::string_view url) {
  TextScratch scratch;
  return std::string(redacted_url(url, scratch));
}

TEST(UrlParts, SplitWhatAUrlHolds) {
  EXPECT_EQ(joined("https://h.example:8443/a/b?q=1#f"), "https||h.example|8443|/a/b|q=1|");
  EXPECT_EQ(joined("http://h"), "http||h||||");
  EXPECT_EQ(joined("http://h?q"), "http||h|||q|");
  EXPECT_EQ(joined("https://me:pw@h/x"), "https|me:pw|h||/x||");
  EXPECT_EQ(joined("http://[2001:db8::1]:8080/v6"), "http||[2001:db8::1]|8080|/v6||");
  EXPECT_EQ(joined("http://[::1]/"), "http||[::1]||/||");
  EXPECT_EQ(joined("http://h/a?x=http://y:1/"), "http||h||/a|x=http://y:1/|");
}

TEST(UrlParts, AreNoneWhereThereIsNoUrl) {
  for (const char* text : {"", "/a/b", "h.example/a", "://h", "http://", "http:///a", "1x://h",
                           "http://h:port/", "http://h:123456/", "http://a b/", "not a url"}) {
    EXPECT_EQ(joined(text), "none") << text;
  }
}

TEST(NormalPath, IsWhatABrowserShows) {
  EXPECT_EQ(path(""), "/");
  EXPECT_EQ(path("/items/42"), "/items/42");
  EXPECT_EQ(path("/café/%7Euser/a b/../c"), "/caf%C3%A9/%7Euser/c");
  EXPECT_EQ(path("/a/./b/.."), "/a/");
  EXPECT_EQ(path("/../../x"), "/x");
  EXPECT_EQ(path("/.well-known/x"), "/.well-known/x");
  EXPECT_EQ(path("/index.html"), "/index.html");
  EXPECT_EQ(path("\\a\\b"), "/a/b");
}

TEST(NormalPath, LosesTabsAndLineEnds) {
  EXPECT_EQ(path("/a\tb/c\r\n"), "/ab/c");
}

TEST(NormalPath, TakesEncodedDotsAsDots) {
  EXPECT_EQ(path("/a/%2e%2E/x"), "/x");
  EXPECT_EQ(path("/a/.%2e/%2e/x/%2e"), "/x/");
  EXPECT_EQ(path("/a%2e/%2ex/%2"), "/a%2e/%2ex/%2");
  EXPECT_EQ(path("/.../%2e.."), "/.../%2e..");
}

TEST(HostAndPort, LeavesTheImpliedPortOut) {
  EXPECT_EQ(address("h", "443", "443"), "h");
  EXPECT_EQ(address("h", "8443", "443"), "h:8443");
  EXPECT_EQ(address("h", "", "443"), "h");
  EXPECT_EQ(address("h:443", "", "443"), "h");
  EXPECT_EQ(address("h:8443", "9", "443"), "h:8443");
  EXPECT_EQ(address("", "80", ""), "");
}

TEST(HostAndPort, PutsLiteralsIntoBracketsInFrontOfAPort) {
  EXPECT_EQ(address("2001:db8::2", "443", "443"), "2001:db8::2");
  EXPECT_EQ(address("2001:db8::2", "5432", ""), "[2001:db8::2]:5432");
  EXPECT_EQ(address("[::1]", "80", ""), "[::1]:80");
  EXPECT_EQ(address("[::1]:81", "", "80"), "[::1]:81");
}

TEST(RedactedUrl, HidesUsersAndSignatures) {
  EXPECT_EQ(redacted("https://me:pw@h/x?a=1"), "https://REDACTED@h/x?a=1");
  EXPECT_EQ(redacted("https://h/x?sig=abc&b=2"), "https://h/x?sig=REDACTED&b=2");
  EXPECT_EQ(redacted("https://h/?b=2&X-Amz-Signature=z&AWSAccessKeyId=k&Signature=s"),
            "https://h/?b=2&X-Amz-Signature=REDACTED&AWSAccessKeyId=REDACTED&Signature=REDACTED");
  EXPECT_EQ(redacted("https://u@h?sig=1#f"), "https://REDACTED@h?sig=REDACTED#f");
}

TEST(RedactedUrl, HidesSignaturesUnderKeysThatAreEncoded) {
  EXPECT_EQ(redacted("https://h/x?s%69g=abc&b=2"), "https://h/x?s%69g=REDACTED&b=2");
  EXPECT_EQ(redacted("https://h/x?%53%49%47=abc"), "https://h/x?%53%49%47=REDACTED");
  EXPECT_EQ(redacted("https://h/x?X-Amz%2DSecurity%2dToken=abc"),
            "https://h/x?X-Amz%2DSecurity%2dToken=REDACTED");
  for (const char* url : {"https://h/x?s%6=abc", "https://h/x?s%zzg=abc", "https://h/x?%73ig%6e=a",
                          "https://h/x?X-Amz-Security-Token%78%78%78=a", "https://h/x?%=a"}) {
    EXPECT_EQ(redacted(url), url);
  }
}

TEST(RedactedUrl, LeavesOthersAlone) {
  for (const char* url : {"https://h/x", "https://h/x@y", "https://h/x?a=b@c", "/t?signature2=1",
                          "https://h/?sig=", "https://h/?design=1", "mailto:a@b", ""}) {
    EXPECT_EQ(redacted(url), url);
  }
}

TEST(TextScratch, CutsWhatDoesNotFitBetweenCharacters) {
  TextScratch scratch;
  const std::string most(TextScratch::capacity - 1, 'x');
  EXPECT_EQ(scratch.join({most}).size(), most.size());
  EXPECT_EQ(scratch.join({"é"}), "");
  EXPECT_EQ(scratch.join({"yz"}), "y");
  scratch.clear();
  EXPECT_EQ(scratch.join({"again", "!"}), "again!");
}

}  // namespace
}  // namespace posthaste::wire
