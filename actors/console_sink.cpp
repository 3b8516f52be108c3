#include "actors/console_sink.h"

#include "actors/encoded_extent.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace posthaste::actors {
namespace {

class ConsoleSink final : public LocalSink {
public:
  ConsoleSink(const arena::Arena& arena, const config::FinalOutput& output)
      : encoder_(arena, output),
        descriptor_(output.stream == Console::Stream::standard_output ? STDOUT_FILENO
                                                                      : STDERR_FILENO) {}

  void take(const LocalRecord& record) noexcept override {
    const auto view = model::RecordView::from(record.bytes);
    if (!view) return;
    lines_.clear();
    encoder_.current().encode(*view, lines_);
    write(lines_.view());
  }

private:
  void write(std::string_view text) const noexcept {
    while (!text.empty()) {
      const ssize_t written = ::write(descriptor_, text.data(), text.size());
      if (written > 0) {
        text.remove_prefix(static_cast<std::size_t>(written));
      } else if (written < 0 && errno == EINTR) {
        continue;
      } else {
        return;
      }
    }
  }

  ArenaEncoder encoder_;
  wire::ByteBuffer lines_;
  int descriptor_;
};

}  // namespace

std::shared_ptr<LocalSink> sink_of(const config::FinalOutput& output,
                                   std::shared_ptr<LocalSink> given, const arena::Arena& arena) {
  if (output.is_remote()) return nullptr;
  if (given) return given;
  if (output.kind == config::OutputKind::local) return output.sink;
  return std::make_shared<ConsoleSink>(arena, output);
}

}  // namespace posthaste::actors
