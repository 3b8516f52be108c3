#include "examples/shop/routes.h"

namespace shop {
namespace {

bool fits(std::string_view pattern, std::string_view path, std::string_view& parameter) {
  const std::size_t brace = pattern.find('{');
  if (brace == std::string_view::npos) return pattern == path;
  if (!path.starts_with(pattern.substr(0, brace)) || path.size() == brace) return false;
  parameter = path.substr(brace);
  return parameter.find('/') == std::string_view::npos;
}

}  // namespace

Routes::Match Routes::find(verb method, std::string_view path) const {
  Match match;
  for (const Route& route : routes_) {
    if (route.method == method && fits(route.pattern, path, match.parameter)) {
      match.route = &route;
      break;
    }
  }
  return match;
}

}  // namespace shop
