#pragma once

/// Doubles as text: the shortest that reads back, laid out as ECMAScript does (1.5, 1e+21, 1e-7),
/// with a fast way for up to three decimals, which is what most measured values have. Pure.

namespace posthaste::wire {

/// Writes a finite number, at most 32 bytes; returns the end. Minus zero is 0.
char* put_number(char* at, double value) noexcept;

}  // namespace posthaste::wire
