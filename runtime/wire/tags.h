#pragma once

/// The tags of an item: those of the process, the same in every item and therefore made once, and
/// those of a user, found in the attributes. Threads: none.

#include "runtime/model/resource.h"
#include "runtime/wire/item_writer.h"
#include "runtime/wire/seen_attributes.h"

#include <optional>
#include <string>

namespace posthaste::wire {

/// The role that the resource names: `[namespace.]name`, else what Kubernetes calls it.
std::string cloud_role(const model::Resource& resource);
std::string cloud_role_instance(const model::Resource& resource);

/// `"ai.internal.sdkVersion":"...", ...`: the constant tags, without a comma at either end. Not
/// empty.
void append_constant_tags(const model::Resource& resource, std::string_view sdk_version,
                          ByteBuffer& out);

/// The resource's, which a span may override.
struct DeviceTags {
  std::string id;
  std::string model;

  static DeviceTags of(const model::Resource& resource);
};

/// Where the client's address is looked for, behind microsoft.client.ip.
enum class ClientIp : std::uint8_t {
  if_given,       // nowhere else: a dependency's client is this process
  of_client,      // client.address, http.client_ip
  of_connection,  // there, else at the other end of the connection: a server's
};

/// Operation name and user, which the items of a span's events have as well. Marks as carried.
void write_shared_tags(ItemWriter& item, std::optional<std::string_view> operation_name,
                       ClientIp ip, SeenAttributes& seen);
/// Of the resource alone, for items without attributes of a user.
void write_device_tags(ItemWriter& item, const DeviceTags& device);
/// Session, user agent, device. Marks as carried.
void write_own_tags(ItemWriter& item, const DeviceTags& device, SeenAttributes& seen);
/// Those of an item made of an event: its own session, else its span's.
void write_event_tags(ItemWriter& item, const DeviceTags& device,
                      std::optional<std::string_view> span_session, SeenAttributes& seen);
/// Whether a robot made it, or a test of availability: by the tag, or by the user agent of
/// Application Insights' own tests.
bool is_synthetic(SeenAttributes& seen);
/// Texts only: a session that is a number is none; an empty `session.id` is one.
std::optional<std::string_view> session_of(const SeenAttributes& seen) noexcept;

}  // namespace posthaste::wire
