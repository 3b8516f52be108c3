#pragma once

/// An ingestion endpoint on loopback, plain HTTP, that answers as a test says and remembers by span
/// id what it accepted, how often: the independent truth that the ledger is held against.
///
/// Threads: one that accepts and one for each connection; every function from any.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace posthaste::actors::testing_support {

/// The lines of one request, as their span ids.
using Ids = std::vector<std::string>;

struct Reply {
  int status = 200;
  std::string body = "{}";
  std::string headers = {};            // whole lines
  Ids accepted = {};                   // of the request's
  std::chrono::milliseconds delay{0};  // before it is sent
  bool never = false;                  // the connection stays silent until the server ends
};

/// Everything is accepted.
Reply accept_all(const Ids& ids);
/// 206: line i fails with `status` where `fails(i)`.
Reply accept_some(const Ids& ids, int status, const std::function<bool(std::size_t)>& fails);

class ScriptedIngestion {
public:
  using Script = std::function<Reply(const Ids& ids)>;

  explicit ScriptedIngestion(Script script = accept_all);
  ~ScriptedIngestion();
  ScriptedIngestion(const ScriptedIngestion&) = delete;
  ScriptedIngestion& operator=(const ScriptedIngestion&) = delete;

  std::string connection_string() const;
  void set_script(Script script);
  /// Connections are refused, and those that are open are closed between requests.
  void close_door();
  void open_door();

  std::size_t distinct() const;
  std::size_t copies() const;  // accepted lines, repetitions included
  std::size_t requests() const noexcept { return requests_; }
  bool has(const std::string& id) const;

private:
  int bind_to_port();
  void listen();
  void accept_all_connections(int listener);
  void serve(int connection);
  bool serve_one(int connection, std::string& unread);
  Reply answer(const Ids& ids);

  std::uint16_t port_ = 0;
  int place_ = -1;  // bound and never listening: nobody gets the port while the door is closed
  std::atomic<int> listener_{-1};
  std::atomic<std::size_t> requests_{0};
  std::atomic<bool> ending_{false};
  std::atomic<bool> closed_{false};
  mutable std::mutex mutex_;  // guards all below
  std::condition_variable ended_;
  Script script_;
  std::map<std::string, std::size_t> accepted_;
  std::size_t open_ = 0;  // connections
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace posthaste::actors::testing_support
