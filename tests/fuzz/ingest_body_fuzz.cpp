// The emulator's ingestion: no body crashes it or takes more than its bounds; every answer is JSON
// whose numbers add up; what is accepted is JSON by an independent reader's judgement as well.
// The first byte chooses: plain, gzip, or an item rejected on purpose.

#include <boost/json.hpp>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "tools/emulator/intake.h"
#include "tools/emulator/track_batch.h"

namespace {

using namespace posthaste;
using namespace posthaste::tools;

constexpr WallTime now{std::chrono::seconds{1'700'000'000}};

void need(bool holds) {
  if (!holds) std::abort();
}

boost::json::value parsed(std::string_view text) {
  boost::json::error_code error;
  boost::json::parse_options options;
  options.max_depth = 128;
  auto value =
      boost::json::parse(boost::json::string_view(text.data(), text.size()), error, {}, options);
  need(!error);
  return value;
}

bool has_half_surrogate(std::string_view text) {  // Boost refuses these, the service does not
  return text.find("\\ud") != text.npos || text.find("\\uD") != text.npos;
}

void check_answer(const Reply& reply) {
  if (has_half_surrogate(reply.body)) return;
  const auto answer = parsed(reply.body).as_object();
  const auto errors = answer.at("errors").as_array().size();
  const auto received = static_cast<std::size_t>(answer.at("itemsReceived").as_int64());
  const auto accepted = static_cast<std::size_t>(answer.at("itemsAccepted").as_int64());
  need(received == 0 ? accepted == 0 && reply.status >= 400 : accepted + errors == received);
  need((reply.status == 200) == (received > 0 && errors == 0));
  need((reply.status == 206) == (accepted > 0 && errors > 0));
}

void check_items(std::string_view body) {
  TrackBatch batch;
  if (read_batch(body, now, batch) != BatchDefect::none) return;
  auto error = batch.errors.begin();
  for (std::size_t i = 0; i < batch.items.size(); ++i) {
    const ItemFacts& item = batch.items[i];
    need(item.raw.data() >= body.data() &&
         item.raw.data() + item.raw.size() <= body.data() + body.size());
    if (error != batch.errors.end() && error->index == i) {
      ++error;
      continue;
    }
    need(item.type != ItemType::unknown && !item.ikey.empty() && item.sample_rate > 0);
    if (!has_half_surrogate(item.raw)) parsed(item.raw);
  }
  need(error == batch.errors.end());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const auto intake =
      std::make_unique<Intake>(Intake::Settings{.most_ids = 1000, .bare = false});
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  FaultEffect effect;
  if (data[0] % 3 == 2) {
    effect.item_index = 0;
    effect.item_status = 503;
  }
  check_answer(intake->take(data[0] % 3 == 1 ? "gzip" : "", body, effect, now));
  check_items(body);
  parsed(intake->tally().to_json());
  const std::string operations = intake->operations().to_json();
  if (!has_half_surrogate(operations)) parsed(operations);
  intake->reset();
  return 0;
}
