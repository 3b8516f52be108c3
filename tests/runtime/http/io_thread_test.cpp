#include "runtime/http/io_thread.h"

#include "tests/support/sanitizers.h"

#include <gtest/gtest.h>

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <future>
#include <stdexcept>
#include <vector>

namespace posthaste::http {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

template <class T>
T got(std::future<T>& future) {
  if (future.wait_for(10s) != std::future_status::ready) throw std::runtime_error("no answer");
  return future.get();
}

TEST(IoThread, HasANameAndBlocksEverySignal) {
  auto io = IoThread::start().value();
  std::promise<std::string> name;
  std::promise<bool> blocked;
  io->post([&] {
    std::array<char, 16> text{};
    pthread_getname_np(pthread_self(), text.data(), text.size());
    name.set_value(text.data());
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    blocked.set_value(sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGPIPE) == 1 &&
                      sigismember(&mask, SIGUSR1) == 1);
  });
  auto name_future = name.get_future();
  auto blocked_future = blocked.get_future();
  EXPECT_EQ(got(name_future), "posthaste.io");
  EXPECT_TRUE(got(blocked_future));
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  EXPECT_EQ(sigismember(&mask, SIGTERM), 0) << "the caller's own mask was left changed";
}

TEST(IoThread, DoesNotStartWhereThereIsNoDescriptorToWaitWith) {
#ifdef POSTHASTE_TEST_SANITIZED
  GTEST_SKIP() << "a sanitizer needs descriptors to look at what is thrown";
#endif
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{0, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  const auto io = IoThread::start();
  setrlimit(RLIMIT_NOFILE, &before);
  ASSERT_FALSE(io);
  EXPECT_NE(io.error().message().find("ulimit -n"), std::string::npos) << io.error().message();
  EXPECT_TRUE(IoThread::start());
}

TEST(IoThread, RunsTasksInTheOrderOfEachCaller) {
  auto io = IoThread::start().value();
  std::vector<int> order;
  std::promise<void> done;
  for (int i = 0; i < 1000; ++i) io->post([&order, i] { order.push_back(i); });
  io->post([&done] { done.set_value(); });
  auto future = done.get_future();
  got(future);
  ASSERT_EQ(order.size(), 1000U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(IoThread, RunsEveryTaskThatItTookAndRefusesLaterOnes) {
  std::atomic<int> ran{0};
  int taken = 0;
  auto io = IoThread::start().value();
  std::thread poster([&] {
    while (io->post([&ran] { ++ran; })) ++taken;
  });
  EXPECT_TRUE(io->stop(5s));
  poster.join();
  EXPECT_EQ(ran, taken);
  EXPECT_FALSE(io->post([] {}));
}

TEST(IoThread, FiresTimersInOrderAndNotWhenCancelled) {
  auto io = IoThread::start().value();
  std::promise<std::string> done;
  std::string order;
  io->post([&] {
    io->after(20ms, [&] { done.set_value(order + "c"); });
    io->after(10ms, [&] { order += "b"; });
    const TimerId cancelled = io->after(5ms, [&] { order += "x"; });
    io->after(1ms, [&, cancelled] {
      order += "a";
      io->cancel(cancelled);
    });
  });
  auto future = done.get_future();
  EXPECT_EQ(got(future), "abc");
}

TEST(IoThread, TurnsEventfdWritesIntoCallsAlsoThoseBeforeTheWatch) {
  auto io = IoThread::start().value();
  const int event = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  ASSERT_EQ(::eventfd_write(event, 5), 0);
  std::atomic<std::uint64_t> sum{0};
  std::promise<void> all;
  const auto watch = io->watch(event, [&](std::uint64_t count) {
                         if ((sum += count) == 1005) all.set_value();
                       }).value();
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(::eventfd_write(event, 1), 0);
  auto future = all.get_future();
  got(future);
  io->unwatch(watch);
  std::promise<void> after;
  io->post([&] { after.set_value(); });
  auto unwatched = after.get_future();
  got(unwatched);
  ASSERT_EQ(::eventfd_write(event, 7), 0);  // our descriptor is still ours
  EXPECT_TRUE(io->stop(5s));
  EXPECT_EQ(sum, 1005U);
  ::close(event);
}

TEST(IoThread, StopsWithTimersAndWatchesPending) {
  auto io = IoThread::start().value();
  const int event = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  bool fired = false;
  io->after(1h, [&] { fired = true; });
  ASSERT_TRUE(io->watch(event, [&](std::uint64_t) { fired = true; }));
  EXPECT_TRUE(io->stop(5s));
  EXPECT_FALSE(fired);
  EXPECT_FALSE(io->watch(event, [](std::uint64_t) {}));
  ::close(event);
}

TEST(IoThread, LeavesAHangingTaskBehindInsteadOfWaiting) {
  const auto release = std::make_shared<std::promise<void>>();
  const auto ended = std::make_shared<std::promise<void>>();
  auto hang = std::make_shared<std::future<void>>(release->get_future());
  {
    auto io = IoThread::start().value();
    io->post([hang, ended] {
      hang->wait();
      ended->set_value();
    });
    const auto begun = steady_clock::now();
    EXPECT_FALSE(io->stop(50ms));
    EXPECT_FALSE(io->stop(50ms));
    EXPECT_LT(steady_clock::now() - begun, 2s);
  }
  release->set_value();
  auto future = ended->get_future();
  got(future);
}

TEST(IoThread, CountsATaskThatThrowsAndGoesOn) {
  auto io = IoThread::start().value();
  std::promise<void> done;
  io->post([] { throw std::runtime_error("a task must not, but may"); });
  io->post([&] { done.set_value(); });
  auto future = done.get_future();
  got(future);
  EXPECT_EQ(io->loop()->faults(), 1U);
}

}  // namespace
}  // namespace posthaste::http
