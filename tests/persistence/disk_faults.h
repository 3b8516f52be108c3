#pragma once

/// Makes the disk fail: this program's own pwrite, writev and fdatasync stand before the C
/// library's, for LMDB too. Armed, the n-th call from now on fails, once or for ever. They can also
/// be written down, for what a loss of power would leave of them.
///
/// Threads: one.

#include <sys/types.h>

#include <cstdint>
#include <vector>

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

/// What was done to a file: bytes written, or (without any) a sync of all that was written before.
struct DiskAct {
  ino_t file = 0;
  off_t offset = 0;
  std::vector<char> bytes;
  bool synced = false;  // the write itself was: its descriptor has O_DSYNC
};

/// Adds what is done from now on; null: no longer.
void write_down(std::vector<DiskAct>* acts);

}  // namespace posthaste::persistence
