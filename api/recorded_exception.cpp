#include "api/recorded_exception.h"

#include "api/call_stack.h"
#include "runtime/produce/cut_text.h"
#include "runtime/produce/producer.h"

#include <cxxabi.h>

#include <algorithm>
#include <typeinfo>

namespace posthaste {
namespace {

constexpr std::size_t most_exceptions = 10;
// Bytes. Together they leave a record of 64 KiB some room for the span's other attributes.
constexpr std::size_t longest_type = 1'024;
constexpr std::size_t longest_message = 20'480;  // of the outermost
constexpr std::size_t longest_cause = 1'024;
constexpr std::size_t longest_stack = 12'288;
constexpr std::string_view stack_key = "exception.stacktrace";

/// std::throw_with_nested throws a type of its own around the one that was meant.
std::string without_nesting(std::string type) {
  for (const std::string_view around : {"std::_Nested_exception<", "std::__1::__nested<"}) {
    if (!type.starts_with(around) || !type.ends_with('>')) continue;
    type.erase(0, around.size());
    type.pop_back();
  }
  return type;
}

std::string type_name(const std::type_info* type) {
  return type == nullptr ? "unknown" : without_nesting(demangled(type->name()));
}

}  // namespace

RecordedException::RecordedException(const std::exception& exception, const std::string& stack)
    : stack_(produce::cut_bytes(stack, longest_stack)) {
  add(exception);
}

RecordedException::RecordedException(const std::exception_ptr& exception, const std::string& stack)
    : stack_(produce::cut_bytes(stack, longest_stack)) {
  add(exception);
}

void RecordedException::add(std::string_view type, std::string_view message) {
  const std::size_t most = chain_.empty() ? longest_message : longest_cause;
  chain_.push_back({std::string(produce::cut_bytes(type, longest_type)),
                    std::string(produce::cut_bytes(message, most))});
}

void RecordedException::add(const std::exception& exception) {
  const char* const message = exception.what();
  add(type_name(&typeid(exception)), message == nullptr ? "" : message);
  const auto* const nested = dynamic_cast<const std::nested_exception*>(&exception);
  if (nested != nullptr) add(nested->nested_ptr());
}

void RecordedException::add(const std::exception_ptr& exception) {
  if (exception == nullptr || chain_.size() == most_exceptions) return;
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& known) {
    add(known);
  } catch (const std::nested_exception& other) {
    add(type_name(abi::__cxa_current_exception_type()), {});
    add(other.nested_ptr());
  } catch (const std::string& text) {
    add("std::string", text);
  } catch (const char* text) {
    add("char const*", text == nullptr ? "" : text);
  } catch (...) {
    add(type_name(abi::__cxa_current_exception_type()), {});
  }
}

std::vector<Attribute> RecordedException::attributes(const Attributes& more, bool escaped) {
  std::vector<Attribute> all;
  all.reserve(more.size() + 5);
  all.push_back({"exception.type", chain_.front().type});
  all.push_back({"exception.message", chain_.front().message});
  if (!stack_.empty()) all.push_back({stack_key, stack_});
  if (escaped) all.push_back({"exception.escaped", true});
  members_.clear();
  causes_.clear();
  for (std::size_t i = 1; i < chain_.size(); ++i) {
    members_.push_back(
        {{"exception.type", chain_[i].type}, {"exception.message", chain_[i].message}});
  }
  for (const std::vector<Attribute>& members : members_) {
    causes_.push_back(AttributeValue::map(Attributes(std::span<const Attribute>(members))));
  }
  if (!causes_.empty()) {
    all.push_back({"posthaste.exception.causes", AttributeValue::list(causes_)});
  }
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::string stack_for(std::uint16_t runtime, const Attributes& attributes, const void* caller) {
  const produce::Producer* const producer = produce::Producer::at(runtime);
  const bool given =
      std::any_of(attributes.begin(), attributes.end(),
                  [](const Attribute& attribute) { return attribute.key == stack_key; });
  return given || producer == nullptr || !producer->takes_stacks() ? "" : call_stack(caller);
}

}  // namespace posthaste
