#include "tools/otlp/item_memory.h"

#include <cstring>

namespace posthaste::tools::otlp {

std::string_view ItemMemory::keep(std::string_view text) {
  if (text.empty()) return {};
  char* const copy = characters(text.size());
  std::memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

void* ItemMemory::Limited::do_allocate(std::size_t bytes, std::size_t alignment) {
  if (bytes > most_bytes - used_) throw limit_reached{};
  void* const at = std::pmr::new_delete_resource()->allocate(bytes, alignment);
  used_ += bytes;
  return at;
}

void ItemMemory::Limited::do_deallocate(void* at, std::size_t bytes, std::size_t alignment) {
  used_ -= bytes;
  std::pmr::new_delete_resource()->deallocate(at, bytes, alignment);
}

}  // namespace posthaste::tools::otlp
