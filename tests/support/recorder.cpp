#include "tests/support/recorder.h"

#include <sys/mman.h>

#include <cstdlib>
#include <iostream>

namespace posthaste::testing_support {

void Recorder::Unmap::operator()(std::byte* memory) const {
  ::munmap(memory, size);
}

Recorder::Recorder(produce::ProducerSetup setup, Bytes size, std::uint32_t lanes)
    : memory_(nullptr, Unmap{size.count}) {
  void* const memory = ::mmap(nullptr, size.count, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) std::abort();
  memory_.reset(static_cast<std::byte*>(memory));
  const auto geometry = arena::Arena::geometry_for(size, lanes, 1);
  static std::uint32_t generation_base = 0;
  setup.generation_base = generation_base += 1 << 16;
  arena_ = arena::Arena::format({memory_.get(), size.count}, *geometry, {1, 2, 3}, 0x5ec2e7,
                                setup.generation_base);
  arena_.set_tick_scale(TickCalibration::first());
  arena_.add_segments(geometry->segments);
  setup.arena = arena_;
  producer_ = produce::Producer::acquire();
  if (producer_ == nullptr) std::abort();
  reader_ = std::make_unique<arena::LaneReader>(arena_);
  producer_->open(std::move(setup));
}

Recorder::~Recorder() {
  producer_->close();
  producer_->release();
}

Logger Recorder::logger(Severity minimum, std::uint32_t rate_limit) const {
  return SpanAccess::logger(producer_->number(), producer_->loggers().make(1, minimum, rate_limit));
}

std::vector<Recorded> Recorder::take(std::size_t most) {
  std::vector<Recorded> records;
  arena::LaneReader::Batch batch;
  while (records.size() < most && reader_->next_batch(batch, 64)) {
    for (const model::RecordHead* record : batch.records) records.emplace_back(*record);
    reader_->drained(batch);
  }
  return records;
}

Recorded Recorder::one() {
  std::vector<Recorded> records = take();
  if (records.size() != 1) {
    std::cerr << "expected one record, found " << records.size() << '\n';
    std::abort();
  }
  return std::move(records.front());
}

}  // namespace posthaste::testing_support
