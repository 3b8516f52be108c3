#pragma once

/// The resource detector `azure_vm`: asks Azure's instance metadata service, once, which machine
/// this is, and amends the arena's resource when the answer comes.
///
///   Pipeline::start ─► ask ─► [io thread: GET ─► wire::parse_vm_metadata ─► Arena::set_resource]
///
/// Nobody waits for it: what is encoded before the answer carries the resource without it. Without
/// an answer that makes sense, one diagnostic says so and nothing changes.
///
/// Threads: called where the pipeline is started; the rest happens on the io thread.
/// Blocking: never; at most five seconds pass until the request is given up. No proxy is used and
/// no redirect followed: the service answers on the machine itself. Full: of an answer at most
/// 64 KiB are taken.

#include "actors/durable.h"
#include "runtime/http/client.h"
#include "runtime/http/io_thread.h"

#include <memory>
#include <string>

namespace posthaste::actors {

inline constexpr const char* azure_vm_metadata_url =
    "http://169.254.169.254/metadata/instance/compute?api-version=2021-12-13&format=json";

/// The client that asks, to be kept until the io thread has ended; null where it cannot be asked,
/// which has then been said.
std::unique_ptr<http::Client> ask_vm_metadata(http::IoThread& io,
                                              std::shared_ptr<const Durable> durable,
                                              const std::string& url);

}  // namespace posthaste::actors
