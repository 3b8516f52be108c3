#include "runtime/config/final_sampling.h"

#include "runtime/config/text.h"

#include <string>
#include <string_view>
#include <utility>

namespace posthaste::config {
namespace {

class SamplingReader {
public:
  SamplingReader(const Settings& settings, const Environment& environment,
                 SettingResolver& resolver)
      : settings_(settings), environment_(environment), resolver_(resolver) {}

  FinalSampling read();

private:
  void read_sampler_in_code();
  void read_sampler_in_file();
  void read_sampling_rules_in_file();
  void read_sampler_outside();
  bool read_sampler_variables();
  bool read_microsofts_variables();
  void take(SamplerChoice choice, const Given& given);

  const Settings& settings_;
  const Environment& environment_;
  SettingResolver& resolver_;
  FinalSampling sampling_ = {};
};

/// Sampler of code over that of the environment, as a whole: half of each would make a third one.
FinalSampling SamplingReader::read() {
  const bool in_code = settings_.sampling || settings_.traces_per_second || settings_.sampler;
  if (!in_code) read_sampler_outside();
  if (in_code) read_sampler_in_code();
  if (settings_.sampling_parents) {
    sampling_.parents = *settings_.sampling_parents;
    resolver_.remember(SettingId::sampling_parents, text_of(sampling_.parents), Origin::code);
  }
  if (settings_.sampling_hash) {
    sampling_.hash = *settings_.sampling_hash;
    resolver_.remember(SettingId::sampling_hash, std::string(text_of(sampling_.hash)),
                       Origin::code);
  }
  return std::move(sampling_);
}

void SamplingReader::read_sampler_in_code() {
  if (const auto& rate = settings_.sampling) {
    sampling_.rate = *rate;
    if (!rate->valid()) {
      resolver_.refuse(SettingId::sampling, text_of(sampling_),
                       "is out of its range of 0 to 100 %; choose a rate within");
    }
    resolver_.remember(SettingId::sampling, text_of(sampling_), Origin::code);
  }
  if (const auto& number = settings_.traces_per_second) {
    sampling_.kind = SamplerKind::rate_limited;
    sampling_.traces_per_second = *number;
    if (!valid_traces_per_second(*number)) {
      resolver_.refuse(SettingId::traces_per_second, text_of(sampling_),
                       "is out of its range of 0 to 1000000; choose a number within");
    }
    resolver_.remember(SettingId::traces_per_second, text_of(sampling_), Origin::code);
  }
  if (settings_.sampler) {
    sampling_.kind = SamplerKind::callback;
    sampling_.callback = settings_.sampler;
    resolver_.remember(SettingId::sampler, "set", Origin::code);
  }
  const int given = (settings_.sampling ? 1 : 0) + (settings_.traces_per_second ? 1 : 0) +
                    (settings_.sampler ? 1 : 0);
  if (given > 1) {
    resolver_.refuse(settings_.sampler ? SettingId::sampler : SettingId::traces_per_second,
                     text_of(sampling_),
                     "is one of several samplers; set one of sampling, traces_per_second and "
                     "sampler");
  }
}

/// One sampler: that of the rate, or that of traces per second.
void SamplingReader::read_sampler_in_file() {
  const auto rate = environment_.in_file(SettingId::sampling);
  const auto traces = environment_.in_file(SettingId::traces_per_second);
  if (rate && traces) {
    resolver_.ignore(*traces, "is one of two samplers", "leave it out, or sampling");
  } else if (traces) {
    const auto number = parse_decimal(traces->text);
    if (number && valid_traces_per_second(*number)) {
      sampling_.kind = SamplerKind::rate_limited;
      sampling_.traces_per_second = *number;
      resolver_.remember(SettingId::traces_per_second, text_of(sampling_), *traces);
    } else {
      resolver_.ignore(*traces, "is out of its range of 0 to 1000000", "choose a number within");
    }
  }
  if (rate) {
    const auto ratio = parse_decimal(rate->text);
    if (ratio && SampleRate::ratio(*ratio).valid()) {
      sampling_.rate = SampleRate::ratio(*ratio);
      resolver_.remember(SettingId::sampling, text_of(sampling_), *rate);
    } else {
      resolver_.ignore(*rate, "is not a ratio from 0 to 1", "write 0.25 for 25 %");
    }
  }
  read_sampling_rules_in_file();
}

void SamplingReader::read_sampling_rules_in_file() {
  if (const auto given = environment_.in_file(SettingId::sampling_parents)) {
    bool known = false;
    for (const ParentRule& rule :
         {ParentRule::follow, ParentRule::follow_local, ParentRule::ignore}) {
      if (!equal_ignoring_case(given->text, text_of(rule))) continue;
      known = true;
      sampling_.parents = rule;
      resolver_.remember(SettingId::sampling_parents, text_of(rule), *given);
    }
    if (!known) {
      resolver_.ignore(*given, "is no rule for parents", "choose follow, follow_local or ignore");
    }
  }
  if (const auto given = environment_.in_file(SettingId::sampling_hash)) {
    bool known = false;
    for (const SamplingHash hash :
         {SamplingHash::application_insights, SamplingHash::application_insights_upper_case,
          SamplingHash::trace_id}) {
      if (!equal_ignoring_case(given->text, text_of(hash))) continue;
      known = true;
      sampling_.hash = hash;
      resolver_.remember(SettingId::sampling_hash, std::string(text_of(hash)), *given);
    }
    if (!known) {
      resolver_.ignore(*given, "is no hash",
                       "choose application_insights, application_insights_upper_case or trace_id");
    }
  }
}

/// Of the three places the first that names a sampler.
void SamplingReader::read_sampler_outside() {
  if (read_sampler_variables() || read_microsofts_variables()) return;
  read_sampler_in_file();
}

void SamplingReader::take(SamplerChoice choice, const Given& given) {
  sampling_ = std::move(choice.sampling);
  resolver_.remember(sampling_.kind == SamplerKind::rate_limited ? SettingId::traces_per_second
                                                                 : SettingId::sampling,
                     text_of(sampling_), given);
  resolver_.remember(SettingId::sampling_parents, text_of(sampling_.parents), given);
  resolver_.remember(SettingId::sampling_hash, std::string(text_of(sampling_.hash)), given);
}

/// Those of Microsoft's Java agent: the samplers microsoft.fixed_percentage and
/// microsoft.rate_limited by other names.
bool SamplingReader::read_microsofts_variables() {
  constexpr std::string_view percentage = "APPLICATIONINSIGHTS_SAMPLING_PERCENTAGE";
  constexpr std::string_view traces = "APPLICATIONINSIGHTS_SAMPLING_REQUESTS_PER_SECOND";
  if (const auto text = environment_.get(percentage)) {
    SamplerChoice choice = choose_sampler("microsoft.fixed_percentage", "");
    const auto percent = parse_decimal(*text);
    if (percent && SampleRate::percent(*percent).valid()) {
      choice.sampling.rate = SampleRate::percent(*percent);
      take(std::move(choice), {*text, Origin::environment, std::string(percentage)});
      return true;
    }
    resolver_.ignore(percentage, quoted(*text), "is not a percentage from 0 to 100",
                     "write 25 for 25 %");
  }
  if (const auto text = environment_.get(traces)) {
    SamplerChoice choice = choose_sampler("microsoft.rate_limited", *text);
    if (choice.argument_valid) {
      take(std::move(choice), {*text, Origin::environment, std::string(traces)});
      return true;
    }
    resolver_.ignore(traces, quoted(*text), choice.rule, "choose a number within");
  }
  return false;
}

bool SamplingReader::read_sampler_variables() {
  const auto name = environment_.get("OTEL_TRACES_SAMPLER");
  const auto argument = environment_.get("OTEL_TRACES_SAMPLER_ARG");
  if (!name) {
    if (argument) {
      resolver_.ignore("OTEL_TRACES_SAMPLER_ARG", quoted(*argument),
                       "stands without OTEL_TRACES_SAMPLER",
                       "set OTEL_TRACES_SAMPLER=parentbased_traceidratio too");
    }
    return false;
  }
  SamplerChoice choice = choose_sampler(*name, argument.value_or(""));
  if (!choice.known) {
    resolver_.ignore("OTEL_TRACES_SAMPLER", quoted(*name), "is not a sampler that is supported",
                     "choose one of " + std::string(known_samplers));
    return false;
  }
  if (!choice.argument_valid) {
    resolver_.ignore("OTEL_TRACES_SAMPLER_ARG", quoted(*argument), choice.rule,
                     "until it is mended, the sampler is used with " + text_of(choice.sampling));
  }
  take(std::move(choice), {*name, Origin::environment, "OTEL_TRACES_SAMPLER"});
  return true;
}

}  // namespace

FinalSampling read_sampling(const Settings& settings, const Environment& environment,
                            SettingResolver& resolver) {
  return SamplingReader(settings, environment, resolver).read();
}

}  // namespace posthaste::config
