#pragma once

/// Puts a server span around the answer to a request: continues the caller's trace, names the
/// operation by its route, tells what came of it. An exception that leaves a route is recorded and
/// becomes a 500.

#include "examples/shop/instruments.h"
#include "examples/shop/routes.h"

namespace shop {

Task<Response> answer_in_span(Instruments& instruments, const Routes& routes, Request request);

}  // namespace shop
