#pragma once

/// Which headers carry a Context between processes, and the writing and reading of them all.
///
///   const auto propagators = telemetry.propagators();   // as the settings have it
///   posthaste::Context caller = propagators.extract(posthaste::MapGetter(request.headers));
///
/// Threads: a value of one byte; any thread. Blocking: never. Nothing is thrown, and nothing is
/// kept of a carrier. Memory: none to inject; to extract, only for a `tracestate` or `baggage` that
/// is there, at most 512 and 8,192 bytes.
/// Errors:  what is malformed or too long counts as not there; see <posthaste/propagation.h> and
/// <posthaste/baggage.h>.
/// Specification: OpenTelemetry Propagators API; W3C Trace Context and Baggage; B3.

#include <posthaste/export.h>

#include <cstdint>
#include <initializer_list>

namespace posthaste {

class CarrierGetter;
class CarrierSetter;
class Context;

enum class Propagation : std::uint8_t {
  trace_context,  // traceparent, tracestate
  baggage,        // baggage
  b3,             // b3
  b3_multi,       // x-b3-traceid, x-b3-spanid, x-b3-sampled, x-b3-flags
};

class POSTHASTE_API Propagators {
public:
  /// trace_context and baggage.
  constexpr Propagators() noexcept = default;
  /// Their order means nothing, and naming one twice neither.
  constexpr Propagators(std::initializer_list<Propagation> chosen) noexcept : chosen_(0) {
    for (const Propagation each : chosen) add(each);
  }
  static constexpr Propagators none() noexcept {
    return Propagators(std::initializer_list<Propagation>());
  }

  constexpr void add(Propagation propagation) noexcept {
    chosen_ = static_cast<std::uint8_t>(chosen_ | bit(propagation));
  }
  constexpr bool has(Propagation propagation) const noexcept {
    return (chosen_ & bit(propagation)) != 0;
  }
  friend constexpr bool operator==(Propagators, Propagators) noexcept = default;

  /// Sets the headers of each; a Context that names no span sets at most `baggage`.
  void inject(const Context& context, CarrierSetter& carrier) const noexcept;
  /// The span that the first of trace_context, b3, b3_multi names which is there and well-formed,
  /// and the baggage. B3 without a sampling decision leaves it to this process; its debug flag
  /// counts as "sampled"; its `0` alone names no span.
  Context extract(const CarrierGetter& carrier) const noexcept;

private:
  static constexpr unsigned bit(Propagation propagation) noexcept {
    return 1u << static_cast<unsigned>(propagation);
  }
  std::uint8_t chosen_ = 0b11;  // bits by the number of a Propagation
};

}  // namespace posthaste
