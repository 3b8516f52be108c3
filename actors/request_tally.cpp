#include "actors/request_tally.h"

#include <algorithm>
#include <string>

namespace posthaste::actors {
namespace {

bool is_throttling(int status) noexcept {
  return status == 402 || status == 429 || status == 439;
}

}  // namespace

void RequestTally::Table::count(int code) noexcept {
  const auto begin = entries.begin() + 1;
  const auto end = entries.begin() + static_cast<std::ptrdiff_t>(size);
  auto at = std::find_if(begin, end, [code](const Entry& entry) { return entry.code == code; });
  if (at == end && size < most) {
    at = entries.begin() + static_cast<std::ptrdiff_t>(size++);
    at->code = code;
  } else if (at == end) {
    at = entries.begin();
  }
  ++at->count;
}

void RequestTally::count(const Judgement& judgement, ErrorCode why,
                         std::chrono::nanoseconds took) noexcept {
  const std::lock_guard lock(mutex_);
  const auto timed = [&] {
    ++timed_;
    time_ += took;
  };
  if (judgement.status == 0) return exceptions_.count(static_cast<int>(why));
  switch (judgement.verdict) {
    case Verdict::partial:
      if (judgement.accepted == 0 && !judgement.retry.empty()) break;
      if (judgement.accepted == 0) {
        timed();
        return failed_.count(judgement.status);
      }
      [[fallthrough]];
    case Verdict::delivered:
      timed();
      ++succeeded_;
      if (judgement.inconsistent) ++inconsistent_;
      return;
    case Verdict::split:
    case Verdict::drop: timed(); return failed_.count(judgement.status);
    case Verdict::retry_later: break;
  }
  (is_throttling(judgement.status) ? throttled_ : retried_).count(judgement.status);
}

void RequestTally::count_own() noexcept {
  const std::lock_guard lock(mutex_);
  ++own_;
}

void RequestTally::count_store_failures(std::uint64_t reads, std::uint64_t writes) noexcept {
  const std::lock_guard lock(mutex_);
  read_failures_ += reads;
  write_failures_ += writes;
}

RequestTally::Timed RequestTally::timed() const noexcept {
  const std::lock_guard lock(mutex_);
  return {timed_, time_};
}

void RequestTally::append(const Table& table, std::vector<StatusCount>& to) {
  for (std::size_t i = 0; i < table.size; ++i) {
    if (table.entries[i].count != 0) to.push_back({table.entries[i].code, table.entries[i].count});
  }
  std::sort(to.begin(), to.end(),
            [](const StatusCount& a, const StatusCount& b) { return a.status < b.status; });
}

RequestStatistics RequestTally::read() const {
  RequestStatistics statistics;
  const std::lock_guard lock(mutex_);
  statistics.succeeded = succeeded_;
  statistics.inconsistent = inconsistent_;
  append(failed_, statistics.failed);
  append(retried_, statistics.retried);
  append(throttled_, statistics.throttled);
  for (std::size_t i = 0; i < exceptions_.size; ++i) {
    const Table::Entry& entry = exceptions_.entries[i];
    if (entry.count == 0) continue;
    statistics.exceptions.push_back(
        {std::string(to_string(static_cast<ErrorCode>(entry.code))), entry.count});
  }
  statistics.average_duration = timed_ == 0
                                    ? std::chrono::nanoseconds{}
                                    : time_ / static_cast<std::chrono::nanoseconds::rep>(timed_);
  statistics.of_self_metrics = own_;
  statistics.store_read_failures = read_failures_;
  statistics.store_write_failures = write_failures_;
  return statistics;
}

}  // namespace posthaste::actors
