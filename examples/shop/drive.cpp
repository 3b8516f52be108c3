// Customers for the shop: real HTTP requests at a steady rate, over a few kept connections.
//
//   shop_load --port N [--rate R] [--seconds S] [--connections C]
//
// A line of JSON on stdout every second, and a last one with "done":true: requests so far, by
// status, and the time that answers took. Answers are expected (404, 402 and 500 too: the mix has
// broken routes and declined cards); a request without an answer is counted as failed.
// Exit codes: 0 all requests were answered, 1 some were not, 2 wrong usage.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iostream>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using Clock = std::chrono::steady_clock;
using Request = http::request<http::string_body>;
using namespace std::chrono_literals;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

struct Options {
  std::uint16_t port = 0;
  unsigned rate = 500;
  unsigned seconds = 20;
  unsigned connections = 8;
};

struct Counts {
  std::uint64_t requests = 0;  // answered
  std::uint64_t failed = 0;    // not answered
  std::map<unsigned, std::uint64_t> by_status;
  std::vector<std::uint32_t> microseconds;  // of each answer
};

/// What customers do, in what proportion.
class Customers {
public:
  explicit Customers(std::uint16_t port) : host_("127.0.0.1:" + std::to_string(port)) {}

  Request next() {
    const unsigned dice = between(1, 100);
    if (dice <= 30) return request(http::verb::get, "/products");
    if (dice <= 72) return request(http::verb::get, "/products/" + std::to_string(between(1, 6)));
    if (dice <= 74) return request(http::verb::get, "/products/99");
    if (dice <= 97) return checkout();
    return request(http::verb::get, "/broken");
  }

private:
  unsigned between(unsigned least, unsigned most) {
    return std::uniform_int_distribution<unsigned>(least, most)(random_);
  }

  Request request(http::verb method, const std::string& target) const {
    Request request(method, target, 11);
    request.set(http::field::host, host_);
    request.set(http::field::user_agent, "shop_load");
    return request;
  }

  /// Comes from a web page that is watched too, and so belongs to a trace already.
  Request checkout() {
    Request order = request(http::verb::post, "/checkout");
    order.set(http::field::content_type, "application/json");
    order.set("traceparent", "00-" + hex(4) + "-" + hex(2) + "-01");
    order.body() = "{\"product\":" + std::to_string(between(1, 6)) +
                   ",\"quantity\":" + std::to_string(between(1, 5)) + "}";
    order.prepare_payload();
    return order;
  }

  std::string hex(unsigned words) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (unsigned i = 0; i < words; ++i) {
      const std::uint64_t word = random_() | 1;  // an id is not all zero
      for (unsigned shift = 0; shift < 32; shift += 4) text += digits[word >> shift & 15];
    }
    return text;
  }

  std::string host_;
  std::mt19937_64 random_{std::random_device{}()};
};

/// One connection's share of the load. Everything runs on one thread.
class Connection {
public:
  Connection(asio::io_context& io, const Options& options, Customers& customers, Counts& counts)
      : stream_(io), pause_(io), options_(options), customers_(customers), counts_(counts) {}

  asio::awaitable<void> run(Clock::time_point first, Clock::time_point last) {
    const auto step = std::chrono::duration_cast<Clock::duration>(1s) * options_.connections /
                      std::max(options_.rate, 1u);
    for (Clock::time_point due = first; due < last && Clock::now() < last; due += step) {
      // What a slow shop leaves undone for more than a second is not caught up with.
      due = std::max(due, Clock::now() - 1s);
      pause_.expires_at(due);
      co_await pause_.async_wait(as_result);
      co_await ask();
    }
  }

private:
  asio::awaitable<void> ask() {
    const Request request = customers_.next();
    const Clock::time_point asked = Clock::now();
    const std::optional<unsigned> status = co_await exchange(request);
    if (!status) {
      ++counts_.failed;
      stream_.close();
      co_return;
    }
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - asked);
    ++counts_.requests;
    ++counts_.by_status[*status];
    counts_.microseconds.push_back(static_cast<std::uint32_t>(took.count()));
  }

  /// The answer's status; nothing when there was no answer within 10 s.
  asio::awaitable<std::optional<unsigned>> exchange(const Request& request) {
    stream_.expires_after(10s);
    if (!stream_.socket().is_open()) {
      const tcp::endpoint shop(asio::ip::address_v4::loopback(), options_.port);
      const auto [error] = co_await stream_.async_connect(shop, as_result);
      if (error) co_return std::nullopt;
    }
    const auto [not_sent, sent] = co_await http::async_write(stream_, request, as_result);
    if (not_sent) co_return std::nullopt;
    http::response<http::string_body> response;
    const auto [not_read, read] = co_await http::async_read(stream_, buffer_, response, as_result);
    if (not_read) co_return std::nullopt;
    if (!response.keep_alive()) stream_.close();
    co_return response.result_int();
  }

  beast::tcp_stream stream_;
  asio::steady_timer pause_;
  beast::flat_buffer buffer_;
  const Options& options_;
  Customers& customers_;
  Counts& counts_;
};

void print(const Counts& counts, bool done) {
  std::cout << "{\"requests\":" << counts.requests << ",\"failed\":" << counts.failed
            << ",\"by_status\":{";
  const char* separator = "";
  for (const auto& [status, count] : counts.by_status) {
    std::cout << separator << '"' << status << "\":" << count;
    separator = ",";
  }
  std::cout << '}';
  if (done) {
    std::vector<std::uint32_t> sorted = counts.microseconds;
    std::ranges::sort(sorted);
    const auto quantile = [&sorted](double share) -> std::uint32_t {
      if (sorted.empty()) return 0;
      return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
    };
    std::cout << ",\"microseconds\":{\"p50\":" << quantile(0.5) << ",\"p95\":" << quantile(0.95)
              << ",\"max\":" << quantile(1) << "},\"done\":true";
  }
  std::cout << '}' << std::endl;
}

asio::awaitable<void> print_every_second(asio::steady_timer& second, const Counts& counts,
                                         Clock::time_point last) {
  for (Clock::time_point next = Clock::now() + 1s; next < last; next += 1s) {
    second.expires_at(next);
    co_await second.async_wait(as_result);
    print(counts, false);
  }
}

bool drive(const Options& options) {
  asio::io_context io(1);
  Customers customers(options.port);
  Counts counts;
  const Clock::time_point first = Clock::now();
  const Clock::time_point last = first + std::chrono::seconds(options.seconds);
  std::vector<std::unique_ptr<Connection>> connections;
  for (unsigned i = 0; i < options.connections; ++i) {
    connections.push_back(std::make_unique<Connection>(io, options, customers, counts));
    const auto offset = std::chrono::duration_cast<Clock::duration>(1s) * i / options.rate;
    asio::co_spawn(io, connections.back()->run(first + offset, last), asio::detached);
  }
  asio::steady_timer second(io);
  asio::co_spawn(io, print_every_second(second, counts, last), asio::detached);
  io.run();
  print(counts, true);
  return counts.failed == 0 && counts.requests > 0;
}

template <class Number>
bool read_number(std::string_view text, Number most, Number& number) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end && number >= 1 && number <= most;
}

bool read_option(std::string_view name, std::string_view value, Options& options) {
  if (name == "--port") return read_number<std::uint16_t>(value, 65'535, options.port);
  if (name == "--rate") return read_number(value, 100'000u, options.rate);
  if (name == "--seconds") return read_number(value, 86'400u, options.seconds);
  if (name == "--connections") return read_number(value, 1'000u, options.connections);
  return false;
}

}  // namespace

int main(int count, char** arguments) {
  Options options;
  for (int i = 1; i < count; i += 2) {
    const std::string_view value = i + 1 < count ? arguments[i + 1] : "";
    if (!read_option(arguments[i], value, options)) {
      std::cerr << "shop_load: cannot read \"" << arguments[i] << ' ' << value
                << "\"; --port, --rate, --seconds and --connections take a number from 1\n";
      return 2;
    }
  }
  if (options.port == 0) {
    std::cerr << "shop_load: --port is wanted: where the shop listens\n";
    return 2;
  }
  return drive(options) ? 0 : 1;
}
