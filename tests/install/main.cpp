// A user's program: prints what it expects of the installed library, and fails if it gets something
// else.

#include <posthaste/result.h>

#include <cstdio>

int main() {
  const auto name = posthaste::to_string(posthaste::ErrorCode::stopped);
  std::printf("%.*s\n", static_cast<int>(name.size()), name.data());
  return name == "stopped" ? 0 : 1;
}
