#pragma once

/// An emulator on a thread of its own, for tests of what clients see of it.

#include "tools/emulator/emulator.h"

#include "tests/tools/emulator/loopback_client.h"
#include "tests/tools/emulator/sample_items.h"

#include "tests/support/manual_clock.h"

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace posthaste::tools {

using namespace std::chrono_literals;
using testing::Answer;
using testing::good_request;
using testing::LoopbackClient;

inline constexpr std::string_view track = "/v2.1/track";

inline std::filesystem::path scratch() {
  return std::filesystem::path(::testing::TempDir()) / "posthaste_emulator_test";
}

struct EmulatorTest : ::testing::Test {
  EmulatorTest() {
    settings.https_port = 0;
    settings.control_port = 0;
    settings.certificate_directory = scratch() / "certificates";
  }
  ~EmulatorTest() override {
    if (!emulator) return;
    emulator->stop();
    thread.join();
  }

  void start() {
    auto started = Emulator::start(settings, clock);
    ASSERT_TRUE(started.has_value()) << started.error().message();
    emulator = std::move(*started);
    thread = std::thread([this] { emulator->run(); });
  }
  void set_fault(std::string_view spec) {
    const auto answer = control("PUT", "/control/fault", spec);
    ASSERT_TRUE(answer.has_value());
    ASSERT_EQ(answer->status, 200u) << answer->body;
  }
  std::optional<Answer> control(std::string_view method, std::string_view path,
                                std::string_view body = {}) {
    return LoopbackClient(emulator->address().control).request(method, path, body);
  }
  boost::json::object summary() {
    return boost::json::parse(control("GET", "/control/summary")->body).as_object();
  }
  std::int64_t accepted() { return summary().at("items").at("accepted").as_int64(); }
  std::int64_t duplicates() { return summary().at("items").at("duplicates").as_int64(); }
  LoopbackClient client() { return LoopbackClient(emulator->address().http); }
  /// The status of one good request on a new connection; 0 without a whole answer.
  unsigned post() {
    const auto answer = client().request("POST", track, good_request());
    return answer ? answer->status : 0;
  }

  testing_support::ManualClock clock{testing::sample_time};
  EmulatorSettings settings;
  std::unique_ptr<Emulator> emulator;
  std::thread thread;
};

}  // namespace posthaste::tools
