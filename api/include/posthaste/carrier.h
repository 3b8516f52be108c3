#pragma once

/// What carries a Context out of a process and into one: two small interfaces, and ready-made ones
/// for maps of headers, Boost.Beast fields, and environment variables. For Propagators.
///
/// Threads:   as the container beneath. Ownership: each borrows its container, which must outlive
/// it. Memory: getters need none; setters what the container needs, and without it the header is
/// not set. Names of headers fit in any case.
/// Specification: OpenTelemetry TextMap propagators; Environment Variables as Context Carriers.

#include <posthaste/export.h>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace posthaste {

class CarrierGetter {
public:
  /// The value of the header `name` (lower case) that comes after `index` others of that name.
  /// Stays valid while the carrier is not changed.
  virtual std::optional<std::string_view> get(std::string_view name,
                                              std::size_t index) const noexcept = 0;

protected:
  ~CarrierGetter() = default;
};

class CarrierSetter {
public:
  /// Sets the header `name`, instead of those that had it. Both are printable ASCII.
  virtual void set(std::string_view name, std::string_view value) noexcept = 0;

protected:
  ~CarrierSetter() = default;
};

namespace carrier_detail {

constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

constexpr bool same_name(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

/// How a header is called in an environment: `x-b3-traceid` is X_B3_TRACEID.
constexpr char in_environment(char c) noexcept {
  const char low = lower(c);
  if (low >= 'a' && low <= 'z') return static_cast<char>(low - ('a' - 'A'));
  return low >= '0' && low <= '9' ? low : '_';
}

/// Whether `variable` is "NAME=value" for the header `name`.
constexpr bool is_variable(std::string_view variable, std::string_view name) noexcept {
  return variable.size() > name.size() && variable[name.size()] == '=' &&
         std::equal(name.begin(), name.end(), variable.begin(),
                    [](char of_name, char c) { return in_environment(of_name) == c; });
}

/// No exception leaves a setter.
template <class Change>
void without_throwing(Change&& change) noexcept {
#if defined(__cpp_exceptions)
  try {
    change();
  } catch (...) {  // no memory: the header is not set
  }
#else
  change();
#endif
}

}  // namespace carrier_detail

/// Of any container of pairs of strings: maps, multimaps, vectors. Looks at all of it.
template <class Headers>
class MapGetter final : public CarrierGetter {
public:
  explicit MapGetter(const Headers& headers POSTHASTE_BORROWED) noexcept : headers_(headers) {}
  std::optional<std::string_view> get(std::string_view name,
                                      std::size_t index) const noexcept override {
    for (const auto& [key, value] : headers_) {
      if (carrier_detail::same_name(key, name) && index-- == 0) return std::string_view(value);
    }
    return std::nullopt;
  }

private:
  const Headers& headers_;
};

template <class Headers>
class MapSetter final : public CarrierSetter {
public:
  explicit MapSetter(Headers& headers) noexcept : headers_(headers) {}
  void set(std::string_view name, std::string_view value) noexcept override {
    carrier_detail::without_throwing([&] {
      bool is_set = false;
      for (auto at = headers_.begin(); at != headers_.end();) {
        if (!carrier_detail::same_name(at->first, name)) {
          ++at;
        } else if (is_set) {
          at = headers_.erase(at);
        } else {
          at->second = std::string(value);
          is_set = true;
          ++at;
        }
      }
      if (is_set) return;
      headers_.insert(headers_.end(), typename Headers::value_type(name, value));
    });
  }

private:
  Headers& headers_;
};

/// Of boost::beast::http::fields, and of requests and responses, which are such.
template <class Fields>
class BeastGetter final : public CarrierGetter {
public:
  explicit BeastGetter(const Fields& fields POSTHASTE_BORROWED) noexcept : fields_(fields) {}
  std::optional<std::string_view> get(std::string_view name,
                                      std::size_t index) const noexcept override {
    using Text = std::remove_cvref_t<decltype(fields_.begin()->value())>;
    auto [at, end] = fields_.equal_range(Text(name.data(), name.size()));
    for (; at != end; ++at) {
      if (index-- == 0) return std::string_view(at->value().data(), at->value().size());
    }
    return std::nullopt;
  }

private:
  const Fields& fields_;
};

template <class Fields>
class BeastSetter final : public CarrierSetter {
public:
  explicit BeastSetter(Fields& fields) noexcept : fields_(fields) {}
  void set(std::string_view name, std::string_view value) noexcept override {
    using Text = std::remove_cvref_t<decltype(fields_.begin()->value())>;
    carrier_detail::without_throwing(
        [&] { fields_.set(Text(name.data(), name.size()), Text(value.data(), value.size())); });
  }

private:
  Fields& fields_;
};

/// Of `environ`, or any array of "NAME=value" that a null pointer ends: TRACEPARENT, TRACESTATE,
/// BAGGAGE, B3. Not while another thread changes the environment.
class EnvironmentGetter final : public CarrierGetter {
public:
  explicit EnvironmentGetter(const char* const* variables) noexcept : variables_(variables) {}
  std::optional<std::string_view> get(std::string_view name,
                                      std::size_t index) const noexcept override {
    if (variables_ == nullptr || index != 0) return std::nullopt;
    for (const char* const* each = variables_; *each != nullptr; ++each) {
      const std::string_view variable(*each);
      if (carrier_detail::is_variable(variable, name)) return variable.substr(name.size() + 1);
    }
    return std::nullopt;
  }

private:
  const char* const* variables_;
};

/// Puts "NAME=value" into a sequence of strings, such as a vector, from which a child process is
/// given its environment. The process's own is not touched.
template <class Variables>
class EnvironmentSetter final : public CarrierSetter {
public:
  explicit EnvironmentSetter(Variables& variables) noexcept : variables_(variables) {}
  void set(std::string_view name, std::string_view value) noexcept override {
    carrier_detail::without_throwing([&] {
      std::string variable(name);
      for (char& c : variable) c = carrier_detail::in_environment(c);
      variable.append(1, '=').append(value);
      const auto old = std::find_if(variables_.begin(), variables_.end(), [&](const auto& each) {
        return carrier_detail::is_variable(each, name);
      });
      if (old == variables_.end()) {
        variables_.push_back(std::move(variable));
      } else {
        *old = std::move(variable);
      }
    });
  }

private:
  Variables& variables_;
};

}  // namespace posthaste
