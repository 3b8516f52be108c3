"""Certificates of an authority of the test's own, made with the `openssl` command."""

import datetime
import subprocess
import threading


class Authority:
    """`pem` is what a client is told to trust; `certificate` gives what a server shows."""

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.pem = directory / "authority.pem"
        self._key = directory / "authority.key"
        self._made = {}
        self._lock = threading.Lock()
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-keyout", self._key, "-out", self.pem, "-days", "3", "-subj", "/CN=Fault matrix authority",
                "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def certificate(self, name="localhost", expired=False):
        """(certificate and chain, key) for a DNS name, or for an IP address; made once."""
        with self._lock:
            if (name, expired) not in self._made:
                self._made[name, expired] = self._issue(name, expired)
            return self._made[name, expired]

    def _issue(self, name, expired):
        stem = self.directory / f"{name}{'-expired' if expired else ''}"
        key, request, chain = (stem.with_name(stem.name + end) for end in (".key", ".csr", ".pem"))
        kind = "IP" if name.replace(".", "").isdigit() else "DNS"
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-keyout", key, "-out", request, "-subj", f"/CN={name}", "-addext", f"subjectAltName={kind}:{name}")
        today = datetime.datetime.now(datetime.timezone.utc)
        start, end = (today - datetime.timedelta(days=30), today + datetime.timedelta(days=-1 if expired else 2))
        # `openssl x509` of Debian 12 cannot set both ends of the time; `openssl ca` can.
        database = self.directory / f"database-{stem.name}"
        database.mkdir()
        (database / "index.txt").touch()
        (database / "serial").write_text(f"{len(self._made) + 16:04x}\n", encoding="ascii")
        settings = database / "ca.cnf"
        settings.write_text(CA_SETTINGS.format(directory=database, authority=self.pem, key=self._key),
                            encoding="utf-8")
        openssl("ca", "-batch", "-notext", "-config", settings, "-in", request, "-out", chain,
                "-startdate", start.strftime("%Y%m%d%H%M%SZ"), "-enddate", end.strftime("%Y%m%d%H%M%SZ"))
        return chain, key


CA_SETTINGS = """
[ca]
default_ca = this
[this]
dir = {directory}
database = $dir/index.txt
serial = $dir/serial
new_certs_dir = $dir
certificate = {authority}
private_key = {key}
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
"""


def openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr.strip()}")
