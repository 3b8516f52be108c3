#include "tools/text_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace posthaste::tools {
namespace {

Error failure(const std::string& path) {
  return Error(ErrorCode::store_io, "cannot write " + path + ": " + std::strerror(errno));
}

}  // namespace

Result<void> replace_text_file(const std::string& path, std::string_view text) {
  const std::string draft = path + '.' + std::to_string(::getpid()) + ".new";
  std::FILE* const file = std::fopen(draft.c_str(), "we");
  if (file == nullptr) return failure(draft);
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (std::fclose(file) != 0 || !written) return failure(draft);
  if (std::rename(draft.c_str(), path.c_str()) != 0) return failure(path);
  return {};
}

}  // namespace posthaste::tools
