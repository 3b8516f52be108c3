"""Names of a row's own, for a host that must not see this machine's: a DNS server that answers, denies or says nothing.

Both need root: the host runs in a mount namespace where /etc/resolv.conf (or /etc/hosts) is the row's own file.
"""

import os
import random
import socket
import struct
import subprocess
import threading

from frame import Skip


class NameServer:
    """One UDP socket at a loopback address of its own, port 53, as resolv.conf knows no ports.

    `answers` maps a name to an IPv4 address, to "denied" (it does not exist) or to "silent".
    """

    def __init__(self, bench, answers):
        self.answers = dict(answers)
        self.asked = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.address = self._bind()
        bench.at_end(self._socket.close)
        resolv = bench.path("resolv.conf")
        resolv.write_text(f"nameserver {self.address}\noptions timeout:5 attempts:2\n", encoding="ascii")
        # What runs under this prefix asks this server alone.
        self.prefix = in_namespace(bench, {"/etc/resolv.conf": resolv})
        threading.Thread(target=self._serve, daemon=True).start()

    def _bind(self):
        for _ in range(20):
            address = f"127.{random.randint(64, 127)}.{random.randint(0, 255)}.{random.randint(1, 254)}"
            try:
                self._socket.bind((address, 53))
                return address
            except OSError:
                continue
        raise Skip("no loopback address lets a name server listen on port 53")

    def _serve(self):
        while True:
            try:
                query, client = self._socket.recvfrom(2048)
            except OSError:
                return
            name, end = read_name(query, 12)
            self.asked.append(name)
            answer = self.answers.get(name, "denied")
            if answer == "silent":
                continue
            kind = struct.unpack("!H", query[end:end + 2])[0]
            try:
                self._socket.sendto(reply_to(query, end + 4, kind, answer), client)
            except OSError:
                return


def read_name(packet, at):
    labels = []
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode("ascii"))
        at += 1 + packet[at]
    return ".".join(labels).lower(), at + 1


def reply_to(query, question_end, kind, answer):
    found = answer != "denied" and kind == 1  # A; there are no IPv6 addresses here
    flags = 0x8180 | (3 if answer == "denied" else 0)
    head = query[:2] + struct.pack("!HHHHH", flags, 1, 1 if found else 0, 0, 0)
    record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 0, 4) + socket.inet_aton(answer) if found else b""
    return head + query[12:question_end] + record


def hosts_file(bench, names):
    """The prefix of a command for which /etc/hosts is `names` (name -> address) alone."""
    path = bench.path("hosts")
    path.write_text("".join(f"{address} {name}\n" for name, address in names.items()), encoding="ascii")
    return in_namespace(bench, {"/etc/hosts": path})


def in_namespace(bench, files):
    """The prefix of a command that sees other files in place of these."""
    script = " && ".join([*(f"mount --bind '{ours}' '{theirs}'" for theirs, ours in files.items()), 'exec "$@"'])
    prefix = ("unshare", "--mount", "--propagation", "private", "sh", "-c", script, "host")
    tried = subprocess.run([*prefix, "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        raise Skip(f"no mount namespace: {tried.stderr.strip() or os.strerror(1)}")
    bench.note(f"in a mount namespace with {files}")
    return prefix
