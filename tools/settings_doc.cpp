/// Prints docs/settings.md from the table of settings, or compares a file with it.
///
///   settings_doc                  prints the page
///   settings_doc --compare FILE   exit code 1 and one line on stderr if FILE differs

#include "runtime/config/settings_table.h"
#include "runtime/config/unread_variables.h"

#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>

namespace posthaste::config {
namespace {

constexpr std::string_view head = R"(# Settings

<!-- Printed by `settings_doc` from runtime/config/settings.def: change that, then run
     `settings_doc > docs/settings.md`. -->

A program sets what it wants in `posthaste::Settings` and leaves the rest unset:

<!-- compile -->
```cpp
#include <posthaste/posthaste.h>

#include <chrono>

int main() {
  using namespace std::chrono_literals;
  auto telemetry = posthaste::start({.service_name = "orders", .shutdown_deadline = 2s});
}
```

- **Precedence**: code over environment over settings file over default. Everything is read once, at
  start.
- **Unset**: an empty string, an empty optional, an empty list; in the environment an empty or blank
  value.
- **A wrong value in code** starts nothing and is reported in one line: the setting, its value, the
  rule and the mend. The program goes on without telemetry.
- **A wrong value in the environment or the file** is reported in one line and ignored; the next
  variable in the row, else the file's value, else the default, is used.
- **Several variables** in a row stand in their order of precedence, unless the row says otherwise.
- **Secrets** (instrumentation keys, proxy passwords) are shown in no message.

Numbers in the environment are digits alone, times are milliseconds, and `true` and `false` may be
written in any case.

`posthaste settings` shows what is in force and where each value came from, and ends with 1 when
something was ignored. `posthaste settings --file F` tries a file.

## The settings file

`Settings::file`, else `POSTHASTE_CONFIG_FILE`, names a TOML file of at most 1 MiB. Its keys are those
of the column *In the file* below; a key that is none, a value of the wrong type and a line that is not TOML
are reported with file and line.

<!-- run -->
```sh
cat >posthaste.toml <<'END'
service_name = "orders"
connection_string = "InstrumentationKey=00000000-0000-4000-8000-000000000001"
sampling = 0.25
drop = ["GET /healthz", "url.path=/live*"]
store.enabled = false

[resource_attributes]
deployment.environment.name = "production"

[batch]
size = 256
delay = 2000
END
posthaste settings --file posthaste.toml --given
```

`store.directory` and `arena_dir` of the file stand above `$STATE_DIRECTORY`, `$HOME` and the like, which
are said to every program and not to this one. A sampler of the environment replaces the file's as a
whole.
)";

constexpr std::string_view tail = R"(
## What is checked between settings

| Rule | Why | When it is broken |
|---|---|---|
| `batch.size` <= `batch.max_waiting`, where that is set | a batch would never fill | the one of lower precedence is adapted; both in code: refused |
| `batch.export_timeout` <= `store.max_age` | a batch would be too old for the store the moment it gets there | as above |
| outputs * `max_in_flight` * 64 KiB <= `arena_size` / 2 | batches on their way take a segment at least, and half of the arena is for what is being recorded | `max_in_flight` is lowered; set in code: refused |
| `store.cap` >= 1 MiB for each output | each queue must be able to hold one batch of the largest size | refused |
| no two outputs to the same endpoint and key | everything would arrive twice | refused |

## The connection string

`key=value` pairs with `;` between them, split at the first `=`; blanks around both and empty pieces
are allowed, keys may be in any case, unknown ones are ignored, and of the same key given twice the
last counts.

| Key | Rule |
|---|---|
| `InstrumentationKey` | required; a GUID in any case, sent as it is given |
| `IngestionEndpoint`, `LiveEndpoint` | `https://`; plain `http://` to this machine alone (localhost, 127.0.0.0/8, ::1); no user name, query or fragment |
| `EndpointSuffix`, `Location` | where an endpoint is not given: `https://[<Location>.]dc.<EndpointSuffix>`, and `live` in place of `dc`; without a suffix the public endpoints |
| `Authorization` | `ikey`, if given |
| `ApplicationId` | kept |
)";

std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    if (c == '<') {
      out += "&lt;";
    } else {
      out += c;
    }
  }
  return out;
}

std::string code(std::string_view text) {
  return '`' + std::string(text) + '`';
}

std::string environment_cell(const SettingRow& row) {
  std::string out;
  for (const std::string_view name : environment_names(row)) {
    if (!out.empty()) out += "<br>";
    out += code(name);
  }
  return out;
}

std::string file_cell(const SettingRow& row) {
  const std::string key = file_key(row);
  return key.empty() ? std::string() : code(key);
}

std::string meaning_cell(const SettingRow& row) {
  std::string out = cell(row.meaning);
  if (!row.zero.empty()) out += " Zero: " + cell(row.zero) + '.';
  if (!row.cost.empty()) out += " Cost: " + cell(row.cost) + '.';
  return out;
}

void print_table(std::ostream& out, Ruler ruler) {
  out << "\n| Setting | Environment | In the file | Unset | Range | For each | What it does |\n"
         "|---|---|---|---|---|---|---|\n";
  for (const SettingRow& row : settings_table()) {
    if (row.ruler != ruler) continue;
    out << "| " << code(row.name) << " | " << environment_cell(row) << " | " << file_cell(row)
        << " | " << cell(default_of(row)) << " | " << (row.is_number() ? range_text(row) : "")
        << " | " << row.scope << " | " << meaning_cell(row) << " |\n";
  }
}

std::string names_cell(const UnreadVariables& row) {
  std::string out;
  std::string_view rest = row.names;
  while (!rest.empty()) {
    const std::size_t blank = rest.find(' ');
    if (!out.empty()) out += "<br>";
    out += code(rest.substr(0, blank));
    rest = blank == std::string_view::npos ? std::string_view() : rest.substr(blank + 1);
  }
  return out;
}

void print_unread(std::ostream& out) {
  out << R"(
## Variables that are not read

OpenTelemetry and Microsoft's exporters know more variables than have a meaning here. Those with an *instead*
are reported in one line at start when they are set; variables of other languages' instrumentations are not
listed. `*` stands for nothing, `TRACES_`, `METRICS_` and `LOGS_`.

| Variable | Why | Instead |
|---|---|---|
)";
  for (const UnreadVariables& row : unread_variables()) {
    out << "| " << names_cell(row) << " | " << cell(row.why) << " | " << cell(row.mend) << " |\n";
  }
}

std::string page() {
  std::ostringstream out;
  out << head << "\n## Behaviour\n";
  print_table(out, Ruler::behaviour);
  out << "\n## Performance\n";
  print_table(out, Ruler::performance);
  print_unread(out);
  out << tail;
  return out.str();
}

int compare(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string found{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (file && found == page()) return 0;
  std::cerr << path << " is not what settings_doc prints; run: settings_doc > docs/settings.md\n";
  return 1;
}

}  // namespace
}  // namespace posthaste::config

int main(int argc, char** argv) {
  if (argc == 1) {
    std::cout << posthaste::config::page();
    return std::cout.flush() ? 0 : 1;
  }
  if (argc == 3 && std::string_view(argv[1]) == "--compare") {
    return posthaste::config::compare(argv[2]);
  }
  std::cerr << "usage: settings_doc [--compare FILE]\n";
  return 2;
}
