#include "runtime/wire/peer_address.h"

namespace posthaste::wire {

std::string_view find_peer(const PeerQuestion& question, SeenAttributes& seen) {
  using enum Known;
  if (const auto service = seen.first_of<peer_service>()) return seen.carry(service);
  TextScratch& scratch = seen.scratch();
  if (const auto host = seen.first_of<server_address>()) {
    const auto port = seen.first_of<server_port>();
    std::string_view port_text = seen.text(port);
    const bool as_in_url = question.url && question.url->host == seen.text(host);
    if (port_text.empty() && as_in_url) port_text = question.url->port;
    if (!question.keeps_server_address) {
      seen.carried(*host);
      if (port) seen.carried(*port);
    }
    return host_and_port(seen.text(host), port_text, question.implied_port, scratch);
  }
  if (const auto host = seen.first_of<http_host>()) {
    return seen.carry(host);  // with the port that it came with
  }
  if (question.url) {
    return host_and_port(question.url->host, question.url->port, question.implied_port, scratch);
  }
  if (const auto name = seen.first_of<net_peer_name>()) {
    return host_and_port(seen.carry(name), seen.carry<net_peer_port>(), question.implied_port,
                         scratch);
  }
  if (const auto address = seen.first_of<network_peer_address, net_peer_ip>()) {
    const auto port = seen.carry<network_peer_port, net_peer_port>();
    return host_and_port(seen.carry(address), port, question.implied_port, scratch);
  }
  return {};
}

}  // namespace posthaste::wire
