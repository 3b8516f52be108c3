#pragma once

/// Which function answers a request, and with what out of its path.

#include "examples/shop/http_types.h"

#include <posthaste/context.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace shop {

/// What a route's function is given. Lives until its answer is there.
struct Call {
  const Request& request;
  std::string_view parameter;  // what stands in the path for "{...}"
  /// The server span. Carried by hand: a coroutine may go on, on another thread.
  const posthaste::Context& span;
};

struct Route {
  verb method;
  std::string pattern;  // "/products/{id}": one "{...}", at the end
  std::function<Task<Response>(const Call&)> answer;
};

class Routes {
public:
  explicit Routes(std::vector<Route> routes) : routes_(std::move(routes)) {}

  struct Match {
    const Route* route = nullptr;  // null: there is none
    std::string_view parameter = {};
  };
  Match find(verb method, std::string_view path) const;

private:
  std::vector<Route> routes_;
};

}  // namespace shop
