// Head sampling: the sampler's decision on a span that its parent does not decide.

#include "runtime/base/thread.h"
#include "runtime/model/head_sampling.h"
#include "runtime/produce/lane_hint.h"
#include "runtime/produce/lineage.h"
#include "runtime/produce/measured_kind.h"
#include "runtime/produce/span_access.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace posthaste::produce {
namespace {

double usable(double percent) noexcept {
  return percent > 0 && percent <= 100 ? percent : 100;
}

/// What the attribute says goes before what the decision says, as it does in the item.
double rate_of(const SamplingDecision& decision, std::string_view rate_attribute) noexcept {
  for (const OwnedAttribute& attribute : decision.attributes) {
    if (attribute.key != rate_attribute) continue;
    if (const auto* number = std::get_if<double>(&attribute.value)) return usable(*number);
    if (const auto* number = std::get_if<std::int64_t>(&attribute.value)) {
      return usable(static_cast<double>(*number));
    }
  }
  return usable(decision.rate.as_percent());
}

}  // namespace

void Producer::open_sampling(ProducerSetup& setup) {
  sampler_ = std::move(setup.sampler);
  rate_is_steered_ = setup.traces_per_second.has_value();
  if (rate_is_steered_) steered_rate_.begin(*setup.traces_per_second);
  sample_rate_ = setup.sample_rate;
  sampling_hash_ = setup.sampling_hash;
  const ParentRule& rule = setup.parents;
  parents_ = {rule.local_not_sampled, rule.local_sampled, rule.remote_not_sampled,
              rule.remote_sampled};
  keeps_children_ = rule.local_sampled == ParentRule::Then::keep;
  keeps_all_ = !sampler_ && !rate_is_steered_ && sample_rate_ >= 100;
  logs_with_trace_ = setup.logs_with_trace;
  const bool by_number =
      !sampler_ && !rate_is_steered_ && sampling_hash_ == SamplingHash::application_insights;
  number_of_ = by_number ? model::fastest_sampling_number() : nullptr;
  kept_below_ = by_number ? model::kept_numbers(sample_rate_) : 0;
}

void Producer::decide(Lineage& lineage, std::string_view name, const SpanOptions& options,
                      ThreadState& thread) noexcept {
  if (sampler_) return ask_sampler(lineage, name, options, thread);
  lineage.sample_rate = rate_of_next();
  lineage.sampled = model::keeps(lineage.sample_rate, lineage.trace_id, sampling_hash_);
}

/// Percent. Each call is a trace that asks.
double Producer::rate_of_next() noexcept {
  if (!rate_is_steered_) return sample_rate_;
  const SteeredRate::Answer answer = steered_rate_.rate_of_next(lane_hint(lane_count_));
  if (answer.crowded) bell_.ring();
  return answer.percent;
}

void Producer::ask_sampler(Lineage& lineage, std::string_view name, const SpanOptions& options,
                           ThreadState& thread) noexcept {
  if (thread.in_callback()) {  // a span that the callback started; it would be asked without end
    lineage.sampled = false;
    return;
  }
  const ThreadState::InCallback guard(thread);
  const CancellationHeldBack held;
  SamplingDecision decision;
  try {
    // A span that the callback starts uses the buffer that the trace state may lie in.
    const std::string_view trace_state = lineage.trace_state;
    lineage.trace_state = {};
    lineage.trace_state = thread.trace_state_buffer().assign(trace_state);
    decision = sampler_({.trace_id = lineage.trace_id,
                         .name = name,
                         .kind = options.kind,
                         .attributes = options.attributes,
                         .links = options.links,
                         .has_parent = lineage.has_parent,
                         .parent_is_remote = lineage.remote,
                         .parent_is_sampled = lineage.has_parent && (lineage.trace_flags & 1) != 0,
                         .parent_rate = SampleRate::percent(lineage.sample_rate),
                         .trace_state = lineage.trace_state});
  } catch (...) {
    callback_failures_.count_current(Callback::sampler);
    decision = SamplingDecision::keep();
  }
  lineage.sampled = decision.sampled;
  lineage.sample_rate = ::posthaste::produce::rate_of(decision, rate_attribute);
  if (decision.attributes.empty()) return;
  thread.sampler_attributes() = std::move(decision.attributes);
  lineage.sampler_attributes = &thread.sampler_attributes();
}

double Producer::stated_rate(arena::Slot& slot, double recorded) const noexcept {
  ThreadState* const thread = ThreadState::current();
  if (thread == nullptr) return recorded;
  const auto value = span(slot).attribute(rate_attribute, thread->value_buffer());
  if (!value) return recorded;
  if (value->type() == AttributeType::float64) return usable(value->float64());
  if (value->type() == AttributeType::int64) return usable(static_cast<double>(value->int64()));
  return recorded;
}

void Producer::add_sampler_attributes(const SpanSlot& span,
                                      const std::vector<OwnedAttribute>& attributes) noexcept {
  for (const OwnedAttribute& attribute : attributes) {
    std::visit([&](const auto& value) { span.set_attribute(attribute.key, value); },
               attribute.value);
  }
}

}  // namespace posthaste::produce
