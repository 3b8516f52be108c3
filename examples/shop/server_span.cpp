#include "examples/shop/server_span.h"

#include <string>

namespace shop {

using posthaste::Severity;
using posthaste::Span;
using posthaste::SpanKind;

namespace {

std::string name_of(const Request& request, const Routes::Match& match) {
  std::string name(method_of(request));
  if (match.route != nullptr) name.append(1, ' ').append(match.route->pattern);
  return name;
}

Span start_server_span(const Instruments& instruments, const Request& request,
                       std::string_view path, const Routes::Match& match) {
  const posthaste::Context caller =
      posthaste::extract([&](std::string_view name) { return header(request, name); });
  Span span = instruments.tracer().start_span(
      name_of(request, match),
      {.kind = SpanKind::server,
       .parent = &caller,
       .attributes = {{"http.request.method", method_of(request)},
                      {"url.scheme", "http"},
                      {"url.path", path},
                      {"server.address", header(request, "Host")},
                      {"user_agent.original", header(request, "User-Agent")}}});
  if (match.route != nullptr) span.set_attribute("http.route", match.route->pattern);
  return span;
}

}  // namespace

Task<Response> answer_in_span(Instruments& instruments, const Routes& routes, Request request) {
  const std::string_view target = target_of(request);
  const std::string_view path = target.substr(0, target.find('?'));
  const Routes::Match match = routes.find(request.method(), path);
  Span span = start_server_span(instruments, request, path, match);
  const posthaste::Context context = span.context();
  const Call call{request, match.parameter, context};

  instruments.active_requests().add(1);
  Response response = error_response(status::not_found, "there is nothing here");
  try {
    if (match.route != nullptr) response = co_await match.route->answer(call);
  } catch (...) {
    instruments.exception(span, std::current_exception());
    instruments.log(Severity::error, "a route failed", context, {{"url.path", path}});
    response = error_response(status::internal_server_error, "something went wrong");
  }
  span.set_attribute("http.response.status_code", response.result_int());
  instruments.active_requests().add(-1);
  instruments.end(span, SpanKind::server);
  co_return response;
}

}  // namespace shop
