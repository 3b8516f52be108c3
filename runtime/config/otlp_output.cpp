#include "runtime/config/otlp_output.h"

#include "runtime/base/utf8.h"
#include "runtime/config/endpoint.h"
#include "runtime/config/text.h"

#include <algorithm>
#include <array>

namespace posthaste::config {
namespace {

using Headers = std::vector<std::pair<std::string, Secret>>;

constexpr std::string_view default_endpoint = "http://localhost:4318";
constexpr std::chrono::milliseconds longest_timeout{120'000};
constexpr std::size_t most_headers = 64;
constexpr std::size_t most_header_bytes = 8'192;

Error refused(std::string_view setting, std::string_view field, std::string_view rule) {
  std::string message(setting);
  message.append(".").append(field).append(" (set in code) ").append(rule);
  return {ErrorCode::invalid_setting, std::move(message)};
}

bool is_header_name(std::string_view name) noexcept {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
  });
}

bool is_header_value(std::string_view value) noexcept {
  return std::all_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= ' ' && byte != 0x7F);
  });
}

/// What says how the request is made is not the user's to change.
bool is_the_clients(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 14> names = {"host",
                                                      "user-agent",
                                                      "content-length",
                                                      "transfer-encoding",
                                                      "connection",
                                                      "te",
                                                      "keep-alive",
                                                      "trailer",
                                                      "upgrade",
                                                      "expect",
                                                      "content-type",
                                                      "accept-encoding",
                                                      "content-encoding",
                                                      "proxy-authorization"};
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view own) { return equal_ignoring_case(name, own); });
}

bool are_headers(const Headers& headers) noexcept {
  std::size_t bytes = 0;
  for (const auto& [name, value] : headers) {
    if (!is_header_name(name) || !is_header_value(value.reveal()) || is_the_clients(name)) {
      return false;
    }
    bytes += name.size() + value.reveal().size();
  }
  return headers.size() <= most_headers && bytes <= most_header_bytes;
}

constexpr std::string_view header_rule =
    "is not a list of HTTP headers (at most 64, 8 KiB together, none that say how the request is "
    "made)";

/// "OTEL_EXPORTER_OTLP_TRACES_HEADERS" and "OTEL_EXPORTER_OTLP_HEADERS".
struct Variables {
  Variables(OtlpSignal signal, std::string_view suffix) {
    std::string upper(to_string(signal));
    for (char& c : upper) c = static_cast<char>(c - 'a' + 'A');
    own = "OTEL_EXPORTER_OTLP_" + upper + '_' + std::string(suffix);
    general = "OTEL_EXPORTER_OTLP_" + std::string(suffix);
  }
  std::string own;
  std::string general;
};

SettingId setting_of(std::string_view suffix) noexcept {
  if (suffix == "HEADERS") return SettingId::otlp_headers;
  if (suffix == "PROTOCOL") return SettingId::otlp_protocol;
  if (suffix == "COMPRESSION") return SettingId::otlp_compression;
  if (suffix == "TIMEOUT") return SettingId::otlp_timeout;
  if (suffix == "CERTIFICATE") return SettingId::otlp_ca_file;
  if (suffix == "CLIENT_CERTIFICATE") return SettingId::otlp_client_certificate;
  return SettingId::otlp_client_key;
}

/// One signal of one Otlp.
class SignalReader {
public:
  SignalReader(const Otlp& given, std::string_view setting, OtlpSignal signal,
               const Environment& environment, SettingResolver& resolver)
      : given_(given),
        setting_(setting),
        signal_(signal),
        environment_(environment),
        resolver_(resolver) {}

  Result<FinalOutput> read();

private:
  template <class T, class Parse>
  std::optional<T> from_environment(std::string_view suffix, Parse&& parse, std::string_view rule,
                                    std::string_view mend, bool hidden = false);
  Result<std::string> url();
  std::string url_from_environment();
  Result<void> read_headers(OtlpDestination& to);
  Result<void> read_timeout(OtlpDestination& to);
  void read_choices(OtlpDestination& to);
  std::string file(const std::string& in_code, std::string_view suffix, SettingId id);
  const std::string& own_endpoint() const noexcept;
  SettingId own_endpoint_setting() const noexcept;

  const Otlp& given_;
  std::string_view setting_;
  OtlpSignal signal_;
  const Environment& environment_;
  SettingResolver& resolver_;
};

template <class T, class Parse>
std::optional<T> SignalReader::from_environment(std::string_view suffix, Parse&& parse,
                                                std::string_view rule, std::string_view mend,
                                                bool hidden) {
  const Variables names(signal_, suffix);
  for (const std::string& name : {names.own, names.general}) {
    const auto text = environment_.get(name);
    if (!text) continue;
    if (std::optional<T> value = parse(*text)) {
      resolver_.remember(setting_of(suffix), hidden ? "set, values hidden" : quoted(*text),
                         Origin::environment, name);
      return value;
    }
    resolver_.ignore(name, hidden ? "(value hidden)" : quoted(*text), rule, mend);
  }
  const SettingId id = setting_of(suffix);
  const auto given = environment_.in_file(id);
  if (!given) return std::nullopt;
  if (std::optional<T> value = parse(given->text)) {
    resolver_.remember(id, hidden ? "set, values hidden" : quoted(given->text), *given);
    return value;
  }
  if (hidden) {
    resolver_.ignore_hidden(*given, rule, mend);
  } else {
    resolver_.ignore(*given, rule, mend);
  }
  return std::nullopt;
}

const std::string& SignalReader::own_endpoint() const noexcept {
  switch (signal_) {
    case OtlpSignal::traces: return given_.traces_endpoint;
    case OtlpSignal::metrics: return given_.metrics_endpoint;
    case OtlpSignal::logs: break;
  }
  return given_.logs_endpoint;
}

SettingId SignalReader::own_endpoint_setting() const noexcept {
  switch (signal_) {
    case OtlpSignal::traces: return SettingId::otlp_traces_endpoint;
    case OtlpSignal::metrics: return SettingId::otlp_metrics_endpoint;
    case OtlpSignal::logs: break;
  }
  return SettingId::otlp_logs_endpoint;
}

std::string path_of(OtlpSignal signal) {
  return "/v1/" + std::string(to_string(signal));
}

std::optional<std::string> url_with_path(std::string_view base, OtlpSignal signal) {
  auto endpoint = parse_otlp_endpoint(base);
  if (!endpoint || endpoint->path.find('?') != std::string::npos) return std::nullopt;
  while (endpoint->path.ends_with('/')) endpoint->path.pop_back();
  return endpoint->text() + path_of(signal);
}

std::optional<std::string> url_as_it_is(std::string_view text) {
  auto endpoint = parse_otlp_endpoint(text);
  if (!endpoint) return std::nullopt;
  if (!endpoint->path.starts_with('/')) endpoint->path.insert(0, 1, '/');
  return endpoint->text();
}

constexpr std::string_view endpoint_rule =
    "is not an http:// or https:// URL without user and password (and, of a base, without query)";
constexpr std::string_view endpoint_mend = "write http://<host>:4318; keys go into headers";

std::string SignalReader::url_from_environment() {
  const Variables names(signal_, "ENDPOINT");
  if (const auto own = environment_.get(names.own)) {
    if (auto url = url_as_it_is(*own)) {
      resolver_.remember(own_endpoint_setting(), quoted(*own), Origin::environment, names.own);
      return std::move(*url);
    }
    resolver_.ignore(names.own, quoted(*own), endpoint_rule, endpoint_mend);
  }
  if (const auto general = environment_.get(names.general)) {
    if (auto url = url_with_path(*general, signal_)) {
      resolver_.remember(SettingId::otlp_endpoint, quoted(*general), Origin::environment,
                         names.general);
      return std::move(*url);
    }
    resolver_.ignore(names.general, quoted(*general), endpoint_rule, endpoint_mend);
  }
  if (const auto own = environment_.in_file(own_endpoint_setting())) {
    if (auto url = url_as_it_is(own->text)) {
      resolver_.remember(own_endpoint_setting(), quoted(own->text), *own);
      return std::move(*url);
    }
    resolver_.ignore(*own, endpoint_rule, endpoint_mend);
  }
  if (const auto general = environment_.in_file(SettingId::otlp_endpoint)) {
    if (auto url = url_with_path(general->text, signal_)) {
      resolver_.remember(SettingId::otlp_endpoint, quoted(general->text), *general);
      return std::move(*url);
    }
    resolver_.ignore(*general, endpoint_rule, endpoint_mend);
  }
  return std::string(default_endpoint) + path_of(signal_);
}

Result<std::string> SignalReader::url() {
  const std::string_view own = trimmed(own_endpoint());
  const std::string_view general = trimmed(given_.endpoint);
  if (own.empty() && general.empty()) return url_from_environment();
  auto url = own.empty() ? url_with_path(general, signal_) : url_as_it_is(own);
  if (url) {
    resolver_.remember(own.empty() ? SettingId::otlp_endpoint : own_endpoint_setting(),
                       quoted(*url), Origin::code);
    return std::move(*url);
  }
  const std::string field =
      own.empty() ? "endpoint" : std::string(to_string(signal_)) + "_endpoint";
  return refused(setting_, field,
                 "= " + quoted(own.empty() ? general : own) + " " + std::string(endpoint_rule) +
                     "; " + std::string(endpoint_mend));
}

Result<void> SignalReader::read_headers(OtlpDestination& to) {
  if (given_.headers.empty()) {
    to.headers =
        from_environment<Headers>("HEADERS", parse_otlp_headers, header_rule,
                                  "write name=value,name=value with %XX for ',' and '%'", true)
            .value_or(Headers{});
    return {};
  }
  for (const auto& [name, value] : given_.headers) to.headers.emplace_back(name, Secret(value));
  if (are_headers(to.headers)) return {};
  return refused(setting_, "headers", std::string("(values hidden) ").append(header_rule));
}

Result<void> SignalReader::read_timeout(OtlpDestination& to) {
  const auto in_range = [](std::chrono::milliseconds timeout) {
    return timeout.count() >= 1 && timeout <= longest_timeout;
  };
  constexpr std::string_view rule = "is not within 1 to 120000 ms";
  if (given_.timeout) {
    to.timeout = *given_.timeout;
    if (in_range(to.timeout)) return {};
    return refused(setting_, "timeout",
                   "= " + std::to_string(to.timeout.count()) + " ms " + std::string(rule));
  }
  const auto parse = [&](std::string_view text) -> std::optional<std::chrono::milliseconds> {
    const auto number = parse_number(text);
    if (!number || *number > static_cast<std::uint64_t>(longest_timeout.count())) return {};
    const std::chrono::milliseconds timeout{static_cast<std::int64_t>(*number)};
    return in_range(timeout) ? std::optional(timeout) : std::nullopt;
  };
  if (const auto timeout = from_environment<std::chrono::milliseconds>(
          "TIMEOUT", parse, rule, "choose a number of milliseconds within")) {
    to.timeout = *timeout;
  }
  return {};
}

std::optional<OtlpProtocol> parse_protocol(std::string_view text) {
  if (equal_ignoring_case(text, "http/protobuf")) return OtlpProtocol::http_protobuf;
  if (equal_ignoring_case(text, "http/json")) return OtlpProtocol::http_json;
  return std::nullopt;
}

std::optional<bool> parse_compression(std::string_view text) {
  if (equal_ignoring_case(text, "gzip")) return true;
  if (equal_ignoring_case(text, "none")) return false;
  return std::nullopt;
}

void SignalReader::read_choices(OtlpDestination& to) {
  const auto protocol = from_environment<OtlpProtocol>(
      "PROTOCOL", parse_protocol, "is not a protocol that is supported",
      "choose http/protobuf or http/json; of a Collector both are on port 4318, grpc is not "
      "spoken");
  to.protocol = given_.protocol.value_or(protocol.value_or(OtlpProtocol::http_protobuf));
  const auto gzip =
      from_environment<bool>("COMPRESSION", parse_compression,
                             "is not a compression that is supported", "choose gzip or none");
  to.gzip =
      given_.compression ? *given_.compression == OtlpCompression::gzip : gzip.value_or(false);
}

std::string SignalReader::file(const std::string& in_code, std::string_view suffix, SettingId id) {
  if (!in_code.empty()) {
    resolver_.remember(id, printable(in_code, 200), Origin::code);
    return in_code;
  }
  const auto any = [](std::string_view text) { return std::optional<std::string>(text); };
  auto name = from_environment<std::string>(suffix, any, "", "");
  if (!name) return {};
  return std::move(*name);
}

Result<FinalOutput> SignalReader::read() {
  FinalOutput output;
  output.kind = OutputKind::otlp;
  output.otlp.signal = signal_;
  auto url = this->url();
  if (!url) return std::move(url).error();
  output.otlp.url = std::move(*url);
  output.identity = output_identity(output.otlp.url, "otlp");
  if (auto read = read_headers(output.otlp); !read) return read.error();
  if (auto read = read_timeout(output.otlp); !read) return read.error();
  read_choices(output.otlp);
  output.ca_file = file(given_.ca_file, "CERTIFICATE", SettingId::otlp_ca_file);
  output.otlp.client_certificate_file = file(given_.client_certificate_file, "CLIENT_CERTIFICATE",
                                             SettingId::otlp_client_certificate);
  output.otlp.client_key_file =
      file(given_.client_key_file, "CLIENT_KEY", SettingId::otlp_client_key);
  output.otlp.user_agent =
      "posthaste/" POSTHASTE_VERSION " OTel-OTLP-Exporter-Cpp/" POSTHASTE_VERSION;
  for (const std::string* path :
       {&output.ca_file, &output.otlp.client_certificate_file, &output.otlp.client_key_file}) {
    if (path->find('\0') != std::string::npos) {
      return refused(setting_, "ca_file or a client file", "holds a NUL; give a file's path");
    }
  }
  return output;
}

std::optional<TemporalityPreference> parse_temporality(std::string_view text) {
  if (equal_ignoring_case(text, "cumulative")) return TemporalityPreference::cumulative;
  if (equal_ignoring_case(text, "delta")) return TemporalityPreference::delta;
  if (equal_ignoring_case(text, "lowmemory")) return TemporalityPreference::low_memory;
  return std::nullopt;
}

std::string_view text_of_temporality(TemporalityPreference preference) noexcept {
  switch (preference) {
    case TemporalityPreference::cumulative: return "cumulative";
    case TemporalityPreference::delta: return "delta";
    case TemporalityPreference::low_memory: break;
  }
  return "lowmemory";
}

constexpr std::string_view by_base2 = "base2_exponential_bucket_histogram";
constexpr std::string_view by_boundaries = "explicit_bucket_histogram";

std::optional<bool> parse_histograms(std::string_view text) {
  if (equal_ignoring_case(text, by_base2)) return true;
  if (equal_ignoring_case(text, by_boundaries)) return false;
  return std::nullopt;
}

std::string_view text_of_histograms(bool exponential) noexcept {
  return exponential ? by_base2 : by_boundaries;
}

MetricPreferences metric_preferences(const Otlp& given, SettingResolver& resolver) {
  MetricPreferences preferences;
  const auto temporality =
      resolver.choose(SettingId::otlp_temporality, parse_temporality, text_of_temporality,
                      "is not a temporality preference", "choose cumulative, delta or lowmemory");
  const auto exponential =
      resolver.choose(SettingId::otlp_histograms, parse_histograms, text_of_histograms,
                      "is not a histogram aggregation",
                      "choose explicit_bucket_histogram or base2_exponential_bucket_histogram");
  if (const auto& code = given.temporality) {
    resolver.remember(SettingId::otlp_temporality, std::string(text_of_temporality(*code)),
                      Origin::code);
  }
  if (const auto& code = given.exponential_histograms) {
    resolver.remember(SettingId::otlp_histograms, std::string(text_of_histograms(*code)),
                      Origin::code);
  }
  preferences.temporality =
      given.temporality.value_or(temporality.value_or(TemporalityPreference::cumulative));
  preferences.exponential_histograms =
      given.exponential_histograms.value_or(exponential.value_or(false));
  return preferences;
}

}  // namespace

std::optional<Headers> parse_otlp_headers(std::string_view text) {
  Headers headers;
  for (const std::string_view piece : split(text, ',')) {
    const std::size_t equals = piece.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    auto name = percent_decoded(trimmed(piece.substr(0, equals)));
    auto value = percent_decoded(trimmed(piece.substr(equals + 1)));
    if (!name || !value) return std::nullopt;
    headers.emplace_back(std::move(*name), Secret(std::move(*value)));
  }
  if (!are_headers(headers)) return std::nullopt;
  return headers;
}

Result<std::vector<FinalOutput>> make_otlp_outputs(const Otlp& given, std::string_view setting,
                                                   const Environment& environment,
                                                   SettingResolver& resolver) {
  const MetricPreferences metrics = metric_preferences(given, resolver);
  std::vector<FinalOutput> outputs;
  for (const auto& [signal, sent] : {std::pair(OtlpSignal::traces, given.send_traces),
                                     std::pair(OtlpSignal::metrics, given.send_metrics),
                                     std::pair(OtlpSignal::logs, given.send_logs)}) {
    if (!sent) continue;
    auto output = SignalReader(given, setting, signal, environment, resolver).read();
    if (!output) return std::move(output).error();
    output->metrics = metrics;
    outputs.push_back(std::move(*output));
  }
  if (outputs.empty()) {
    return Error(ErrorCode::invalid_setting,
                 std::string(setting) +
                     " (set in code) sends no signal; leave it out, or set one of send_traces, "
                     "send_metrics and send_logs");
  }
  return outputs;
}

}  // namespace posthaste::config
