// A server that forks its workers: telemetry starts in each worker, after the fork. What the parent
// had started would do nothing there.

#include <posthaste/posthaste.h>

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>

namespace {

constexpr int workers = 3;
constexpr int requests = 10;  // of each

/// The worker's exit code: 0 when all that it recorded was delivered or stored.
int work(int number) {
  // They share the name of the service and its store; the instance tells them apart.
  auto telemetry = posthaste::start({
      .service_name = "prefork",
      .service_instance_id = "worker-" + std::to_string(number),
  });
  const auto tracer = telemetry.tracer("prefork");
  for (int i = 0; i < requests; ++i) {
    auto span = tracer.start_span("GET /", {.kind = posthaste::SpanKind::server});
    span.set_attribute("http.response.status_code", 200);
  }
  return telemetry.shutdown(std::chrono::seconds(5)).complete ? 0 : 1;
}

}  // namespace

int main() {
  for (int i = 0; i < workers; ++i) {
    const pid_t child = ::fork();
    if (child < 0) {
      std::perror("fork");
      return 3;
    }
    if (child == 0)
      ::_exit(work(i));  // not `return`: what the parent owns is not the worker's to end
  }
  int failed = 0;
  for (int i = 0; i < workers; ++i) {
    int status = 0;
    if (::wait(&status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) ++failed;
  }
  std::printf("%d of %d workers delivered all\n", workers - failed, workers);
  return failed == 0 ? 0 : 1;
}
