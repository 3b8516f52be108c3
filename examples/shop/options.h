#pragma once

/// The shop's command line.

#include <cstdint>
#include <optional>
#include <string>

namespace shop {

struct Options {
  std::uint16_t port = 8080;  // 0: any free one
  unsigned threads = 2;
  std::string store_directory;  // empty: as posthaste chooses
  std::string ready_file;
  std::string ledger_file;
  std::string ids_file;
};

/// What --help prints.
extern const char* const usage;

/// Nothing when the arguments are wrong; `complaint` then says how, or is empty for --help.
std::optional<Options> read_options(int count, char** arguments, std::string& complaint);

}  // namespace shop
