#pragma once

/// OTEL_TRACES_EXPORTER, OTEL_METRICS_EXPORTER and OTEL_LOGS_EXPORTER: which kinds of outputs take a
/// signal. They let through or hold back what is configured, and name outputs where code names none.
/// Part of finalize(); see final_settings.h.

#include "runtime/base/otlp_signal.h"
#include "runtime/config/environment.h"
#include "runtime/config/setting_resolver.h"

#include <array>
#include <cstddef>

namespace posthaste::config {

struct ExporterChoice {
  bool given = false;  // false: every output takes the signal, and none is named
  bool azure_monitor = false;
  bool otlp = false;
  bool console = false;

  bool lets_azure_monitor() const noexcept { return !given || azure_monitor; }
  bool lets_otlp() const noexcept { return !given || otlp; }
  bool lets_console() const noexcept { return !given || console; }
  bool lets_nothing() const noexcept { return given && !azure_monitor && !otlp && !console; }
};

struct ExporterChoices {
  std::array<ExporterChoice, 3> of_signal = {};  // by OtlpSignal

  const ExporterChoice& operator[](OtlpSignal signal) const noexcept {
    return of_signal[static_cast<std::size_t>(signal)];
  }
  bool name_otlp() const noexcept;
  bool name_console() const noexcept;
  /// All three are `none`.
  bool let_nothing() const noexcept;
};

/// What is wrong goes to the resolver; a name that is not known is left out.
ExporterChoices read_exporters(const Environment& environment, SettingResolver& resolver);

}  // namespace posthaste::config
