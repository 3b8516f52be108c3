"""A network of a row's own, in namespaces that end with its processes: server -- router -- host. Needs root.

Unlike a proxy, the router can lose packets: nothing is acknowledged then, and only the host's own timers help it.
"""

import ctypes
import os
import subprocess
import time

from frame import Skip

SERVER, HOST = "10.113.1.1", "10.113.2.1"
CLONE_NEWNET = 0x40000000


class Wires:
    """Call it before the row has started any thread: the row itself moves into the server's namespace."""

    def __init__(self, bench):
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
            raise Skip(f"no network namespace: {os.strerror(ctypes.get_errno())}")
        self._router, self._host = (self._namespace(bench) for _ in range(2))
        try:
            self._lay()
        except subprocess.CalledProcessError as error:
            raise Skip(f"no veth: {error.stderr.strip()}") from None
        self.prefix = ("nsenter", "-t", str(self._host), "-n")

    @staticmethod
    def _namespace(bench):
        keeper = subprocess.Popen(["unshare", "--net", "sleep", "1000"])
        bench.at_end(keeper.kill)
        own = os.readlink("/proc/self/ns/net")
        for _ in range(200):
            if os.readlink(f"/proc/{keeper.pid}/ns/net") != own:
                return keeper.pid
            time.sleep(0.01)
        raise Skip("no network namespace")

    def _lay(self):
        ip("link set lo up")
        ip(f"link add server type veth peer name router1 netns {self._router}")
        ip(f"link add router2 netns {self._router} type veth peer name host netns {self._host}")
        for inside, name, address in ((None, "server", SERVER), (self._router, "router1", "10.113.1.2"),
                                      (self._router, "router2", "10.113.2.2"), (self._host, "host", HOST)):
            ip(f"addr add {address}/30 dev {name}", inside)
            ip(f"link set {name} up", inside)
        ip("link set lo up", self._host)
        ip("route add 10.113.2.0/30 via 10.113.1.2")
        ip("route add default via 10.113.2.2", self._host)
        run("sysctl", "-qw", "net.ipv4.ip_forward=1", inside=self._router)

    def lose_everything(self, lose):
        """From now on the router drops every packet, in both directions, without a word; or passes them again."""
        for end in (SERVER, HOST):
            ip(f"route {'add' if lose else 'del'} blackhole {end}/32", self._router)


def ip(arguments, inside=None):
    run("ip", *arguments.split(), inside=inside)


def run(*command, inside=None):
    prefix = ("nsenter", "-t", str(inside), "-n") if inside else ()
    subprocess.run([*prefix, *command], check=True, capture_output=True, text=True)
