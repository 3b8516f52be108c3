#include "runtime/metrics/meter_state.h"

#include <algorithm>
#include <cmath>
#include <exception>

namespace posthaste::metrics {
namespace {

constexpr std::size_t longest_name = 255;
constexpr std::size_t longest_unit = 63;
constexpr std::size_t longest_description = 1024;
constexpr std::size_t most_boundaries = 255;

bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > longest_name || !is_letter(name.front())) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-' || c == '/';
  });
}

bool same_name(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [lower](char x, char y) { return lower(x) == lower(y); });
}

bool are_boundaries(const std::vector<double>& bounds) noexcept {
  if (bounds.size() > most_boundaries) return false;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    if (!is_finite(bounds[i]) || (i > 0 && bounds[i] <= bounds[i - 1])) return false;
  }
  return true;
}

std::string_view kind_name(const InstrumentInfo& info) noexcept {
  switch (info.kind) {
    case InstrumentKind::counter: return "counter";
    case InstrumentKind::up_down_counter: return "up-down counter";
    case InstrumentKind::histogram: return "histogram";
    case InstrumentKind::gauge: return "gauge";
    case InstrumentKind::observable_counter: return "observable counter";
    case InstrumentKind::observable_up_down_counter: return "observable up-down counter";
    case InstrumentKind::observable_gauge: return "observable gauge";
  }
  return "instrument";
}

std::string described(const InstrumentInfo& info) {
  return std::string(kind_name(info)) + (info.integer ? " of integers" : " of doubles") +
         (info.unit.empty() ? std::string() : " in " + info.unit);
}

}  // namespace

MeterState::MeterState(std::string name, std::uint16_t scope,
                       std::shared_ptr<const MeterOptions> options, MetricContext& context,
                       const Clock& clock, DiagnosticsSink& diagnostics, About about)
    : name_(std::move(name)),
      scope_(scope),
      options_(std::move(options)),
      context_(context),
      clock_(clock),
      diagnostics_(diagnostics),
      about_(about) {}

void MeterState::warn(DiagnosticCode code, const std::string& message) noexcept {
  diagnostics_.report(Severity::warn, code, message);
}

Instrument* MeterState::make(InstrumentInfo info) noexcept {
  const std::lock_guard lock(mutex_);
  if (closed_) return nullptr;
  try {
    if (!is_name(info.name)) {
      warn(DiagnosticCode::instrument_refused,
           "the instrument name \"" + info.name + "\" of meter \"" + name_ +
               "\" is not a letter and up to 254 letters, digits, '_', '.', '-' and '/'; it "
               "measures nothing until it is renamed");
      return nullptr;
    }
    if (info.unit.size() > longest_unit) info.unit.resize(longest_unit);
    if (info.description.size() > longest_description) info.description.resize(longest_description);
    if (!are_boundaries(info.boundaries)) {
      warn(DiagnosticCode::instrument_refused,
           "the boundaries of \"" + info.name + "\" of meter \"" + name_ +
               "\" are not at most 255 finite numbers in ascending order; the standard ones are "
               "used");
      info.boundaries.clear();
    }
    return make_new(std::move(info));
  } catch (const std::exception& error) {
    warn(DiagnosticCode::instrument_refused, std::string("an instrument of meter \"") + name_ +
                                                 "\" could not be made: " + error.what());
    return nullptr;
  }
}

void MeterState::warn_of_differences(const InstrumentInfo& known,
                                     const InstrumentInfo& given) noexcept {
  if (known.description == given.description && known.boundaries == given.boundaries) return;
  warn(DiagnosticCode::instrument_conflict,
       "\"" + given.name + "\" of meter \"" + name_ +
           "\" was made twice with different descriptions or boundaries; the first ones count");
}

Instrument* MeterState::make_new(InstrumentInfo info) {
  const InstrumentInfo* conflicting = nullptr;
  for (const std::unique_ptr<Instrument>& known : instruments_) {
    const InstrumentInfo& other = known->info();
    if (!same_name(other.name, info.name)) continue;
    if (other.kind == info.kind && other.integer == info.integer && other.unit == info.unit) {
      warn_of_differences(other, info);
      return known.get();
    }
    conflicting = &other;
  }
  if (conflicting != nullptr) {
    warn(DiagnosticCode::instrument_conflict,
         "\"" + info.name + "\" of meter \"" + name_ + "\" is a " + described(*conflicting) +
             " and a " + described(info) +
             "; both are sent under that name: rename one, or give one a view");
  }
  if (instruments_.size() >= most_instruments) {
    warn(DiagnosticCode::instrument_refused,
         "meter \"" + name_ + "\" has 4096 instruments; \"" + info.name +
             "\" and later ones measure nothing: tell them apart by attributes");
    return nullptr;
  }
  auto specs = streams_of(info, name_, options_->views, options_->defaults, options_->readers);
  auto made = std::make_unique<Instrument>(std::move(info), context_, callbacks_);
  for (StreamSpec& spec : specs) {
    made->add_stream(std::make_unique<Stream>(std::move(spec), context_, interval_,
                                              clock_.wall().time_since_epoch().count()));
  }
  instruments_.push_back(std::move(made));
  return instruments_.back().get();
}

void MeterState::close() noexcept {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

std::size_t MeterState::instrument_count() const {
  const std::lock_guard lock(mutex_);
  return instruments_.size();
}

std::uint64_t MeterState::overflowed(const StreamSpec** example) const {
  std::uint64_t sum = 0;
  const std::size_t instruments = instrument_count();
  for (std::size_t i = 0; i < instruments; ++i) {
    for (const auto& stream : instrument(i).streams()) {
      if (stream->overflowed() > 0 && example != nullptr) *example = &stream->spec();
      sum += stream->overflowed();
    }
  }
  return sum;
}

Instrument& MeterState::instrument(std::size_t number) const {
  const std::lock_guard lock(mutex_);
  return *instruments_[number];
}

}  // namespace posthaste::metrics
