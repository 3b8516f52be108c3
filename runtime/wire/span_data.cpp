#include "runtime/wire/span_data.h"

namespace posthaste::wire {
namespace {

void write_start(ItemWriter& item, const SpanFields& fields) {
  item.field(R"(,"name":")", fields.name, limit::name);
  item.success(fields.success);
}

}  // namespace

void write_request_data(ItemWriter& item, const SpanFields& fields) {
  write_start(item, fields);
  item.field(R"(,"responseCode":")", fields.result_code, limit::code);
  if (fields.url) item.field(R"(,"url":")", *fields.url, limit::url);
  if (fields.source) item.field(R"(,"source":")", *fields.source, limit::target);
}

void write_dependency_data(ItemWriter& item, const SpanFields& fields) {
  write_start(item, fields);
  item.field(R"(,"resultCode":")", fields.result_code, limit::code);
  item.field(R"(,"type":")", fields.type, limit::type);
  if (fields.target) item.field(R"(,"target":")", *fields.target, limit::target);
  if (fields.data) item.field(R"(,"data":")", *fields.data, item.limits().data);
}

void write_duration_and_id(ItemWriter& item, std::chrono::nanoseconds duration, const SpanId& id) {
  ByteBuffer& out = item.json().out();
  char* at = put_literal(out.room(96), R"(,"duration":")");
  at = put_duration(at, duration);
  at = put_literal(at, R"(","id":")");
  at = put_hex8(at, id.bytes.data());
  out.end_at(put_literal(at, "\""));
}

}  // namespace posthaste::wire
