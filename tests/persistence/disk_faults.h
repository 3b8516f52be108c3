#pragma once

/// Makes the disk fail: this program's own pwrite, writev and fdatasync stand before the C
/// library's, for LMDB too. Armed, the n-th call from now on fails, once or for ever.
///
/// Threads: one.

#include <cstdint>

namespace posthaste::persistence {

enum class DiskCall : std::uint8_t { write, sync };

struct DiskFault {
  DiskCall call = DiskCall::write;
  int nth = 0;             // 1: the next one
  int error = 0;           // errno
  bool forever = false;    // and all after it
  bool cut_short = false;  // half of it is written, without an error
};

void arm(const DiskFault& fault);
void disarm();
/// Whether the fault has struck since it was armed.
bool has_struck();

}  // namespace posthaste::persistence
