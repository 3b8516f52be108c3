// Boost.JSON is used header-only; this is its one compiled copy in the shop.
#include <boost/json/src.hpp>
