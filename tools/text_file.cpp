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

Result<TextFileDraft> TextFileDraft::begin(std::string path) {
  std::string draft = path + '.' + std::to_string(::getpid()) + ".new";
  std::FILE* const file = std::fopen(draft.c_str(), "we");
  if (file == nullptr) return failure(draft);
  return TextFileDraft(std::move(path), std::move(draft), file);
}

TextFileDraft::~TextFileDraft() {
  if (file_ == nullptr) return;
  std::fclose(file_);
  std::remove(draft_.c_str());
}

Result<void> TextFileDraft::append(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), file_) == text.size()) return {};
  return failure(draft_);
}

Result<void> TextFileDraft::finish() {
  const bool written = std::fflush(file_) == 0;
  if (!written || std::rename(draft_.c_str(), path_.c_str()) != 0) return failure(path_);
  std::fclose(std::exchange(file_, nullptr));
  return {};
}

Result<void> replace_text_file(const std::string& path, std::string_view text) {
  auto draft = TextFileDraft::begin(path);
  if (!draft) return std::move(draft).error();
  if (auto appended = draft->append(text); !appended) return appended;
  return draft->finish();
}

}  // namespace posthaste::tools
