#include "runtime/wire/peer_address.h"

namespace posthaste::wire {
namespace {

std::string_view address_of(std::string_view host, std::string_view port,
                            const PeerQuestion& question, TextScratch& scratch) {
  const bool implied = port == question.implied_port || port == question.also_implied;
  return host_and_port(host, implied ? std::string_view() : port, question.implied_port, scratch);
}

/// The end of `text` is `:port`.
bool ends_with_port(std::string_view text, std::string_view port) noexcept {
  return text.ends_with(port) && text.size() > port.size() &&
         text[text.size() - port.size() - 1] == ':';
}

}  // namespace

std::string_view carry_address(std::optional<Known> host, std::optional<Known> port,
                               const PeerQuestion& question, SeenAttributes& seen) {
  const std::string_view port_text = seen.text(port);
  const std::string_view address =
      address_of(seen.carry(host), port_text, question, seen.scratch());
  if (port && ends_with_port(address, port_text)) seen.carried(*port);
  return address;
}

std::string_view find_peer(const PeerQuestion& question, SeenAttributes& seen) {
  using enum Known;
  if (const auto service = seen.first_of<peer_service>()) return seen.carry(service);
  TextScratch& scratch = seen.scratch();
  if (const auto host = seen.first_of<server_address>()) {
    const auto port = seen.first_of<server_port>();
    if (!question.keeps_server_address && port) return carry_address(host, port, question, seen);
    std::string_view port_text = seen.text(port);
    const bool as_in_url = question.url && question.url->host == seen.text(host);
    if (port_text.empty() && as_in_url) port_text = question.url->port;
    if (!question.keeps_server_address) seen.carried(*host);
    return address_of(seen.text(host), port_text, question, scratch);
  }
  if (const auto host = seen.first_of<http_host>()) {
    return seen.carry(host);  // with the port that it came with
  }
  if (question.url) return address_of(question.url->host, question.url->port, question, scratch);
  if (const auto name = seen.first_of<net_peer_name>()) {
    return carry_address(name, seen.first_of<net_peer_port>(), question, seen);
  }
  if (const auto address = seen.first_of<network_peer_address, net_peer_ip>()) {
    return carry_address(address, seen.first_of<network_peer_port, net_peer_port>(), question,
                         seen);
  }
  return {};
}

}  // namespace posthaste::wire
