#include "runtime/http/connection_pool.h"

#include <utility>

namespace posthaste::http {
namespace {

constexpr std::size_t most_idle = 16;

}  // namespace

ConnectionPool::ConnectionPool(std::shared_ptr<IoLoop> loop, const Clock& clock,
                               std::chrono::milliseconds idle_limit)
    : loop_(std::move(loop)), clock_(clock), idle_limit_(idle_limit) {}

void ConnectionPool::put(std::string place, std::unique_ptr<Connection> connection) {
  if (closed_) return;
  if (idle_.size() == most_idle) idle_.pop_front();
  idle_.push_back({std::move(place), std::move(connection), clock_.steady()});
  drop_old_later();
}

std::unique_ptr<Connection> ConnectionPool::take(const std::string& place) {
  drop_old();
  for (std::size_t i = idle_.size(); i-- > 0;) {
    if (idle_[i].place != place) continue;
    auto connection = std::move(idle_[i].connection);
    idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
    if (connection->is_quiet()) return connection;
  }
  return nullptr;
}

void ConnectionPool::close() {
  closed_ = true;
  idle_.clear();
}

void ConnectionPool::drop_old() {
  while (!idle_.empty() && clock_.steady() - idle_.front().since > idle_limit_) idle_.pop_front();
}

void ConnectionPool::drop_old_later() {
  if (std::exchange(sweeping_, true)) return;
  loop_->after(idle_limit_, [weak = weak_from_this()] {
    const auto pool = weak.lock();
    if (pool == nullptr) return;
    pool->sweeping_ = false;
    pool->drop_old();
    if (!pool->idle_.empty()) pool->drop_old_later();
  });
}

}  // namespace posthaste::http
