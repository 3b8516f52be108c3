#include "runtime/http/resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include <pthread.h>

#include <array>
#include <atomic>
#include <future>
#include <map>
#include <mutex>

#include "runtime/http/io_thread.h"

namespace posthaste::http {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A DNS server whose answers the test decides; shared, as hanging threads outlive the test.
struct FakeDns {
  std::mutex mutex;
  std::map<std::string, Result<Addresses>> answers;
  std::map<std::string, std::shared_future<void>> silence;
  std::atomic<int> questions{0};

  void answer(const std::string& host, Result<Addresses> result) {
    const std::lock_guard lock(mutex);
    answers.insert_or_assign(host, std::move(result));
  }
  void hang(const std::string& host, std::shared_future<void> until) {
    const std::lock_guard lock(mutex);
    silence.insert_or_assign(host, std::move(until));
  }
  Result<Addresses> ask(const std::string& host) {
    ++questions;
    questions.notify_all();
    std::unique_lock lock(mutex);
    if (const auto found = silence.find(host); found != silence.end()) {
      const auto until = found->second;
      lock.unlock();
      until.wait();
      lock.lock();
    }
    const auto found = answers.find(host);
    return found != answers.end() ? found->second : Result<Addresses>(Addresses{});
  }
};

class ResolverTest : public ::testing::Test {
protected:
  ~ResolverTest() override {
    resolver_.reset();
    EXPECT_TRUE(io_->stop(5s));
    if (!released_) release();
  }
  void release() {
    released_ = true;
    never_.set_value();
  }

  std::future<Result<Addresses>> ask(const std::string& host, std::chrono::nanoseconds patience) {
    auto promise = std::make_shared<std::promise<Result<Addresses>>>();
    io_->post([this, host, patience, promise] {
      resolver_->resolve(host, patience,
                         [promise](Result<Addresses> result) { promise->set_value(result); });
    });
    return promise->get_future();
  }
  Result<Addresses> resolve(const std::string& host, std::chrono::nanoseconds patience = 10s) {
    return ask(host, patience).get();
  }

  std::promise<void> never_;
  std::shared_future<void> silence_ = never_.get_future().share();
  bool released_ = false;
  std::shared_ptr<FakeDns> dns_ = std::make_shared<FakeDns>();
  std::unique_ptr<IoThread> io_ = IoThread::start().value();
  std::unique_ptr<Resolver> resolver_ = std::make_unique<Resolver>(
      io_->loop(), [dns = dns_](const std::string& host) { return dns->ask(host); });
};

TEST_F(ResolverTest, AsksNobodyForAddressesAndLocalhost) {
  EXPECT_THAT(resolve("192.0.2.1").value(), ElementsAre("192.0.2.1"));
  EXPECT_THAT(resolve("2001:db8::1").value(), ElementsAre("2001:db8::1"));
  EXPECT_THAT(resolve("localhost").value(), ElementsAre("127.0.0.1", "::1"));
  EXPECT_THAT(resolve("x.localhost").value(), ElementsAre("127.0.0.1", "::1"));
  EXPECT_EQ(dns_->questions, 0);
}

TEST_F(ResolverTest, TellsAMissingNameFromAServerThatCannotBeAsked) {
  const auto missing = resolve("missing.test");
  EXPECT_EQ(missing.error().code(), ErrorCode::name_not_resolved);
  EXPECT_THAT(missing.error().message(), HasSubstr("missing.test could not be resolved: it does"));
  dns_->answer("broken.test", Error(ErrorCode::name_not_resolved, "SERVFAIL"));
  EXPECT_EQ(resolve("broken.test").error().message(), "SERVFAIL");
}

TEST_F(ResolverTest, ASilentServerOfOneHostHoldsUpNoOther) {
  dns_->hang("silent.test", silence_);
  dns_->answer("quick.test", Addresses{"192.0.2.7"});
  auto silent = ask("silent.test", 50ms);
  EXPECT_THAT(resolve("quick.test").value(), ElementsAre("192.0.2.7"));
  const auto answer = silent.get();
  EXPECT_EQ(answer.error().code(), ErrorCode::name_not_resolved);
  EXPECT_THAT(answer.error().message(), HasSubstr("did not answer in time"));
}

TEST_F(ResolverTest, RequestsForOneNameShareOneLookUp) {
  dns_->hang("slow.test", silence_);
  dns_->answer("slow.test", Addresses{"192.0.2.7"});
  auto first = ask("slow.test", 10s);
  auto second = ask("slow.test", 10s);
  EXPECT_FALSE(resolve("slow.test", 20ms));
  EXPECT_FALSE(resolve("slow.test", 20ms));
  EXPECT_EQ(dns_->questions, 1);
  release();
  EXPECT_TRUE(first.get());
  EXPECT_TRUE(second.get());
}

TEST_F(ResolverTest, UsesTheLastGoodAddressesWhileTheServerIsSilentOrFails) {
  dns_->answer("h.test", Addresses{"192.0.2.7"});
  EXPECT_TRUE(resolve("h.test"));
  dns_->answer("h.test", Error(ErrorCode::name_not_resolved, "SERVFAIL"));
  EXPECT_THAT(resolve("h.test").value(), ElementsAre("192.0.2.7"));
  dns_->hang("h.test", silence_);
  EXPECT_THAT(resolve("h.test", 20ms).value(), ElementsAre("192.0.2.7"));
  EXPECT_THAT(resolve("h.test", 1h).value(), ElementsAre("192.0.2.7")) << "at once by now";
}

TEST_F(ResolverTest, ForgetsGoodAddressesOnceTheNameIsGone) {
  dns_->answer("h.test", Addresses{"192.0.2.7"});
  EXPECT_TRUE(resolve("h.test"));
  dns_->answer("h.test", Addresses{});
  EXPECT_FALSE(resolve("h.test"));
  dns_->answer("h.test", Error(ErrorCode::name_not_resolved, "SERVFAIL"));
  EXPECT_FALSE(resolve("h.test"));
}

TEST_F(ResolverTest, HangsOnAtMostEightNames) {
  for (int i = 0; i < 8; ++i) {
    dns_->hang("h" + std::to_string(i) + ".test", silence_);
    EXPECT_FALSE(resolve("h" + std::to_string(i) + ".test", 5ms));
    dns_->questions.wait(i);  // its thread may be late
  }
  const auto ninth = resolve("h9.test");
  EXPECT_THAT(ninth.error().message(), HasSubstr("8 other look-ups"));
  EXPECT_EQ(dns_->questions, 8);
}

TEST_F(ResolverTest, SurvivesALookUpThatThrows) {
  resolver_ = std::make_unique<Resolver>(
      io_->loop(), [](const std::string&) -> Result<Addresses> { throw std::bad_alloc(); });
  EXPECT_EQ(resolve("h.test").error().code(), ErrorCode::name_not_resolved);
}

TEST_F(ResolverTest, LooksUpOnANamedThreadOfItsOwn) {
  std::promise<std::string> name;
  resolver_ = std::make_unique<Resolver>(io_->loop(), [&](const std::string&) {
    std::array<char, 16> text{};
    pthread_getname_np(pthread_self(), text.data(), text.size());
    name.set_value(text.data());
    return Result<Addresses>(Addresses{"192.0.2.1"});
  });
  EXPECT_TRUE(resolve("h.test"));
  EXPECT_EQ(name.get_future().get(), "posthaste.dns");
}

TEST(LookUpBySystem, KnowsThisMachine) {
  if (!std::filesystem::exists("/etc/hosts")) GTEST_SKIP() << "nothing here names this machine";
  const auto addresses = look_up_by_system("localhost");
  ASSERT_TRUE(addresses);
  EXPECT_THAT(*addresses, ::testing::Contains(::testing::AnyOf("127.0.0.1", "::1")));
}

}  // namespace
}  // namespace posthaste::http
