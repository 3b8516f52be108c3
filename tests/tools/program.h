#pragma once

/// Runs the built `posthaste` command as its users do, for tests.

#include <map>
#include <string>
#include <vector>

namespace posthaste::tools::testing {

struct Outcome {
  int exit_code = -1;  // -1: ended by a signal
  std::string out;
  std::string err;
};

/// A command that runs. Its stdout can be read line by line while it does.
class Program {
public:
  /// `environment` is set on top of a nearly empty one. Aborts when it cannot be started.
  explicit Program(std::vector<std::string> arguments,
                   const std::map<std::string, std::string>& environment = {});
  ~Program();  // kills it when it still runs
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// The next line of stdout without its end; "" when there is none any more.
  std::string read_line();
  void signal(int number);
  /// Waits for its end; what is left of its output.
  Outcome wait();

private:
  int pid_ = -1;
  int out_ = -1;
  int err_ = -1;
};

/// Runs it to its end.
Outcome run(std::vector<std::string> arguments,
            const std::map<std::string, std::string>& environment = {});

}  // namespace posthaste::tools::testing
