#include "examples/shop/database.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace shop {

namespace asio = boost::asio;
using posthaste::Context;
using posthaste::SpanKind;

Database::Database(Instruments& instruments)
    : instruments_(instruments), products_{{1, "apple", 40, 500},   {2, "pear", 55, 300},
                                           {3, "plum", 30, 800},    {4, "cherry", 700, 120},
                                           {5, "quince", 120, 200}, {6, "medlar", 260, 60}} {
  const auto stock =
      instruments.meter().observable_gauge<std::int64_t>("shop.stock", {.unit = "{piece}"});
  stock_ = stock.observe([this](posthaste::Observer<std::int64_t>& to) {
    const std::lock_guard lock(mutex_);
    for (const Product& product : products_) {
      to.observe(product.stock, {{"product.name", product.name}});
    }
  });
}

asio::awaitable<std::vector<Product>> Database::all_products(const Context& parent) {
  co_await query("SELECT", "SELECT id, name, price, stock FROM products ORDER BY id", parent);
  const std::lock_guard lock(mutex_);
  co_return products_;
}

asio::awaitable<std::optional<Product>> Database::product(int id, const Context& parent) {
  co_await query("SELECT", "SELECT name, price, stock FROM products WHERE id = $1", parent);
  const std::lock_guard lock(mutex_);
  const Product* const found = find(id);
  co_return found == nullptr ? std::nullopt : std::optional(*found);
}

asio::awaitable<std::optional<std::int64_t>> Database::take(int id, std::int64_t quantity,
                                                            const Context& parent) {
  co_await query("UPDATE",
                 "UPDATE products SET stock = stock - $2 WHERE id = $1 AND stock >= $2 "
                 "RETURNING stock",
                 parent);
  const std::lock_guard lock(mutex_);
  Product* const found = find(id);
  if (found == nullptr || found->stock < quantity) co_return std::nullopt;
  co_return found->stock -= quantity;
}

asio::awaitable<void> Database::restock(int id, std::int64_t quantity, const Context& parent) {
  co_await query("UPDATE", "UPDATE products SET stock = stock + $2 WHERE id = $1", parent);
  const std::lock_guard lock(mutex_);
  if (Product* const found = find(id)) found->stock += quantity;
}

asio::awaitable<void> Database::query(std::string_view operation, std::string_view text,
                                      const Context& parent) {
  posthaste::Span span = instruments_.tracer().start_span(
      std::string(operation) + " products", {.kind = SpanKind::client,
                                             .parent = &parent,
                                             .attributes = {{"db.system.name", "postgresql"},
                                                            {"db.namespace", "shop"},
                                                            {"db.collection.name", "products"},
                                                            {"db.operation.name", operation},
                                                            {"db.query.text", text},
                                                            {"server.address", "shop-db"}}});
  asio::steady_timer answer(co_await asio::this_coro::executor, latency());
  co_await answer.async_wait(asio::use_awaitable);
  instruments_.end(span, SpanKind::client);
}

std::chrono::microseconds Database::latency() {
  const std::lock_guard lock(mutex_);
  // Most queries are quick, a few are not: mean 1.2 ms, at most 50.
  const double milliseconds = std::lognormal_distribution<double>(0, 0.6)(random_);
  return std::chrono::microseconds(static_cast<long>(1000 * std::min(milliseconds, 50.0)));
}

Product* Database::find(int id) {
  const auto found = std::ranges::find(products_, id, &Product::id);
  return found == products_.end() ? nullptr : &*found;
}

}  // namespace shop
