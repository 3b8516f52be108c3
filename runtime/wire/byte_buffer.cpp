#include "runtime/wire/byte_buffer.h"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace posthaste::wire {

ByteBuffer::~ByteBuffer() {
  std::free(data_);
}

void ByteBuffer::grow(std::size_t n) {
  const std::size_t size = this->size();
  const std::size_t least = size + n;
  if (least < size) throw std::bad_alloc();
  const std::size_t capacity = std::max({least, this->capacity() * 2, std::size_t{256}});
  void* const data = std::realloc(data_, capacity);
  if (data == nullptr) throw std::bad_alloc();
  data_ = static_cast<char*>(data);
  end_ = data_ + size;
  limit_ = data_ + capacity;
}

}  // namespace posthaste::wire
