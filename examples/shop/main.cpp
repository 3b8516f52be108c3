// A shop that is watched: see shop.h for what it does, server_span.cpp, database.cpp and
// payment_client.cpp for how it is instrumented, and this file for the life of the runtime.

#include "examples/shop/http_server.h"
#include "examples/shop/options.h"
#include "examples/shop/server_span.h"
#include "examples/shop/shop.h"
#include "examples/shop/telemetry_report.h"

#include <posthaste/posthaste.h>

#include <boost/asio/signal_set.hpp>
#include <boost/json.hpp>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <thread>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file;
  file.exceptions(std::ios::failbit | std::ios::badbit);
  file.open(path, std::ios::trunc);
  file << text;
  file.close();
}

/// Readers that wait for the file never see a part of it.
void write_ready_file(const std::string& path, const std::string& text) {
  write_file(path + ".new", text);
  if (std::rename((path + ".new").c_str(), path.c_str()) != 0) {
    throw std::runtime_error("cannot write " + path);
  }
}

shop::Task<shop::Response> answer(const posthaste::Telemetry& telemetry,
                                  shop::Instruments& instruments, const shop::Routes& routes,
                                  shop::Request request) {
  if (shop::target_of(request) != "/telemetry") {
    co_return co_await shop::answer_in_span(instruments, routes, std::move(request));
  }
  const json::object report{{"ledger", shop::to_json(telemetry.ledger())},
                            {"health", shop::to_json(telemetry.health())}};
  co_return shop::json_response(shop::status::ok, report);
}

/// Serves until SIGTERM or SIGINT.
void serve(const shop::Options& options, const posthaste::Telemetry& telemetry,
           shop::Instruments& instruments) {
  asio::io_context io(static_cast<int>(options.threads));
  shop::Shop shop(instruments);
  shop::HttpServer server(io, options.port, [&](shop::Request request) {
    return answer(telemetry, instruments, shop.routes(), std::move(request));
  });
  shop.payments().connect_to(server.endpoint());
  asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&server](const boost::system::error_code&, int) { server.stop(); });
  server.start();

  const auto port = std::to_string(server.endpoint().port());
  const std::string ready =
      R"({"ready":true,"port":)" + port + R"(,"url":"http://127.0.0.1:)" + port + "\"}\n";
  if (!options.ready_file.empty()) write_ready_file(options.ready_file, ready);
  std::cout << ready << std::flush;

  std::vector<std::jthread> threads;
  for (unsigned i = 1; i < options.threads; ++i) threads.emplace_back([&io] { io.run(); });
  io.run();
}

int run(const shop::Options& options) {
  posthaste::Telemetry telemetry = posthaste::start({
      .service_name = "shop",
      .service_version = "1.0",
      .store = {.directory = options.store_directory},
  });
  if (!telemetry.is_running()) {
    std::cerr << "shop: records no telemetry: " << telemetry.why_not() << '\n';
  }
  std::unique_ptr<shop::RecordIds> ids;
  if (!options.ids_file.empty()) ids = std::make_unique<shop::RecordIds>(options.ids_file);
  const auto check_ids = [&] {
    if (ids && !ids->complete()) throw std::runtime_error("cannot write " + options.ids_file);
  };
  check_ids();
  shop::Instruments instruments(telemetry, ids.get());
  serve(options, telemetry, instruments);

  // The destructor would do it too; this way the outcome is known.
  const posthaste::FlushReport report = telemetry.shutdown(5s);
  check_ids();
  json::object account = shop::to_json(report.ledger);
  account["complete"] = report.complete;
  const std::string text = json::serialize(account) + '\n';
  if (!options.ledger_file.empty()) write_file(options.ledger_file, text);
  std::cout << text << std::flush;
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  std::string complaint;
  const auto options = shop::read_options(count, arguments, complaint);
  if (!options) {
    (complaint.empty() ? std::cout : std::cerr)
        << (complaint.empty() ? shop::usage : "shop: " + complaint + '\n');
    return complaint.empty() ? 0 : 2;
  }
  try {
    return run(*options);
  } catch (const std::exception& exception) {
    std::cerr << "shop: " << exception.what() << '\n';
    return 3;
  }
}
