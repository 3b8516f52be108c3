#include "tools/emulator/fault.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace posthaste::tools {

using std::chrono::milliseconds;

const std::string_view fault_grammar = R"(A fault is one or more parts, joined by commas:
  status=N             answer with this status; nothing is taken
  retry-after=TEXT     this Retry-After header with it
  redirect=URL         answer 307 (or the status given) to URL
  delay=T              answer T later
  cut=POINT            close: before-request, mid-request, after-request (taken,
                       no answer), mid-answer (taken, half an answer), rst
                       (after-request, with a reset)
  rst                  cut with a reset
  blackhole            read the request, never answer
  refuse               stop listening on the ingestion ports
  stall-handshake      accept TLS connections, never shake hands
  tls=KIND             expired, wrong-host or old-version (TLS 1.1 only)
  items=P%:N           reject P percent of the items with status N
  item=I:N             reject the item at index I with status N
  max-items=N          answer 413 to a batch of more than N items
  drip[=T]             one byte of the answer every T (1s)
  tarpit=N             read N bytes a second
  answer=KIND          huge, endless-headers, endless-chunk, bad-chunk,
                       two-lengths, length-and-chunks, continue-flood, gzip-bomb,
                       not-json, bad-indexes, short-count
  taken=yes|no         whether the items count as accepted, against the default
and where it applies:
  after=T              from T after it was set
  for=T                so long
  rate=P%              to that share of the requests, evenly spread
  next=N               to the next N requests that it meets
  only=KIND            to track (Application Insights) or otlp requests; with
                       refuse, to their ports
Times: 500ms, 2s, 1m. A value with a comma in it stands in double quotes. Where
several faults meet a request, their parts add up; the earlier one wins.)";

namespace {

template <class Value>
using Named = std::pair<std::string_view, Value>;

constexpr std::array cut_points{
    Named<CutPoint>{"before-request", CutPoint::before_request},
    Named<CutPoint>{"mid-request", CutPoint::mid_request},
    Named<CutPoint>{"after-request", CutPoint::after_request},
    Named<CutPoint>{"mid-answer", CutPoint::mid_answer},
};

constexpr std::array bad_answers{
    Named<BadAnswer>{"huge", BadAnswer::huge},
    Named<BadAnswer>{"endless-headers", BadAnswer::endless_headers},
    Named<BadAnswer>{"endless-chunk", BadAnswer::endless_chunk},
    Named<BadAnswer>{"bad-chunk", BadAnswer::bad_chunk},
    Named<BadAnswer>{"two-lengths", BadAnswer::two_lengths},
    Named<BadAnswer>{"length-and-chunks", BadAnswer::length_and_chunks},
    Named<BadAnswer>{"continue-flood", BadAnswer::continue_flood},
    Named<BadAnswer>{"gzip-bomb", BadAnswer::gzip_bomb},
    Named<BadAnswer>{"not-json", BadAnswer::not_json},
    Named<BadAnswer>{"bad-indexes", BadAnswer::bad_indexes},
    Named<BadAnswer>{"short-count", BadAnswer::short_count},
};

constexpr std::array intake_kinds{
    Named<IntakeKind>{"track", IntakeKind::track},
    Named<IntakeKind>{"otlp", IntakeKind::otlp},
};

constexpr std::array tls_faults{
    Named<TlsFault>{"expired", TlsFault::expired},
    Named<TlsFault>{"wrong-host", TlsFault::wrong_host},
    Named<TlsFault>{"old-version", TlsFault::old_version},
};

template <class Value, std::size_t count>
bool read_name(std::string_view text, const std::array<Named<Value>, count>& names, Value& value) {
  const auto found = std::ranges::find(names, text, &Named<Value>::first);
  if (found == names.end()) return false;
  value = found->second;
  return true;
}

template <class Number>
bool read_number(std::string_view text, Number least, Number most, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && value >= least &&
         value <= most;
}

bool read_time(std::string_view text, milliseconds& value) {
  const std::size_t unit = std::min(text.find_first_not_of("0123456789."), text.size());
  double number = 0;
  if (!read_number(text.substr(0, unit), 0.0, 1e6, number)) return false;
  const std::string_view name = text.substr(unit);
  const double scale = name == "ms" ? 1 : name == "s" ? 1e3 : name == "m" ? 6e4 : 0;
  value = milliseconds{static_cast<std::int64_t>(number * scale)};
  return scale != 0;
}

bool read_percent(std::string_view text, double& share) {
  if (text.ends_with('%')) text.remove_suffix(1);
  if (!read_number(text, 0.0, 100.0, share)) return false;
  share /= 100;
  return true;
}

bool read_status(std::string_view text, unsigned& status) {
  return read_number(text, 100U, 599U, status);
}

/// Nothing that could end the header line it goes into.
bool read_header_text(std::string_view text, std::string& value) {
  const bool clean = std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
  if (text.empty() || text.size() > 2048 || !clean) return false;
  value = text;
  return true;
}

bool read_cut(std::string_view text, FaultEffect& effect) {
  if (text == "rst") {
    effect.cut = CutPoint::after_request;
    return effect.reset = true;
  }
  return read_name(text, cut_points, effect.cut);
}

bool read_items(std::string_view text, FaultEffect& effect) {
  const std::size_t colon = text.find(':');
  return colon != std::string_view::npos &&
         read_percent(text.substr(0, colon), effect.items_share) &&
         read_status(text.substr(colon + 1), effect.items_status);
}

bool read_item(std::string_view text, FaultEffect& effect) {
  const std::size_t colon = text.find(':');
  return colon != std::string_view::npos &&
         read_number(text.substr(0, colon), 0U, 64'000U, effect.item_index.emplace()) &&
         read_status(text.substr(colon + 1), effect.item_status);
}

bool read_yes_no(std::string_view text, std::optional<bool>& value) {
  value = text == "yes";
  return text == "yes" || text == "no";
}

bool set_flag(std::string_view value, bool& flag) {
  flag = true;
  return value.empty();
}

bool read_scope(std::string_view key, std::string_view value, FaultScope& scope, bool& known) {
  known = true;
  if (key == "after") return read_time(value, scope.after);
  if (key == "for") return read_time(value, scope.length.emplace());
  if (key == "rate") return read_percent(value, scope.rate);
  if (key == "only") return read_name(value, intake_kinds, scope.only.emplace());
  if (key == "next") {
    return read_number(value, std::uint64_t{1}, ~std::uint64_t{0}, scope.next.emplace());
  }
  return known = false;
}

bool read_effect(std::string_view key, std::string_view value, FaultEffect& effect, bool& known) {
  known = true;
  if (key == "status") return read_status(value, effect.status);
  if (key == "retry-after") return read_header_text(value, effect.retry_after);
  if (key == "redirect") return read_header_text(value, effect.redirect);
  if (key == "delay") return read_time(value, effect.delay);
  if (key == "cut") return read_cut(value, effect);
  if (key == "rst") return set_flag(value, effect.reset);
  if (key == "blackhole") return set_flag(value, effect.blackhole);
  if (key == "refuse") return set_flag(value, effect.refuse);
  if (key == "stall-handshake") return set_flag(value, effect.stall_handshake);
  if (key == "tls") return read_name(value, tls_faults, effect.tls);
  if (key == "items") return read_items(value, effect);
  if (key == "item") return read_item(value, effect);
  if (key == "max-items") return read_number(value, 1U, 64'000U, effect.most_items);
  if (key == "drip") return read_time(value.empty() ? "1s" : value, effect.drip.emplace());
  if (key == "tarpit") return read_number(value, 1U, 1U << 30, effect.tarpit);
  if (key == "answer") return read_name(value, bad_answers, effect.bad_answer);
  if (key == "taken") return read_yes_no(value, effect.take);
  return known = false;
}

Error refusal(std::string_view spec, std::string_view part, std::string_view what) {
  return Error(ErrorCode::invalid_argument, "fault \"" + std::string(spec.substr(0, 200)) +
                                                "\": " + std::string(what) + " \"" +
                                                std::string(part.substr(0, 80)) +
                                                "\"; `posthaste emulator --help` has the grammar");
}

/// The first comma outside of quotes.
std::size_t end_of_part(std::string_view text) noexcept {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (text[i] == ',' && !quoted) return i;
  }
  return text.size();
}

std::string_view unquoted(std::string_view value) noexcept {
  const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
  return quoted ? value.substr(1, value.size() - 2) : value;
}

bool does_nothing(const FaultEffect& effect) {
  return effect.status == 0 && effect.redirect.empty() && effect.delay == milliseconds{} &&
         effect.cut == CutPoint::none && !effect.blackhole && !effect.refuse &&
         !effect.stall_handshake && !effect.drip && effect.tarpit == 0 &&
         effect.items_status == 0 && effect.item_status == 0 && effect.most_items == 0 &&
         effect.bad_answer == BadAnswer::none && effect.tls == TlsFault::none && !effect.take;
}

}  // namespace

Result<Fault> parse_fault(std::string_view spec) {
  Fault fault;
  fault.spec = spec;
  for (std::string_view rest = spec; !rest.empty();) {
    const std::size_t comma = end_of_part(rest);
    const std::string_view part = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    const std::size_t equals = std::min(part.find('='), part.size());
    const std::string_view key = part.substr(0, equals);
    const std::string_view value = unquoted(part.substr(std::min(equals + 1, part.size())));
    bool known = false;
    bool good = read_scope(key, value, fault.scope, known);
    if (!known) good = read_effect(key, value, fault.effect, known);
    if (!known) return refusal(spec, part, "unknown part");
    if (!good) return refusal(spec, part, "wrong value in");
  }
  if (does_nothing(fault.effect)) return refusal(spec, spec, "no effect in");
  if (fault.at_connection() && fault.scope.only) {
    return refusal(spec, spec, "connections are not told apart by only= in");
  }
  return fault;
}

void FaultEffect::merge(const FaultEffect& later) {
  if (status == 0 && redirect.empty()) {
    status = later.status;
    redirect = later.redirect;
    retry_after = later.retry_after;
  }
  if (delay == milliseconds{}) delay = later.delay;
  if (cut == CutPoint::none) cut = later.cut;
  reset |= later.reset;
  blackhole |= later.blackhole;
  stall_handshake |= later.stall_handshake;
  refuse |= later.refuse;
  if (!drip) drip = later.drip;
  if (tarpit == 0) tarpit = later.tarpit;
  if (items_status == 0) {
    items_share = later.items_share;
    items_status = later.items_status;
  }
  if (!item_index) {
    item_index = later.item_index;
    item_status = later.item_status;
  }
  if (most_items == 0) most_items = later.most_items;
  if (bad_answer == BadAnswer::none) bad_answer = later.bad_answer;
  if (tls == TlsFault::none) tls = later.tls;
  if (!take) take = later.take;
}

bool FaultEffect::takes_items() const noexcept {
  if (cut == CutPoint::before_request || cut == CutPoint::mid_request) return false;
  if (take) return *take;
  return !blackhole && redirect.empty() && (status == 0 || status == 200 || status == 206);
}

}  // namespace posthaste::tools
