#pragma once

/// The CAF headers that the actors use, precompiled once (cmake: posthaste_precompile_caf): they
/// cost 3 s in each source otherwise. No file includes this one; a source names what it needs
/// itself.

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
