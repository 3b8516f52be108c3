#include "api/call_stack.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <unwind.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>

namespace posthaste {
namespace {

constexpr std::size_t most_calls = 32;
constexpr std::size_t most_own = 8;  // of this library, within the caller's
constexpr std::size_t longest_name = 512;
constexpr std::size_t longest_mangled = 4'096;

struct Calls {
  std::array<std::uintptr_t, most_calls + most_own> returns{};
  std::size_t count = 0;
};

// The unwinder itself rather than backtrace(), which loads it when it is first called.
_Unwind_Reason_Code note(_Unwind_Context* context, void* into) {
  Calls& calls = *static_cast<Calls*>(into);
  const std::uintptr_t at = _Unwind_GetIP(context);
  if (at == 0 || calls.count == calls.returns.size()) return _URC_END_OF_STACK;
  calls.returns[calls.count++] = at;
  return _URC_NO_REASON;
}

void append_offset(std::string& text, std::uintptr_t offset) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), offset, 16).ptr;
  text += "+0x";
  text.append(digits.data(), end);
}

void append_call(std::string& text, std::size_t number, std::uintptr_t at) {
  text += '#';
  text += std::to_string(number);
  text += ' ';
  Dl_info info{};
  if (::dladdr(reinterpret_cast<void*>(at), &info) == 0 || info.dli_fname == nullptr) {
    text += '?';
    append_offset(text, at);
  } else {
    if (info.dli_sname != nullptr) {
      text += demangled(info.dli_sname).substr(0, longest_name);
      append_offset(text, at - reinterpret_cast<std::uintptr_t>(info.dli_saddr));
    } else {
      text += '?';
    }
    text += " (";
    text.append(info.dli_fname, ::strnlen(info.dli_fname, longest_name));
    append_offset(text, at - reinterpret_cast<std::uintptr_t>(info.dli_fbase));
    text += ')';
  }
  text += '\n';
}

}  // namespace

std::string demangled(const char* name) {
  if (::strnlen(name, longest_mangled) == longest_mangled) return {name, longest_mangled};
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> readable(
      abi::__cxa_demangle(name, nullptr, nullptr, &status), &std::free);
  return status == 0 && readable != nullptr ? readable.get() : name;
}

std::string call_stack(const void* caller) {
  Calls calls;
  ::_Unwind_Backtrace(note, &calls);
  std::span<const std::uintptr_t> left(calls.returns.data(), calls.count);
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (left[i] != reinterpret_cast<std::uintptr_t>(caller)) continue;
    left = left.subspan(i);
    break;
  }
  std::string text;
  std::size_t number = 0;
  for (const std::uintptr_t returns_to : left.first(std::min(left.size(), most_calls))) {
    append_call(text, number++, returns_to - 1);  // within the call, not behind it
  }
  return text;
}

}  // namespace posthaste
