#pragma once

/// The calls that lead to where it is asked for, as text. Used where an exception is recorded: what
/// a handler sees is where the exception was caught, not where it was thrown; that is gone when the
/// handler runs.
///
///   #0 shop::charge(Order const&)+0x1f (/opt/shop/libshop.so+0x4a1f)
///   #1 main+0x52 (/opt/shop/shop+0x1152)
///
/// Threads: any. Allocates, and asks the dynamic linker for names of exported functions: for
/// failures only. Bounded: 32 calls, names of at most 512 characters.

#include <string>

namespace posthaste {

/// From the call that returns to `caller` outwards; from the innermost if that is not found.
std::string call_stack(const void* caller);

/// What the compiler called it, readable; as it is where it is no such name, or longer than 4 KiB.
std::string demangled(const char* name);

}  // namespace posthaste
