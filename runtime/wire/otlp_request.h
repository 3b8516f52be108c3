#pragma once

/// From records of one signal to an OTLP export request (ExportTraceServiceRequest and its like), in
/// protobuf or JSON: one resource, below it the scopes, below each its spans or logs, or its metrics
/// with their points.
///
///   add(record) ─► [runs of items, linked by scope and metric] ─► finish ─► request
///
/// Who calls: the extent encoder of an OTLP output (actors/encoded_extent.h), on its actor's thread;
/// tests. Pure: no clock, no I/O. Memory: two copies of the request at most, kept; nothing is
/// allocated per record. Full: the caller stops adding by `size`; a record that makes no sense is
/// refused by name, and the request goes on without it.
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
  std::uint32_t items() const noexcept { return items_; }
  /// Bytes of the request so far, a few for each scope left out.
  std::size_t size() const noexcept { return text_.size(); }
  /// Appends the request; without items nothing. Throws std::bad_alloc.
  void finish(ByteBuffer& out) const;

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
  struct ScopeGroup {
    std::uint16_t scope = 0;
    std::string_view attributes;  // entries, borrowed from a record
    Piece head;                   // what stands in front of its items
    Chain members;                // runs of items, or metrics
    std::size_t size = 0;         // of the runs

    bool is(std::uint16_t other, std::string_view other_attributes) const noexcept {
      return scope == other && attributes == other_attributes;
    }
  };
  struct MetricGroup {
    std::uint32_t scope = 0;  // index of its group
    Piece head;               // name, unit, description, metadata
    model::MetricKind kind{};
    model::Temporality temporality{};
    bool monotonic = false;
    Chain points;
    std::size_t size = 0;  // as above
    std::uint32_t next = none;
  };

  EncodeRefusal add_item(const model::RecordView& record);
  EncodeRefusal add_point(const model::RecordView& record);
  std::uint32_t scope_group(std::uint16_t scope, std::string_view attributes) {
    const bool again = last_scope_ < scopes_.size() && scopes_[last_scope_].is(scope, attributes);
    return again ? last_scope_ : find_scope_group(scope, attributes);
  }
  std::uint32_t find_scope_group(std::uint16_t scope, std::string_view attributes);
  std::uint32_t metric_group(std::uint32_t scope, const model::MetricPointView& point);
  void append(std::size_t begin, std::size_t end, Chain& chain, std::size_t& size);
  bool write_item(const model::RecordView& record, std::string_view& scope_attributes);
  void write_scope_head(std::uint16_t scope, std::string_view attributes);
  void write_metric_head(const model::MetricPointView& point);

  std::string_view view(Piece piece) const noexcept {
    return text_.view().substr(piece.begin, piece.size);
  }
  std::size_t metric_data_size(const MetricGroup& metric) const noexcept;
  std::size_t metric_size(const MetricGroup& metric) const noexcept;
  std::size_t scope_size(const ScopeGroup& scope) const noexcept;
  char* put_runs(char* at, const Chain& chain) const noexcept;
  char* put_metric(char* at, const MetricGroup& metric) const noexcept;
  void finish_protobuf(ByteBuffer& out) const;
  void join_runs(ByteBuffer& out, const Chain& chain) const;
  void join_metrics(ByteBuffer& out, const Chain& chain) const;
  void finish_json(ByteBuffer& out) const;

  OtlpContext context_;
  ByteBuffer resource_;  // the Resource message, or the JSON object
  ByteBuffer text_;      // pieces, in the order of their making
  std::uint32_t items_ = 0;
  std::vector<Run> runs_;
  std::vector<ScopeGroup> scopes_;
  std::vector<MetricGroup> metrics_;
  std::uint32_t last_scope_ = 0;
};

}  // namespace posthaste::wire
