#include "runtime/wire/span_data.h"

namespace posthaste::wire {
namespace {

void write_start(ItemWriter& item, const SpanId& id, std::chrono::nanoseconds duration,
                 const SpanFields& fields) {
  item.json().raw(R"(,"id":")");
  item.json().hex8(id.bytes.data());
  item.field(R"(","name":")", fields.name, limit::name);
  item.duration(duration);
  item.success(fields.success);
}

}  // namespace

void write_request_data(ItemWriter& item, const SpanId& id, std::chrono::nanoseconds duration,
                        const SpanFields& fields) {
  write_start(item, id, duration, fields);
  item.field(R"(,"responseCode":")", fields.result_code, limit::code);
  if (fields.url) item.field(R"(,"url":")", *fields.url, limit::url);
  if (fields.source) item.field(R"(,"source":")", *fields.source, limit::target);
}

void write_dependency_data(ItemWriter& item, const SpanId& id, std::chrono::nanoseconds duration,
                           const SpanFields& fields) {
  write_start(item, id, duration, fields);
  item.field(R"(,"resultCode":")", fields.result_code, limit::code);
  item.field(R"(,"type":")", fields.type, limit::type);
  if (fields.target) item.field(R"(,"target":")", *fields.target, limit::target);
  if (fields.data) item.field(R"(,"data":")", *fields.data, item.limits().data);
}

}  // namespace posthaste::wire
