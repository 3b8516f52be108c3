#include "persistence/little_endian.h"
#include "persistence/store_format.h"
#include "persistence/store_ledger.h"
#include "runtime/base/crc32c.h"

#include <cstdlib>
#include <vector>

namespace {

using namespace posthaste::persistence;
using posthaste::crc32c;

void decode_all(std::span<const std::byte> bytes) {
  static_cast<void>(decode_key(bytes));
  if (const auto record = decode_batch_header(bytes)) {
    const auto again = decode_batch_header(encode(*record));
    if (!again || again->key != record->key || again->header != record->header) std::abort();
  }
  StoreHeader header;
  if (decode(bytes, header) == StoreHeaderCheck::good) {
    StoreHeader again;
    if (decode(encode(header), again) != StoreHeaderCheck::good || again.writer != header.writer ||
        again.next_key != header.next_key)
      std::abort();
  }
  if (const auto ledger = decode_ledger(bytes)) {
    const auto again = decode_ledger(encode(*ledger));
    if (!again || again->rows != ledger->rows) std::abort();
  }
}

}  // namespace

/// Any bytes as they are, and with their check made right, so that what lies behind it is reached.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = std::byte{data[i]};
  decode_all(bytes);
  for (const std::size_t length : {store_header_bytes, batch_header_bytes, StoreLedger::bytes}) {
    bytes.resize(length);
    const std::span<const std::byte> checked{bytes.data(), length - 4};
    store(bytes.data() + length - 4, crc32c(checked));
    decode_all(bytes);
  }
  return 0;
}
