#pragma once

/// Every message of the pipeline. None carries data: data lies in arena, store and Custody, so that
/// no message which is lost with its receiver's mailbox takes anything along.
///
///   message    from                              to                    costs
///   Kick       whoever changed something         any part, supervisor  about 1 µs, 8 µs if it
///   wakes Tick       a shell, to itself, delayed       itself                2 wake-ups Answered
///   the io thread, one per request    its delivery          about 8 µs Crash      Pipeline::kill,
///   in drills         any part              the receiver exit       supervisor, when it stops its
///   children          - down       CAF, when a child is dead         supervisor;           -
///                                                transmitter (of its deliveries)
///
/// Included by the sources that know CAF, and by no others.

#include <caf/allowed_unsafe_message_type.hpp>

#include <cstdint>

namespace posthaste::actors {

struct Kick {};
struct Tick {
  std::uint64_t generation;  // of the shell's timer; an older one has been replaced
};
struct Answered {};
struct Crash {};

}  // namespace posthaste::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(posthaste::actors::Kick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(posthaste::actors::Tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(posthaste::actors::Answered)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(posthaste::actors::Crash)
