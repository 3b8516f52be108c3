#pragma once

/// From records of one signal to an OTLP export request (ExportTraceServiceRequest and its like), in
/// protobuf or JSON: one resource, below it the scopes, below each its spans or logs, or its metrics
/// with their points.
///
///   add(records) ─► [runs of items, linked by scope and metric] ─► finish ─► request
///
/// Who calls: the extent encoder of an OTLP output (actors/encoded_extent.h), on its actor's thread;
/// tests. Pure: no clock, no I/O. Memory: the request, and where it has several scopes or metrics a
/// copy, kept; nothing is allocated per record. Full: adding stops at a size; a record that makes no
/// sense is refused by name, and the request goes on without it.
///
/// The records must stay where they are until `finish`.
/// Specification: opentelemetry-proto 1.5.0; of JSON its "OTLP/JSON" mapping.

#include "runtime/base/otlp_signal.h"
#include "runtime/base/tick_clock.h"
#include "runtime/model/metric_point_view.h"
#include "runtime/model/record_view.h"
#include "runtime/model/resource.h"
#include "runtime/wire/byte_buffer.h"
#include "runtime/wire/envelope_encoder.h"

#include <posthaste/sample_rate.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace posthaste::wire {

enum class OtlpFormat : std::uint8_t { protobuf, json };

struct OtlpContext {
  OtlpSignal signal = OtlpSignal::traces;
  OtlpFormat format = OtlpFormat::protobuf;
  model::Resource resource;
  TickScale tick_scale;
  SamplingHash sampling_hash = SamplingHash::application_insights;  // by which traces are kept
  std::function<Scope(std::uint16_t)> scope_of;  // may be empty: every scope is the unnamed one
};

class OtlpRequest {
public:
  explicit OtlpRequest(OtlpContext context);
  OtlpRequest(const OtlpRequest&) = delete;
  OtlpRequest& operator=(const OtlpRequest&) = delete;

  /// What ticks mean from now on.
  void set_tick_scale(const TickScale& scale) noexcept { context_.tick_scale = scale; }

  /// Begins another request.
  void clear() noexcept;
  /// `damaged` is also what a record of another signal is.
  EncodeRefusal add(const model::RecordView& record) noexcept;
  /// The same of many, whose lengths were checked, until the request has `most_bytes`. Gives how many
  /// it came to; those of them that are no items now were refused.
  std::size_t add(std::span<const model::RecordView> records, std::size_t most_bytes) noexcept;
  std::uint32_t items() const noexcept { return items_; }
  /// Bytes of the request so far, without resource, scopes and heads of metrics.
  std::size_t size() const noexcept { return text_.size() - front_; }
  /// The request, empty without items: where its items lie, or, if they do not lie in one piece,
  /// put together in `scratch`, behind what is there. Until the next call here, or change of
  /// `scratch`. Throws std::bad_alloc.
  std::string_view finish(ByteBuffer& scratch);

private:
  static constexpr std::uint32_t none = UINT32_MAX;

  struct Piece {  // of text_
    std::size_t begin = 0;
    std::size_t size = 0;
  };
  struct Chain {  // of runs or metrics, by index
    std::uint32_t first = none;
    std::uint32_t last = none;
  };
  /// Items of one scope or metric that were added one after the other, as they stand in the
  /// request: in protobuf each with tag and length, in JSON each with a comma behind it.
  struct Run {
    Piece text;
    std::uint32_t next = none;
  };
  struct ScopeKey {
    std::uint32_t scope = none;
    std::string_view attributes = {};  // entries, borrowed from a record
    bool operator==(const ScopeKey&) const = default;
  };
  struct ScopeGroup {
    ScopeKey key;
    Piece head;            // what stands in front of its items
    Chain members;         // runs of items, or metrics
    std::size_t size = 0;  // of the runs
  };
  struct MetricGroup {
    std::uint32_t scope = 0;  // index of its group
    Piece head;               // of heads_: name, unit, description, metadata
    model::MetricKind kind{};
    model::Temporality temporality{};
    bool monotonic = false;
    Chain points;
    std::size_t size = 0;  // as above
    std::uint32_t next = none;
  };

  EncodeRefusal add_one(const model::RecordView& record) noexcept;
  bool add_item(const model::RecordView& record);
  bool add_point(const model::RecordView& record);
  bool write_item(const model::RecordView& record, std::string_view& scope_attributes);
  void make_room_for_run();
  void append(std::size_t begin, std::size_t end, Chain& chain, std::size_t& size) noexcept;
  void begin_run(std::size_t begin, const ScopeKey& key);
  void end_run(std::size_t end) noexcept;
  std::uint32_t scope_group(const ScopeKey& key);
  std::uint32_t metric_group(std::uint32_t scope, const model::MetricPointView& point);
  void write_scope_head(const ScopeKey& key);
  void write_metric_head(const model::MetricPointView& point);

  std::string_view items(const Run& run) const noexcept {
    return text_.view().substr(run.text.begin, run.text.size);
  }
  std::string_view head(Piece piece) const noexcept {
    return heads_.view().substr(piece.begin, piece.size);
  }
  std::size_t metric_data_size(const MetricGroup& metric) const noexcept;
  std::size_t metric_size(const MetricGroup& metric) const noexcept;
  std::size_t scope_size(const ScopeGroup& scope) const noexcept;
  char* put_resource(char* at, std::size_t size) const noexcept;
  char* put_scope(char* at, const ScopeGroup& scope) const noexcept;
  char* put_runs(char* at, const Chain& chain) const noexcept;
  char* put_metric(char* at, const MetricGroup& metric) const noexcept;
  std::string_view finish_in_place() noexcept;
  void finish_protobuf(ByteBuffer& out) const;
  void join_runs(ByteBuffer& out, const Chain& chain) const;
  void join_metrics(ByteBuffer& out, const Chain& chain) const;
  void finish_json(ByteBuffer& out) const;

  OtlpContext context_;
  const model::RecordType type_;
  ByteBuffer resource_;    // the Resource message, or the JSON object
  std::size_t front_ = 0;  // of text_: for what stands in front of the items
  ByteBuffer text_;        // items, in the order of their making
  ByteBuffer heads_;       // of scopes and metrics
  std::uint32_t items_ = 0;
  std::vector<Run> runs_;
  std::vector<ScopeGroup> scopes_;
  std::vector<MetricGroup> metrics_;
  // The scope of the last record; of spans and logs the run that it belongs to, which goes on to
  // the end of text_.
  ScopeKey open_;
  std::uint32_t open_group_ = none;
  std::size_t open_begin_ = 0;
};

}  // namespace posthaste::wire
