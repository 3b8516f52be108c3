#include <posthaste/result.h>

namespace posthaste {

std::string_view to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_setting: return "invalid_setting";
    case ErrorCode::invalid_connection_string: return "invalid_connection_string";
    case ErrorCode::no_output: return "no_output";
    case ErrorCode::disabled: return "disabled";
    case ErrorCode::invalid_argument: return "invalid_argument";
    case ErrorCode::arena_unavailable: return "arena_unavailable";
    case ErrorCode::arena_foreign: return "arena_foreign";
    case ErrorCode::arena_damaged: return "arena_damaged";
    case ErrorCode::name_not_resolved: return "name_not_resolved";
    case ErrorCode::connect_failed: return "connect_failed";
    case ErrorCode::tls_failed: return "tls_failed";
    case ErrorCode::certificate_rejected: return "certificate_rejected";
    case ErrorCode::proxy_failed: return "proxy_failed";
    case ErrorCode::request_timed_out: return "request_timed_out";
    case ErrorCode::connection_lost: return "connection_lost";
    case ErrorCode::bad_response: return "bad_response";
    case ErrorCode::response_too_large: return "response_too_large";
    case ErrorCode::redirect_refused: return "redirect_refused";
    case ErrorCode::request_cancelled: return "request_cancelled";
    case ErrorCode::store_unavailable: return "store_unavailable";
    case ErrorCode::store_damaged: return "store_damaged";
    case ErrorCode::store_full: return "store_full";
    case ErrorCode::store_io: return "store_io";
    case ErrorCode::store_locked: return "store_locked";
    case ErrorCode::store_version: return "store_version";
    case ErrorCode::deadline_exceeded: return "deadline_exceeded";
    case ErrorCode::stopped: return "stopped";
    case ErrorCode::forked: return "forked";
    case ErrorCode::internal: return "internal";
  }
  return "unknown";
}

}  // namespace posthaste
