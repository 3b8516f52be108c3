"""A chaos proxy: passes bytes between a client and a server on this machine, and does to them what networks do.

    proxy = bench.proxy(server.port)
    proxy.rule = lambda link: Fault(reset_after_client=8192)     # asked for each new connection

It knows nothing of TLS or HTTP; it counts bytes.
"""

import select
import socket
import struct
import threading
import time
from typing import NamedTuple, Optional


class Fault(NamedTuple):
    """What happens to one connection. Bytes are counted by direction: `client` is what the client sends."""

    reset_after_client: Optional[int] = None   # both sides get a reset once the client has sent so much
    reset_after_server: Optional[int] = None
    hold_after_client: Optional[int] = None    # from there on nothing passes, in either direction; sockets stay open
    hold_after_server: Optional[int] = None
    close_after_server: Optional[int] = None   # the client sees an orderly end (half-close), and may go on sending
    client_rate: Optional[float] = None        # bytes a second that are read from the client
    server_rate: Optional[float] = None        # bytes a second that reach the client
    delay: float = 0.0                         # seconds before anything is passed on to the client


class Link:
    """One connection through the proxy."""

    def __init__(self, number):
        self.number = number
        self.from_client = 0    # bytes that have passed
        self.from_server = 0
        self.ended = None       # "reset", "held", "closed" by the proxy; None: by the ends
        self.closed_by_client_at = None
        self.began = time.monotonic()


class ChaosProxy:
    def __init__(self, target_port, note=lambda text: None, receive_buffer=None):
        self.target_port = target_port
        self.rule = lambda link: Fault()
        self.links = []
        self.blackhole = threading.Event()     # while set, nothing passes on any connection
        self._note = note
        self._sockets = set()
        self._open = True
        self._lock = threading.Lock()
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if receive_buffer:  # before listen: connections inherit it, so that little is taken unread
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._open = False
        with self._lock:
            sockets = list(self._sockets)
        for each in (self._listener, *sockets):
            shut(each)

    def reset_all(self):
        """Every connection that is open now gets a reset at both ends."""
        with self._lock:
            sockets = list(self._sockets)
        for each in sockets:
            reset(each)

    def from_client(self):
        return sum(link.from_client for link in self.links)

    def _accept(self):
        while self._open:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            link = Link(len(self.links))
            self.links.append(link)
            threading.Thread(target=self._carry, args=(client, link), daemon=True).start()

    def _carry(self, client, link):
        fault = self.rule(link)
        server = socket.socket()
        with self._lock:
            self._sockets |= {client, server}
        try:
            server.connect(("127.0.0.1", self.target_port))
            self._pump(client, server, link, fault)
        except OSError as error:
            self._note(f"proxy link {link.number}: {error}")
        finally:
            with self._lock:
                self._sockets -= {client, server}
            if link.ended == "reset":
                reset(client)
                reset(server)
            shut(client)
            shut(server)

    def _pump(self, client, server, link, fault):
        sides = {client: server, server: client}
        if fault.delay:
            time.sleep(fault.delay)
        while sides and self._open:
            if fault.client_rate and has_left(client):  # unread bytes would hide it
                link.closed_by_client_at = time.monotonic()
                return
            if self.blackhole.is_set():
                time.sleep(0.01)
                continue
            ready, _, _ = select.select(list(sides), [], [], 0.05)
            for source in ready:
                if self.blackhole.is_set():
                    break
                from_client = source is client
                room = self._room(link, fault, from_client)
                if room == 0:
                    if self._act(client, server, link, fault):
                        return
                    continue
                data = source.recv(room)
                if not data:
                    if from_client:
                        link.closed_by_client_at = time.monotonic()
                    half_close(sides.pop(source))
                    continue
                self._pass_on(data, sides.get(source) or (server if from_client else client), link, fault,
                              from_client)
                if self._due(link, fault) and self._act(client, server, link, fault):
                    return

    @staticmethod
    def _limits(fault, from_client):
        names = (("reset_after_client", "hold_after_client") if from_client
                 else ("reset_after_server", "hold_after_server", "close_after_server"))
        return [limit for name in names if (limit := getattr(fault, name)) is not None]

    def _room(self, link, fault, from_client):
        """How much may be read now without passing a limit."""
        passed = link.from_client if from_client else link.from_server
        rate = fault.client_rate if from_client else fault.server_rate
        room = max(1, int(rate / 10)) if rate else 65536
        return max(0, min([room, *(limit - passed for limit in self._limits(fault, from_client))]))

    def _pass_on(self, data, sink, link, fault, from_client):
        sink.sendall(data)
        rate = fault.client_rate if from_client else fault.server_rate
        if from_client:
            link.from_client += len(data)
        else:
            link.from_server += len(data)
        if rate:
            time.sleep(len(data) / rate)

    def _due(self, link, fault):
        return (any(link.from_client >= limit for limit in self._limits(fault, True))
                or any(link.from_server >= limit for limit in self._limits(fault, False)))

    def _act(self, client, server, link, fault):
        """Does what is due; whether the link is over."""
        reached = lambda limit, passed: limit is not None and passed >= limit  # noqa: E731
        if reached(fault.reset_after_client, link.from_client) or reached(fault.reset_after_server, link.from_server):
            link.ended = "reset"
            return True
        if reached(fault.close_after_server, link.from_server):
            link.ended = "closed"
            half_close(client)
            return self._hold(client, link)
        link.ended = "held"
        return self._hold(client, link)

    def _hold(self, client, link):
        """Keeps both sockets open and reads nothing, until the client is gone."""
        while self._open:
            if has_left(client):
                link.closed_by_client_at = time.monotonic()
                return True
            time.sleep(0.05)
        return True


def has_left(connection):
    """Whether the other side has closed or reset it, even though bytes of it were not read yet."""
    poll = select.poll()
    poll.register(connection, select.POLLRDHUP)
    return any(event & (select.POLLRDHUP | select.POLLHUP | select.POLLERR) for _, event in poll.poll(0))


def reset(connection):
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    except OSError:
        pass


def half_close(connection):
    try:
        connection.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def shut(connection):
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    try:
        connection.close()
    except OSError:
        pass
