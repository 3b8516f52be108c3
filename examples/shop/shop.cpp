#include "examples/shop/shop.h"

#include <boost/json.hpp>

#include <array>
#include <charconv>
#include <stdexcept>

namespace shop {

namespace json = boost::json;
using posthaste::Severity;

namespace {

constexpr std::int64_t low_stock = 20;
constexpr std::int64_t delivery = 500;
constexpr std::array order_value_boundaries{50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0};
constexpr std::uint64_t declined_payment = 40;  // every so many

json::object to_json(const Product& product) {
  return {{"id", product.id},
          {"name", product.name},
          {"price_cents", product.price_cents},
          {"stock", product.stock}};
}

struct Order {
  int product = 0;
  std::int64_t quantity = 0;
};

std::optional<std::int64_t> number_in(const json::object& object, std::string_view key,
                                      std::int64_t most) {
  const json::value* const value = object.if_contains(key);
  if (value == nullptr || !value->is_int64()) return std::nullopt;
  const std::int64_t number = value->get_int64();
  return number >= 1 && number <= most ? std::optional(number) : std::nullopt;
}

/// Empty for anything but {"product": 1 and more, "quantity": 1 to 100}.
std::optional<Order> read_order(std::string_view body) {
  boost::system::error_code error;
  const json::value value = json::parse(body, error);
  if (error || !value.is_object()) return std::nullopt;
  const auto product = number_in(value.get_object(), "product", INT32_MAX);
  const auto quantity = number_in(value.get_object(), "quantity", 100);
  if (!product || !quantity) return std::nullopt;
  return Order{static_cast<int>(*product), *quantity};
}

}  // namespace

Shop::Shop(Instruments& instruments)
    : instruments_(instruments),
      orders_(instruments.meter().counter("shop.orders", {.unit = "{order}"})),
      order_values_(instruments.meter().histogram(
          "shop.order.value", {.unit = "{cent}", .boundaries = order_value_boundaries})),
      database_(instruments),
      payment_client_(instruments),
      routes_({
          {verb::get, "/products", [this](const Call& call) { return list_products(call); }},
          {verb::get, "/products/{id}", [this](const Call& call) { return show_product(call); }},
          {verb::post, "/checkout", [this](const Call& call) { return check_out(call); }},
          {verb::post, "/payments", [this](const Call& call) { return take_payment(call); }},
          {verb::get, "/broken", [this](const Call& call) { return fail(call); }},
      }) {}

Task<Response> Shop::list_products(const Call& call) {
  const std::vector<Product> products = co_await database_.all_products(call.span);
  json::array list;
  for (const Product& product : products) list.push_back(to_json(product));
  co_return json_response(status::ok, list);
}

Task<Response> Shop::show_product(const Call& call) {
  int id = 0;
  const char* const end = call.parameter.data() + call.parameter.size();
  if (std::from_chars(call.parameter.data(), end, id).ptr != end) {
    co_return error_response(status::bad_request, "a product's id is a number");
  }
  const std::optional<Product> product = co_await database_.product(id, call.span);
  if (!product) co_return error_response(status::not_found, "there is no such product");
  co_return json_response(status::ok, to_json(*product));
}

Task<Response> Shop::check_out(const Call& call) {
  const std::optional<Order> order = read_order(call.request.body());
  if (!order) co_return error_response(status::bad_request, "product and quantity are wanted");
  const std::optional<Product> product = co_await database_.product(order->product, call.span);
  if (!product) co_return error_response(status::not_found, "there is no such product");

  const std::int64_t cents = product->price_cents * order->quantity;
  const bool paid = co_await payment_client_.charge(cents, call.span);
  if (!paid) {
    instruments_.log(Severity::warn, "payment declined", call.span, {{"order.cents", cents}});
    co_return error_response(status::payment_required, "the card was declined");
  }
  const auto left = co_await database_.take(product->id, order->quantity, call.span);
  if (!left) co_return error_response(status::conflict, "sold out");
  instruments_.log(Severity::info, "order placed", call.span,
                   {{"product.name", product->name},
                    {"order.quantity", order->quantity},
                    {"order.cents", cents}});
  orders_.add(1, {{"product.name", product->name}});
  order_values_.record(static_cast<double>(cents));
  co_await watch_stock(*product, *left, call);
  co_return json_response(status::created, {{"cents", cents}});
}

Task<void> Shop::watch_stock(const Product& product, std::int64_t left, const Call& call) {
  if (left >= low_stock) co_return;
  instruments_.log(Severity::warn, "stock low", call.span,
                   {{"product.name", product.name}, {"product.stock", left}});
  co_await database_.restock(product.id, delivery, call.span);
}

Task<Response> Shop::take_payment(const Call& call) {
  const bool declined = ++payments_taken_ % declined_payment == 0;
  if (declined) {
    instruments_.log(Severity::info, "card declined", call.span, {{"card.reason", "limit"}});
    co_return error_response(status::payment_required, "declined");
  }
  co_return json_response(status::ok, {{"paid", true}});
}

Task<Response> Shop::fail(const Call& call) {
  co_await database_.product(0, call.span);
  throw std::runtime_error("this route is broken, for everybody to see");
}

}  // namespace shop
