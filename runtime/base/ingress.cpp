#include "runtime/base/ingress.h"

#include <sys/mman.h>

#include <new>

namespace posthaste {
namespace {

std::atomic<std::uint32_t> closed_for_ever{0};

std::atomic<std::uint32_t>* page_wiped_on_fork() noexcept {
  constexpr std::size_t size = 4096;
  void* page = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return nullptr;
  if (::madvise(page, size, MADV_WIPEONFORK) != 0) {
    ::munmap(page, size);
    return nullptr;
  }
  return new (page) std::atomic<std::uint32_t>{0};
}

}  // namespace

Ingress::Ingress() noexcept : word_(page_wiped_on_fork()) {
  if (word_ == nullptr) word_ = &closed_for_ever;
}

bool Ingress::usable() const noexcept {
  return word_ != &closed_for_ever;
}

}  // namespace posthaste
