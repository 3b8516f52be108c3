#include "examples/shop/options.h"

#include <charconv>
#include <string_view>

namespace shop {

const char* const usage =
    "A small shop on 127.0.0.1 whose telemetry goes to Application Insights and to OTLP.\n"
    "  --port N         8080; 0: any free one\n"
    "  --threads N      that serve, 1 to 64; 2\n"
    "  --store DIR      where telemetry waits while its receiver is away\n"
    "  --ready-file F   written once the port is open: the line that goes to stdout too\n"
    "  --ledger F       written at the end: what became of every record, as JSON\n"
    "  --ids F          the ids of all that was recorded\n"
    "APPLICATIONINSIGHTS_CONNECTION_STRING and OTEL_EXPORTER_OTLP_ENDPOINT say where to, one or\n"
    "both. GET /telemetry tells how it goes.\n"
    "SIGTERM and SIGINT end it.\n";

namespace {

template <class Number>
bool read_number(std::string_view text, Number least, Number most, Number& number) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end && number >= least && number <= most;
}

bool read_option(std::string_view name, const std::string& value, Options& options) {
  if (name == "--port") return read_number<std::uint16_t>(value, 0, 65'535, options.port);
  if (name == "--threads") return read_number<unsigned>(value, 1, 64, options.threads);
  std::string* const text = name == "--store"        ? &options.store_directory
                            : name == "--ready-file" ? &options.ready_file
                            : name == "--ledger"     ? &options.ledger_file
                            : name == "--ids"        ? &options.ids_file
                                                     : nullptr;
  if (text != nullptr) *text = value;
  return text != nullptr && !value.empty();
}

}  // namespace

std::optional<Options> read_options(int count, char** arguments, std::string& complaint) {
  Options options;
  for (int i = 1; i < count; i += 2) {
    const std::string name = arguments[i];
    if (name == "--help" || name == "-h") return std::nullopt;
    const std::string value = i + 1 < count ? arguments[i + 1] : "";
    if (!read_option(name, value, options)) {
      complaint = "cannot read \"" + name + ' ' + value + "\"; --help lists the options";
      return std::nullopt;
    }
  }
  return options;
}

}  // namespace shop
