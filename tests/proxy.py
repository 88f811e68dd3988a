"""A proxy on loopback as companies have them: it tunnels (CONNECT), asks in our place (absolute form), wants a password.

What goes through a tunnel is TLS, and ends here too: one certificate for every name asked for, made by a short-lived
authority that only the test's own processes trust (SSL_CERT_FILE).
"""

import base64
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

OPENSSL = shutil.which("openssl")


class Proxy:
    """Knows where each host stands; every other host is refused with 403.

    Parameters
    ----------
    hosts : mapping of str to str
        A name and the origin (``http://127.0.0.1:PORT``) that stands for it.
    password : str, optional
        Of the user ``robot``; whoever does not bring it is answered 407.
    """

    def __init__(
        self, hosts: Mapping[str, str], *, password: str | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self._hosts, self._tls = hosts, tls
        self._wanted = None if password is None else "Basic " + base64.b64encode(f"robot:{password}".encode()).decode()
        self.asked: list[str] = []
        """What came in, refused or not: ``CONNECT host:443``, ``POST http://host/path``."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        # Wakes the thread that accepts; closing alone would not.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError), client:
            head = b""
            while b"\r\n\r\n" not in head:
                if not (more := client.recv(65536)):
                    return
                head += more
            first, _, rest = head.partition(b"\r\n")
            method, target, _ = first.decode().split(" ")
            self.asked.append(f"{method} {target}")
            fields, _, body = rest.partition(b"\r\n\r\n")
            given = next((line[21:] for line in fields.split(b"\r\n") if line.lower().startswith(b"proxy-auth")), b"")
            if self._wanted and given.decode() != self._wanted:
                client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                return
            host = target.rpartition(":")[0] if method == "CONNECT" else str(urlsplit(target).hostname)
            if host not in self._hosts:
                client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                return
            there = urlsplit(self._hosts[host])
            with socket.create_connection((str(there.hostname), there.port or 80)) as server:
                if method == "CONNECT":
                    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    assert self._tls is not None, "a tunnel needs a certificate at its end"
                    with self._tls.wrap_socket(client, server_side=True) as inside:
                        _both_ways(inside, server)
                else:
                    kept = [line for line in fields.split(b"\r\n") if not line.lower().startswith(b"proxy-")]
                    path = urlsplit(target)._replace(scheme="", netloc="").geturl()
                    server.sendall(f"{method} {path} HTTP/1.1\r\n".encode() + b"\r\n".join(kept) + b"\r\n\r\n" + body)
                    _both_ways(client, server)


def _both_ways(client: socket.socket, server: socket.socket) -> None:
    back = threading.Thread(target=_pass_on, args=(server, client), daemon=True)
    back.start()
    _pass_on(client, server)
    back.join(5)


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxy(
    hosts: Mapping[str, str], *, password: str | None = None, tls: ssl.SSLContext | None = None
) -> Iterator[Proxy]:
    """Serve while the block runs."""
    served = Proxy(hosts, password=password, tls=tls)
    try:
        yield served
    finally:
        served.close()


def certificate(folder: Path, *hosts: str) -> tuple[Path, ssl.SSLContext]:
    """Make a certificate for these names; return what a client is to trust, and what a server shows."""
    names = ",".join(f"DNS:{host}" for host in hosts)
    key, file = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [str(OPENSSL), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "2", "-subj", "/CN=test", "-addext", f"subjectAltName={names}", "-keyout", key, "-out", file],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file, key)
    return file, context
