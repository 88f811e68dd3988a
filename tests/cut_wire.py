"""A wire between a client and PostgreSQL that is cut at the moment of a commit, or that says nothing any more."""

import socket
import threading
from contextlib import closing, suppress
from typing import Literal

Cut = Literal["before", "after"]


class CutWire:
    """Passes everything on until it is armed; then the next COMMIT takes its connection down, once.

    While `passing` is cleared nothing arrives on either side, and nobody is told.
    """

    def __init__(self, port: int) -> None:
        self._server, self._cut, self._open = port, None, True
        self.cuts = 0
        self.passing = threading.Event()
        self.passing.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, when: Cut) -> None:
        """Arm it: `before` the server gets the COMMIT, or `after` it has answered, so that only the answer is lost."""
        self._cut: Cut | None = when

    def close(self) -> None:
        self._open = False
        # A connection of our own wakes the one that waits for the next.
        with suppress(OSError), closing(socket.create_connection(("127.0.0.1", self.port), 1)):
            pass
        self._listener.close()

    def _accept(self) -> None:
        while self._open:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if not self._open:
                client.close()
                return
            server = socket.create_connection(("127.0.0.1", self._server))
            down = threading.Event()
            threading.Thread(target=self._up, args=(client, server, down), daemon=True).start()
            threading.Thread(target=self._down, args=(client, server, down), daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket, down: threading.Event) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                self.passing.wait()
                if self._cut and b"COMMIT" in data:
                    when, self._cut = self._cut, None
                    self.cuts += 1
                    down.set()
                    if when == "after":
                        server.sendall(data)
                        server.recv(65536)
                    break
                server.sendall(data)
        _end(client, server)

    def _down(self, client: socket.socket, server: socket.socket, down: threading.Event) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                self.passing.wait()
                if down.is_set():
                    break
                client.sendall(data)
        _end(client, server)


def _end(*sockets: socket.socket) -> None:
    for one in sockets:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
