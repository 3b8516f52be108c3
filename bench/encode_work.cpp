// `encode_work <work> <times>`: what the actors do with a span on its way to the wire, alone. It
// records request traces as export_work does, once, then encodes or compresses them that often, a
// batch of 400 spans at a time. Only what lies in encode_now counts. Encoders are no part of the
// public face, so this program is linked with the library's own parts.
//
//   encode_json    Application Insights items
//   encode_otlp    an OTLP export request, protobuf
//   gzip           of those Application Insights items

#include "bench/allocations.h"
#include "runtime/wire/envelope_encoder.h"
#include "runtime/wire/gzip.h"
#include "runtime/wire/otlp_request.h"
#include "tests/support/recorder.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

using namespace posthaste;
using testing_support::Recorded;
using testing_support::Recorder;

constexpr long requests_of_a_batch = 100;
constexpr std::size_t spans_of_a_batch = 4 * requests_of_a_batch;

void set_attributes(Span& span, long number) {
  span.set_attribute("http.request.method", "GET");
  span.set_attribute("server.address", "api.example.com");
  span.set_attribute("http.response.status_code", number % 500);
  span.set_attribute("app.queue.seconds", 0.25);
}

void child(const Tracer& tracer, std::string_view name, long number) {
  Span span = tracer.start_span(name, {.kind = SpanKind::client});
  set_attributes(span, number);
}

std::vector<Recorded> batch_of(Recorder& recorder) {
  const Tracer tracer = recorder.tracer();
  for (long number = 0; number < requests_of_a_batch; ++number) {
    Span span = tracer.start_span("GET /orders/{id}", {.kind = SpanKind::server});
    const Scope scope(span);
    set_attributes(span, number);
    child(tracer, "GET", number);
    child(tracer, "POST", number);
    child(tracer, "SELECT shop.orders", number);
  }
  return recorder.take();
}

model::Resource resource() {
  return model::Resource({{"service.name", "bench"}, {"service.instance.id", "bench-1"}});
}

/// One way to make bytes of a batch.
class Encoding {
public:
  virtual ~Encoding() = default;
  /// False: not every span of the batch came out.
  virtual bool encode(const std::vector<Recorded>& batch) = 0;
  virtual std::string_view bytes() const { return out_.view(); }

protected:
  wire::ByteBuffer out_;
};

class Json final : public Encoding {
public:
  explicit Json(const TickScale& scale)
      : encoder_({.instrumentation_key = "00000000-0000-0000-0000-000000000001",
                  .resource = resource(),
                  .tick_scale = scale,
                  .scope_of = {}}) {}
  bool encode(const std::vector<Recorded>& batch) override {
    out_.clear();
    std::size_t items = 0;
    for (const Recorded& record : batch) items += encoder_.encode(*record, out_).items;
    return items == batch.size();
  }

private:
  wire::EnvelopeEncoder encoder_;
};

class Otlp final : public Encoding {
public:
  Otlp(const TickScale& scale, const std::vector<Recorded>& batch)
      : request_({.resource = resource(), .tick_scale = scale, .scope_of = {}}) {
    for (const Recorded& record : batch) records_.push_back(*record);
  }
  bool encode(const std::vector<Recorded>&) override {
    out_.clear();
    request_.clear();
    request_.add(records_, SIZE_MAX);
    bytes_ = request_.finish(out_);
    return request_.items() == records_.size();
  }
  std::string_view bytes() const override { return bytes_; }

private:
  wire::OtlpRequest request_;
  std::vector<model::RecordView> records_;
  std::string_view bytes_;
};

class Gzip final : public Encoding {
public:
  Gzip(const TickScale& scale, const std::vector<Recorded>& batch) : json_(scale) {
    json_.encode(batch);
  }
  bool encode(const std::vector<Recorded>&) override {
    out_.clear();
    return compressor_.gzip(std::as_bytes(std::span(json_.bytes())), out_).has_value();
  }

private:
  Json json_;
  wire::Compressor compressor_;
};

std::unique_ptr<Encoding> encoding_of(std::string_view work, const TickScale& scale,
                                      const std::vector<Recorded>& batch) {
  if (work == "encode_json") return std::make_unique<Json>(scale);
  if (work == "encode_otlp") return std::make_unique<Otlp>(scale, batch);
  if (work == "gzip") return std::make_unique<Gzip>(scale, batch);
  return nullptr;
}

}  // namespace

extern "C" [[gnu::noinline]] bool encode_now(Encoding& encoding,
                                             const std::vector<Recorded>& batch) {
  return encoding.encode(batch);
}

int main(int argc, char** argv) {
  Recorder recorder;
  const std::vector<Recorded> batch = batch_of(recorder);
  const auto encoding = encoding_of(argc == 3 ? argv[1] : "", recorder.arena().tick_scale(), batch);
  const long times = argc == 3 ? std::atol(argv[2]) : 0;
  if (!encoding || times < 2) {
    std::fputs("usage: encode_work encode_json|encode_otlp|gzip <times>\n", stderr);
    return 2;
  }
  bool whole = batch.size() == spans_of_a_batch;
  for (long i = 0; i < times / 2; ++i) whole = encode_now(*encoding, batch) && whole;
  const std::uint64_t before = bench::allocations_here();
  const auto start = std::chrono::steady_clock::now();
  for (long i = times / 2; i < times; ++i) whole = encode_now(*encoding, batch) && whole;
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
  const long counted = times - times / 2;
  bench::print_allocations(before, bench::allocations_here(), counted);
  const auto spans = static_cast<double>(spans_of_a_batch);
  std::printf("nanoseconds %.0f\nbytes %.0f\n",
              took.count() / (static_cast<double>(counted) * spans),
              static_cast<double>(encoding->bytes().size()) / spans);
  if (!whole) std::fputs("encode_work: not every span was encoded\n", stderr);
  return whole ? 0 : 1;
}
