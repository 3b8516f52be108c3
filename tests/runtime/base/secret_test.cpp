#include "runtime/base/secret.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>

namespace posthaste {
namespace {

template <class T>
concept Streamable = requires(std::ostream& stream, const T& value) {
  stream << value;
};

TEST(Secret, CannotBeStreamedOrBecomeText) {
  EXPECT_FALSE(Streamable<Secret>);
  EXPECT_FALSE((std::is_convertible_v<Secret, std::string>));
  EXPECT_FALSE((std::is_convertible_v<Secret, std::string_view>));
  EXPECT_FALSE((std::is_convertible_v<std::string, Secret>));
}

TEST(Secret, ShowsItsEndOnlyWhereMostStaysHidden) {
  EXPECT_EQ(Secret("11111111-2222-3333-4444-55555555abcd").masked(), "****abcd");
  EXPECT_EQ(Secret("12345678abcd").masked(), "****abcd");
  EXPECT_EQ(Secret("2345678abcd").masked(), "****");
  EXPECT_EQ(Secret().masked(), "****");
  EXPECT_EQ(Secret("12345678abc\n").masked(), "****");
  EXPECT_EQ(Secret("12345678ab\xC3\xBC").masked(), "****");
}

}  // namespace
}  // namespace posthaste
