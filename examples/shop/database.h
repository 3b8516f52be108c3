#pragma once

/// The shop's database, as far as an example needs one: a table in memory behind the delay of a
/// network. Every query is a client span with the attributes of OpenTelemetry's database
/// conventions; Application Insights shows it as a dependency. How many of each product are left is
/// observed as the gauge `shop.stock`, once an interval.
///
/// Threads: any, at once.

#include "examples/shop/instruments.h"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace shop {

struct Product {
  int id = 0;
  std::string name;
  std::int64_t price_cents = 0;
  std::int64_t stock = 0;
};

class Database {
public:
  explicit Database(Instruments& instruments);

  /// `parent`: the span on whose behalf this is done.
  boost::asio::awaitable<std::vector<Product>> all_products(const posthaste::Context& parent);
  boost::asio::awaitable<std::optional<Product>> product(int id, const posthaste::Context& parent);
  /// How many are left; nothing when there are too few.
  boost::asio::awaitable<std::optional<std::int64_t>> take(int id, std::int64_t quantity,
                                                           const posthaste::Context& parent);
  boost::asio::awaitable<void> restock(int id, std::int64_t quantity,
                                       const posthaste::Context& parent);

private:
  /// The span and the wait of one query; the table is read afterwards.
  boost::asio::awaitable<void> query(std::string_view operation, std::string_view text,
                                     const posthaste::Context& parent);
  std::chrono::microseconds latency();
  Product* find(int id);

  Instruments& instruments_;
  std::mutex mutex_;
  std::vector<Product> products_;  // guarded by mutex_
  std::minstd_rand random_{42};    // guarded by mutex_
  posthaste::Registration stock_;  // the last member: its callback reads the others
};

}  // namespace shop
