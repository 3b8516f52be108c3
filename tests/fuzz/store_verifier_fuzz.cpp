#include "persistence/store_verifier.h"

#include "tests/fuzz/store_sample.h"

#include <cstdlib>
#include <cstring>

namespace {

using namespace posthaste::persistence;

class MemorySource final : public ByteSource {
public:
  explicit MemorySource(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::uint64_t size() const noexcept override { return bytes_.size(); }
  bool read(std::uint64_t offset, std::span<std::byte> out) const noexcept override {
    if (offset > bytes_.size() || out.size() > bytes_.size() - offset) return false;
    std::memcpy(out.data(), bytes_.data() + offset, out.size());
    return true;
  }

private:
  std::span<const std::byte> bytes_;
};

void verify(std::span<const std::byte> bytes) {
  const FileReport report = verify_data_file(MemorySource{bytes});
  const bool has_problem = report.state == FileState::damaged || report.state == FileState::foreign;
  if (has_problem == report.problem.empty()) std::abort();
  if (report.free_pages + report.unaccounted_pages > report.pages) std::abort();
}

}  // namespace

/// Any bytes, and a genuine file with any edits: never a crash, a hang or an endless walk.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> input{data, size};
  if (size > 0 && data[0] == 'R') {
    verify(std::as_bytes(input.subspan(1)));
  } else {
    verify(edited_store_sample(input));
  }
  return 0;
}
