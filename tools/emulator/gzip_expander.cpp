#include "tools/emulator/gzip_expander.h"

#include <libdeflate.h>
#include <sys/mman.h>

#include <cstdlib>

namespace posthaste::tools {
namespace {

constexpr std::size_t kept = 4UL << 20;  // pages that stay between bodies

}  // namespace

struct GzipExpander::Decompressor {
  libdeflate_decompressor* handle = libdeflate_alloc_decompressor();
  Decompressor() {
    if (handle == nullptr) std::abort();
  }
  ~Decompressor() { libdeflate_free_decompressor(handle); }
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;
};

GzipExpander::GzipExpander(std::size_t bound)
    : decompressor_(std::make_unique<Decompressor>()), bound_(bound) {
  void* const memory = ::mmap(nullptr, bound_, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) std::abort();
  scratch_ = static_cast<char*>(memory);
}

GzipExpander::~GzipExpander() {
  ::munmap(scratch_, bound_);
}

GzipExpander::Outcome GzipExpander::expand(std::string_view compressed, std::string_view& text) {
  give_back();
  if (compressed.empty()) return Outcome::broken;
  while (!compressed.empty()) {
    std::size_t read = 0;
    std::size_t written = 0;
    const libdeflate_result result =
        libdeflate_gzip_decompress_ex(decompressor_->handle, compressed.data(), compressed.size(),
                                      scratch_ + used_, bound_ - used_, &read, &written);
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE) {
      used_ = bound_;
      return Outcome::too_large;
    }
    if (result != LIBDEFLATE_SUCCESS) {
      used_ = bound_;  // how far it wrote is not known
      return Outcome::broken;
    }
    used_ += written;
    compressed.remove_prefix(read);
  }
  text = {scratch_, used_};
  return Outcome::expanded;
}

void GzipExpander::give_back() noexcept {
  if (used_ > kept) ::madvise(scratch_ + kept, bound_ - kept, MADV_DONTNEED);
  used_ = 0;
}

}  // namespace posthaste::tools
