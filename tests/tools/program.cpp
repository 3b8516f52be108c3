#include "tests/tools/program.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace posthaste::tools::testing {
namespace {

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

/// False once the other side is closed.
bool read_from(int descriptor, std::string& text) {
  char bytes[4096];
  const ssize_t size = ::read(descriptor, bytes, sizeof bytes);
  if (size > 0) text.append(bytes, static_cast<std::size_t>(size));
  return size > 0;
}

}  // namespace

Program::Program(std::vector<std::string> arguments,
                 const std::map<std::string, std::string>& environment) {
  int out[2];
  int err[2];
  if (::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0) std::abort();
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  ::posix_spawn_file_actions_adddup2(&actions, err[1], 2);
  arguments.insert(arguments.begin(), POSTHASTE_PROGRAM);
  std::vector<std::string> variables{"PATH=/usr/bin:/bin"};
  for (const auto& [name, value] : environment) variables.push_back(name + '=' + value);
  if (::posix_spawn(&pid_, POSTHASTE_PROGRAM, &actions, nullptr, pointers(arguments).data(),
                    pointers(variables).data()) != 0) {
    std::abort();
  }
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(out[1]);
  ::close(err[1]);
  out_ = out[0];
  err_ = err[0];
}

Program::~Program() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    wait();
  }
  ::close(out_);
  ::close(err_);
}

std::string Program::read_line() {
  std::string line;
  for (char byte = 0; ::read(out_, &byte, 1) == 1 && byte != '\n';) line += byte;
  return line;
}

void Program::signal(int number) {
  ::kill(pid_, number);
}

Outcome Program::wait() {
  Outcome outcome;
  pollfd open[2]{{out_, POLLIN, 0}, {err_, POLLIN, 0}};
  while (open[0].fd >= 0 || open[1].fd >= 0) {
    ::poll(open, 2, -1);
    if (open[0].revents != 0 && !read_from(out_, outcome.out)) open[0].fd = -1;
    if (open[1].revents != 0 && !read_from(err_, outcome.err)) open[1].fd = -1;
  }
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  if (WIFEXITED(status)) outcome.exit_code = WEXITSTATUS(status);
  return outcome;
}

Outcome run(std::vector<std::string> arguments,
            const std::map<std::string, std::string>& environment) {
  return Program(std::move(arguments), environment).wait();
}

}  // namespace posthaste::tools::testing
