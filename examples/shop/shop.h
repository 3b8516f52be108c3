#pragma once

/// What the shop does: shows its products, sells them, and has one route that always fails.
///
///   GET  /products            the catalogue                     one query
///   GET  /products/{id}       one product                       one query
///   POST /checkout            {"product":1,"quantity":2}        payment, stock, a log record, metrics
///   POST /payments            the payment service's stand-in
///   GET  /broken              throws
///
/// Threads: any, at once.

#include "examples/shop/database.h"
#include "examples/shop/payment_client.h"
#include "examples/shop/routes.h"

#include <atomic>
#include <cstdint>

namespace shop {

class Shop {
public:
  explicit Shop(Instruments& instruments);

  const Routes& routes() const noexcept { return routes_; }
  PaymentClient& payments() noexcept { return payment_client_; }

private:
  Task<Response> list_products(const Call& call);
  Task<Response> show_product(const Call& call);
  Task<Response> check_out(const Call& call);
  Task<Response> take_payment(const Call& call);
  Task<Response> fail(const Call& call);
  Task<void> watch_stock(const Product& product, std::int64_t left, const Call& call);

  Instruments& instruments_;
  posthaste::Counter<> orders_;
  posthaste::Histogram<> order_values_;
  Database database_;
  PaymentClient payment_client_;
  Routes routes_;
  std::atomic<std::uint64_t> payments_taken_{0};
};

}  // namespace shop
