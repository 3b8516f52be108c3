#pragma once

/// Envelopes for tests of the emulator: one that is good, and ways to change it.

#include "runtime/base/clock.h"

#include <string>
#include <string_view>

namespace posthaste::tools::testing {

/// 2023-11-14T22:13:20Z, when good_request() says it happened.
inline constexpr WallTime sample_time{std::chrono::seconds{1'700'000'000}};

inline std::string good_request(std::string_view id = "00f067aa0ba902b7") {
  return std::string(R"({"ver":1,"name":"Microsoft.ApplicationInsights.Request",)") +
         R"("time":"2023-11-14T22:13:20.123Z","sampleRate":25,)"
         R"("iKey":"11111111-2222-3333-4444-555555555555",)"
         R"("tags":{"ai.operation.id":"0af7651916cd43dd8448eb211c80319c",)"
         R"("ai.operation.name":"GET /items/:id","ai.operation.parentId":"1111111111111111"},)"
         R"("data":{"baseType":"RequestData","baseData":{"ver":2,"id":")" +
         std::string(id) +
         R"(","name":"GET /items/:id","duration":"00:00:01.500","success":true,)"
         R"("responseCode":"200","properties":{"custom":"[1,2]"},"measurements":{"m":1.5}}}})";
}

/// An envelope around any data object.
inline std::string envelope(std::string_view data) {
  return std::string(R"({"name":"X","time":"2023-11-14T22:13:20Z",)") +
         R"("iKey":"11111111-2222-3333-4444-555555555555","data":)" + std::string(data) + '}';
}

inline std::string replaced(std::string text, std::string_view what, std::string_view with) {
  return text.replace(text.find(what), what.size(), with);
}

}  // namespace posthaste::tools::testing
