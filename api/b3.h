#pragma once

/// The headers of B3, one or four: Zipkin's way to carry a span between processes. Called by
/// Propagators on application threads; never blocks or allocates; bytes from outside.
/// Specification: github.com/openzipkin/b3-propagation; OpenTelemetry Propagators API.

#include <posthaste/carrier.h>
#include <posthaste/context.h>

namespace posthaste::b3 {

/// For a valid Context. `b3`: <trace id>-<span id>-<0 or 1>; what was left undecided stays so.
void inject_single(const Context& context, CarrierSetter& carrier) noexcept;
void inject_multi(const Context& context, CarrierSetter& carrier) noexcept;

/// Ids in any case; a trace id of 64 bits gets zeros in front. Invalid for what is malformed.
Context from_single(std::string_view header) noexcept;
Context extract_single(const CarrierGetter& carrier) noexcept;
Context extract_multi(const CarrierGetter& carrier) noexcept;

}  // namespace posthaste::b3
