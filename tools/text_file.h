#pragma once

/// Writes a small file for others to wait for: it appears whole or not at all.

#include <posthaste/result.h>

#include <string>
#include <string_view>

namespace posthaste::tools {

/// Replaces `path` (mode 0644, less the umask). Blocks.
Result<void> replace_text_file(const std::string& path, std::string_view text);

}  // namespace posthaste::tools
