#include "tests/actors/workshop.h"

#include <random>

namespace posthaste::actors::testing_support {
namespace {

/// What the service accepted, by record, and what it refused for good.
struct Service {
  std::map<std::uint64_t, std::uint32_t> accepted;
  std::set<std::uint64_t> refused;

  std::uint64_t copies() const {
    std::uint64_t sum = 0;
    for (const auto& [number, count] : accepted) sum += count;
    return sum;
  }
};

class Play {
public:
  Play(std::uint32_t seed, WorkshopOptions options) : random_(seed), shop_(options) {}

  std::uint32_t draw(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }

  void act() {
    static constexpr Role roles[] = {Role::sampler, Role::batcher, Role::transmitter,
                                     Role::storekeeper};
    switch (draw(12)) {
      case 0:
      case 1:
        for (std::uint32_t i = draw(60); i > 0; --i) shop_.record();
        break;
      case 2: shop_.clock.advance(milliseconds{draw(300)}); break;
      case 3: shop_.clock.advance(milliseconds{draw(3'000)}); break;
      case 4: shop_.kill(roles[draw(4)]); break;
      case 5: shop_.requests->throw_next = true; break;
      case 6:
      case 7: answer_one(); break;
      default: shop_.step(roles[draw(4)]); break;
    }
  }

  /// Everything works from now on; until nothing moves.
  void heal() {
    shop_.requests->throw_next = false;
    for (int i = 0; i < 3'000; ++i) {
      shop_.clock.advance(milliseconds{100});
      shop_.step_all();
      while (!shop_.requests->under_way.empty()) accept(0);
      const OutputLedger output = shop_.output();
      const bool quiet = output.resident == 0 && output.in_store == 0 &&
                         shop_.custody().flights.empty() && shop_.custody().from_store.empty() &&
                         shop_.durable.desk.orders.empty() &&
                         shop_.ledger().accepted == shop_.recorded;
      if (quiet) return;
    }
    const OutputLedger output = shop_.output();
    ADD_FAILURE() << "it never comes to rest: resident " << output.resident << ", in store "
                  << output.in_store << ", flights " << shop_.custody().flights.size()
                  << ", accepted " << shop_.ledger().accepted << " of " << shop_.recorded;
  }

  void check() {
    const OutputLedger output = shop_.output();
    EXPECT_EQ(shop_.ledger().accepted, shop_.recorded);
    EXPECT_EQ(shop_.ledger().accepted + output.recovered, output.delivered + output.in_store +
                                                              output.resident + output.for_others +
                                                              output.dropped.total());
    EXPECT_EQ(output.dropped[DropReason::rejected], service_.refused.size());
    std::uint64_t nowhere = 0;
    for (std::uint64_t number = 1; number <= shop_.recorded; ++number) {
      if (!service_.accepted.contains(number) && !service_.refused.contains(number)) ++nowhere;
    }
    const std::uint64_t dropped = output.dropped.total() - output.dropped[DropReason::rejected];
    EXPECT_LE(nowhere, dropped);
    EXPECT_LE(service_.copies() - service_.accepted.size(), output.ambiguous);
  }

  Workshop& shop() { return shop_; }

private:
  void accept(std::size_t index) {
    for (const std::uint64_t number : shop_.requests->under_way[index].numbers) {
      ++service_.accepted[number];
    }
    shop_.requests->answer(index, 200, "{\"errors\":[]}");
  }

  void answer_one() {
    auto& requests = shop_.requests->under_way;
    if (requests.empty()) return;
    const std::size_t index = draw(static_cast<std::uint32_t>(requests.size()));
    switch (draw(8)) {
      case 0: shop_.requests->fail(index, ErrorCode::connect_failed, false); return;
      case 1:  // it was accepted, and nobody said so
        for (const std::uint64_t number : requests[index].numbers) ++service_.accepted[number];
        shop_.requests->fail(index, ErrorCode::connection_lost, true);
        return;
      case 2: shop_.requests->answer(index, 503, ""); return;
      case 3: shop_.requests->answer(index, 413, ""); return;
      case 4:
      case 5: accept_in_part(index); return;
      default: accept(index); return;
    }
  }

  void accept_in_part(std::size_t index) {
    const Wire::Request& request = shop_.requests->under_way[index];
    std::string errors;
    for (std::uint32_t i = 0; i < request.items; ++i) {
      const std::uint32_t lot = draw(6);
      if (lot > 1) {
        ++service_.accepted[request.numbers[i]];
        continue;
      }
      if (lot == 1) service_.refused.insert(request.numbers[i]);
      errors += std::string(errors.empty() ? "" : ",") + "{\"index\":" + std::to_string(i) +
                ",\"statusCode\":" + (lot == 1 ? "400" : "429") + "}";
    }
    shop_.requests->answer(index, 206, "{\"errors\":[" + errors + "]}");
  }

  std::mt19937 random_;
  Workshop shop_;
  Service service_;
};

void play(std::uint32_t seed, WorkshopOptions options) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Play game(seed, options);
  for (int i = 0; i < 600; ++i) game.act();
  game.heal();
  game.check();
  EXPECT_GT(game.shop().recorded, 0u);
  EXPECT_GT(game.shop().deaths, 0u);
}

TEST(CustodyModel, LosesAndRepeatsNothingWhateverDies) {
  for (std::uint32_t seed = 1; seed <= 30; ++seed) play(seed, {});
}

TEST(CustodyModel, ClosesItsSumsWithoutAStoreToo) {
  for (std::uint32_t seed = 101; seed <= 120; ++seed) play(seed, {.store = false});
}

TEST(CustodyModel, ClosesItsSumsInAnArenaThatIsMuchTooSmall) {
  for (std::uint32_t seed = 201; seed <= 210; ++seed) {
    play(seed, {.batch_size = 16, .arena = {2 << 20}});
  }
}

}  // namespace
}  // namespace posthaste::actors::testing_support
