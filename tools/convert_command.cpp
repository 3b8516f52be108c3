#include "tools/command.h"

#include "runtime/config/connection_string.h"
#include "tools/convert/conversion.h"
#include "tools/text_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace posthaste::tools {
namespace {

namespace fs = std::filesystem;
using otlp::RequestFormat;

constexpr std::string_view name = "convert";
/// What envelopes carry that nobody is to receive.
constexpr const char* default_key = "00000000-0000-0000-0000-000000000001";

const std::map<std::string, std::optional<RequestFormat>> formats{
    {"auto", std::nullopt},
    {"json", RequestFormat::json},
    {"protobuf-traces", RequestFormat::protobuf_traces},
    {"protobuf-metrics", RequestFormat::protobuf_metrics},
    {"protobuf-logs", RequestFormat::protobuf_logs}};

struct Options {
  std::vector<std::string> files;
  std::string format = "auto";
  std::string connection_string;
  std::string cases;
  std::string out;
  EnvelopeSettings envelopes;
};

Error cannot_read(const std::string& path) {
  return Error(ErrorCode::store_io, "cannot read " + path + ": " + std::strerror(errno));
}

/// All of it, or a byte more than a conversion takes.
Result<std::string> read_input(const std::string& path) {
  const bool is_stdin = path == "-";
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> opened(
      is_stdin ? nullptr : std::fopen(path.c_str(), "re"),
      [](std::FILE* file) { return file == nullptr ? 0 : std::fclose(file); });
  std::FILE* const file = is_stdin ? stdin : opened.get();
  if (file == nullptr) return cannot_read(path);
  std::string text;
  std::size_t read = 1;
  while (read != 0 && text.size() <= conversion_input_limit) {
    const std::size_t before = text.size();
    text.resize(std::min(std::max<std::size_t>(65'536, 2 * before), conversion_input_limit + 1));
    read = std::fread(text.data() + before, 1, text.size() - before, file);
    text.resize(before + read);
  }
  if (std::ferror(file) != 0) return cannot_read(path);
  return text;
}

ExitCode fail(const Error& error) {
  complain(name, error.message());
  return exit_code_of(error);
}

struct Outcome {
  ExitCode code = ExitCode::ok;
  bool whole = true;  // all of the input was converted, though perhaps not every item has a line
};

/// One input; says on stderr what became of it.
Outcome convert_file(const Options& options, const std::string& path, EnvelopeWriter::Write write) {
  const auto input = read_input(path);
  if (!input) return {fail(input.error()), false};
  const Conversion done =
      convert(*input, formats.at(options.format), options.envelopes, std::move(write));
  const std::string shown = path == "-" ? "stdin" : path;
  if (done.defect) {
    complain(name, shown + ": " + done.defect->to_string());
    return {ExitCode::not_so, false};
  }
  if (!done.written) return {fail(done.written.error()), false};
  Outcome outcome;
  for (const auto& [reason, count] : done.refused) {
    complain(name, shown + ": left out " + std::to_string(count) +
                       (count == 1 ? " item: " : " items: ") +
                       std::string(wire::to_string(reason)));
    // That a point without a number has no envelope is the mapping, not a failure.
    if (reason != wire::EncodeRefusal::not_finite) outcome.code = ExitCode::not_so;
  }
  return outcome;
}

Result<void> print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size()) return {};
  return Error(ErrorCode::store_io, std::string("cannot write stdout: ") + std::strerror(errno));
}

ExitCode convert_files(const Options& options) {
  ExitCode worst = ExitCode::ok;
  for (const std::string& path : options.files) {
    const Outcome outcome = convert_file(options, path, print);
    if (!outcome.whole) return outcome.code;
    if (outcome.code != ExitCode::ok) worst = outcome.code;
  }
  if (std::fflush(stdout) == 0) return worst;
  return fail(Error(ErrorCode::store_io, "cannot write stdout"));
}

/// The folders in `directory` that have an input.json, in order.
Result<std::vector<std::string>> list_cases(const std::string& directory) {
  std::vector<std::string> cases;
  std::error_code error;
  fs::directory_iterator entries(directory, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    std::error_code absent;
    if (!fs::is_regular_file(entries->path() / "input.json", absent)) continue;
    cases.push_back(entries->path().filename().string());
  }
  if (error) {
    return Error(ErrorCode::store_io, "cannot read " + directory + ": " + error.message());
  }
  if (cases.empty()) {
    return Error(ErrorCode::invalid_argument, directory + " has no <case>/input.json");
  }
  std::sort(cases.begin(), cases.end());
  return cases;
}

ExitCode convert_case(const Options& options, const std::string& each) {
  auto draft = TextFileDraft::begin((fs::path(options.out) / (each + ".ndjson")).string());
  if (!draft) return fail(draft.error());
  const Outcome outcome =
      convert_file(options, (fs::path(options.cases) / each / "input.json").string(),
                   [&](std::string_view text) { return draft->append(text); });
  if (!outcome.whole) return outcome.code;
  const auto finished = draft->finish();
  return finished ? outcome.code : fail(finished.error());
}

/// Goes on behind a malformed case: each has a file of its own.
ExitCode convert_cases(const Options& options) {
  const auto cases = list_cases(options.cases);
  if (!cases) return fail(cases.error());
  std::error_code error;
  fs::create_directories(options.out, error);
  if (error) {
    return fail(Error(ErrorCode::store_io, "cannot make " + options.out + ": " + error.message()));
  }
  ExitCode worst = ExitCode::ok;
  for (const std::string& each : *cases) {
    const ExitCode code = convert_case(options, each);
    if (code == ExitCode::environment) return code;
    if (code != ExitCode::ok) worst = code;
  }
  return worst;
}

ExitCode run(Options options) {
  options.envelopes.instrumentation_key = default_key;
  if (!options.connection_string.empty()) {
    const auto parsed = config::parse_connection_string(options.connection_string);
    if (!parsed) {
      return fail(Error(parsed.error()).with_context("connection string"));
    }
    options.envelopes.instrumentation_key = parsed->instrumentation_key.reveal();
  }
  if (!options.cases.empty()) return convert_cases(options);
  if (!options.files.empty()) return convert_files(options);
  return fail(Error(ErrorCode::invalid_argument, "name a FILE, - for stdin, or --cases DIR"));
}

}  // namespace

void add_convert_command(CLI::App& application, ExitCode& exit_code) {
  CLI::App* const command = application.add_subcommand(
      std::string(name), "Turn OTLP export requests into Application Insights envelopes");
  auto options = std::make_shared<Options>();
  CLI::Option* const files =
      command->add_option("FILE", options->files, "Export requests, JSON or protobuf; - is stdin");
  CLI::Option* const cases = command->add_option(
      "--cases", options->cases, "Convert each DIR/<case>/input.json into OUT/<case>.ndjson");
  CLI::Option* const out = command->add_option("--out", options->out, "The folder for --cases");
  cases->type_name("DIR")->needs(out)->excludes(files);
  out->type_name("DIR")->needs(cases);
  command->add_option("--format", options->format, "What the input is; auto: by its content")
      ->transform(CLI::IsMember(formats))
      ->capture_default_str();
  command
      ->add_option("--connection-string", options->connection_string,
                   "Whose instrumentation key the envelopes carry")
      ->envname("APPLICATIONINSIGHTS_CONNECTION_STRING");
  command->add_flag("--include-scope", options->envelopes.include_scope,
                    "Add the properties otel.scope.name and otel.scope.version");
  command->footer(std::string(exit_code_table));
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace posthaste::tools
