#pragma once

/// Writes a file that appears whole or not at all, for others to wait for.

#include <posthaste/result.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

namespace posthaste::tools {

/// A file that is being written under another name, beside its place; removed unless it was put
/// there. Blocks.
class TextFileDraft {
public:
  static Result<TextFileDraft> begin(std::string path);
  TextFileDraft(TextFileDraft&& other) noexcept
      : path_(std::move(other.path_)),
        draft_(std::move(other.draft_)),
        file_(std::exchange(other.file_, nullptr)) {}
  TextFileDraft& operator=(TextFileDraft&&) = delete;
  ~TextFileDraft();

  Result<void> append(std::string_view text);
  /// Replaces what is at the path (mode 0644, less the umask).
  Result<void> finish();

private:
  TextFileDraft(std::string path, std::string draft, std::FILE* file)
      : path_(std::move(path)), draft_(std::move(draft)), file_(file) {}

  std::string path_;
  std::string draft_;
  std::FILE* file_;
};

/// Replaces `path` (mode 0644, less the umask). Blocks.
Result<void> replace_text_file(const std::string& path, std::string_view text);

}  // namespace posthaste::tools
