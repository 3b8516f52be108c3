#pragma once

/// A producer over an arena of its own, without actors: what it recorded is read back here.

#include "runtime/arena/lane.h"
#include "runtime/model/record_times.h"
#include "runtime/model/record_view.h"
#include "runtime/produce/producer.h"
#include "runtime/produce/span_access.h"

#include <memory>
#include <string>
#include <vector>

namespace posthaste::testing_support {

/// A record's own copy of its bytes.
class Recorded {
public:
  explicit Recorded(const model::RecordHead& record)
      : words_(record.length() / 8), view_(copy(record)) {}
  const model::RecordView* operator->() const { return &view_; }
  const model::RecordView& operator*() const { return view_; }

private:
  model::RecordView copy(const model::RecordHead& record) {
    std::memcpy(words_.data(), &record, record.length());
    return *model::RecordView::from(std::as_bytes(std::span(words_)));
  }
  std::vector<std::uint64_t> words_;
  model::RecordView view_;
};

class Recorder {
public:
  explicit Recorder(produce::ProducerSetup setup = {}, Bytes size = {8 << 20},
                    std::uint32_t lanes = 4);
  ~Recorder();

  Tracer tracer() const { return SpanAccess::tracer(producer_->number(), 0); }
  Logger logger(Severity minimum = Severity::trace, std::uint32_t rate_limit = 0) const;
  produce::Producer& producer() const { return *producer_; }
  const arena::Arena& arena() const { return arena_; }

  /// Everything that was recorded since the last call, in the order of the lanes; about `most` of
  /// it, for where writers never stop.
  std::vector<Recorded> take(std::size_t most = SIZE_MAX);
  /// The only record since the last call.
  Recorded one();

private:
  struct Unmap {
    std::size_t size;
    void operator()(std::byte* memory) const;
  };
  std::unique_ptr<std::byte, Unmap> memory_;
  arena::Arena arena_;
  produce::Producer* producer_;
  std::unique_ptr<arena::LaneReader> reader_;
};

}  // namespace posthaste::testing_support
