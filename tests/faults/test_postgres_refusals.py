"""What a person sees when PostgreSQL is not as it must be: the way on, the documented exit code, and never a secret."""

import os
import shutil
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep

import pytest
from click.testing import CliRunner

from driftwatch.adapters.store import open_lease, open_store
from driftwatch.adapters.store.lease import node_name
from driftwatch.cli import main
from tests.postgres import _ESCAPED, PASSWORD, USER

CONFIG = """\
store: {store}
endpoints:
  - name: bot
    model: openai/x-2026-01-01
    base_url: http://127.0.0.1:9/v1
    api_key: loopback
    params: {{temperature: 0}}
    probes: [probes.yaml]
    schedule: {{every: 1h}}
routes: {{oncall: {{webhook: "http://127.0.0.1:9/hook"}}}}
alerting: {{pages: oncall}}
http: {{bind: none}}
"""


@pytest.fixture
def told(tmp_path, monkeypatch):
    """Return a function that runs a command on a store and gives exit code and words; they hold no password."""
    (tmp_path / "probes.yaml").write_text("name: p\nprobes:\n  - {id: a, prompt: hi}\n")

    def run(url, *arguments, store_file=None, **variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        config = (
            CONFIG.format(store=url) if url else CONFIG.replace("store: {store}", f"store_file: {store_file}").format()
        )
        (tmp_path / "driftwatch.yaml").write_text(config)
        ran = CliRunner().invoke(main, ["-c", str(tmp_path / "driftwatch.yaml"), *arguments], catch_exceptions=False)
        assert "Traceback" not in ran.output
        assert "sesame" not in ran.output
        assert PASSWORD not in ran.output
        return ran.exit_code, " ".join(ran.output.split())

    return run


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


COMMANDS = [("run",), ("status",), ("replay", "bot"), ("db", "check"), ("db", "upgrade")]
each_command = pytest.mark.parametrize("command", COMMANDS, ids=" ".join)


@each_command
def test_the_database_is_down_at_the_start(told, command):
    code, words = told(f"postgresql://{USER}:{_ESCAPED}@127.0.0.1:{closed_port()}/db", *command)
    assert code == 3
    assert "the server cannot be reached" in words
    assert "Start PostgreSQL, or mend host and port" in words
    assert "driftwatch explain store-unreachable" in words


@pytest.mark.parametrize("password", ["sesame", "", None])
def test_the_password_is_wrong_or_missing(told, postgres, password):
    code, words = told(postgres.url(postgres.new_database(), password=password), "run")
    assert code == 3
    assert "the server refused the login" in words
    assert "driftwatch explain store-login" in words


@each_command
def test_the_database_does_not_exist(told, postgres, command):
    code, words = told(postgres.url("nowhere"), *command)
    assert (code, "createdb --owner=USER NAME" in words) == (3, True)
    assert "driftwatch explain store-no-database" in words


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://127.0.0.1",
        "postgresql://me:sesame/@127.0.0.1/db",
        "postgresql:/me:sesame@db",
        "mysql://me:sesame@127.0.0.1/db",
        "postgresql://me:sesame@127.0.0.1:port/db",
        "postgresql://me:sesame@127.0.0.1/db?sslmode=perhaps",
        "postgresql://me:sesame@127.0.0.1/db?color=blue",
    ],
)
def test_the_address_is_wrong(told, url):
    code, words = told(url, "run")
    assert code == 2, words
    assert "store" in words


def test_a_password_may_come_from_a_variable_or_the_address_from_a_file(told, postgres, tmp_path):
    name = postgres.new_database()
    with_variable = postgres.url(name).replace(_ESCAPED, "${DB_PASSWORD}")
    assert told(with_variable, "db", "upgrade", DB_PASSWORD=_ESCAPED)[0] == 0
    file = tmp_path / "address"
    file.write_text(postgres.url(name) + "\n")
    file.chmod(0o600)
    code, words = told(f"sqlite:///x\nstore_file: {file}", "db", "check")
    assert (code, "not both" in words) == (2, True)
    code, words = told(None, "db", "check", store_file=file)
    assert (code, "is sound" in words) == (0, True)


@pytest.mark.parametrize("command", [("run",), ("replay", "bot"), ("check",)], ids=" ".join)
def test_the_database_is_read_only(told, postgres, command):
    name = postgres.new_database()
    assert told(postgres.url(name), "db", "upgrade")[0] == 0
    postgres.sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    code, words = told(postgres.url(name), *command)
    assert code == (2 if command == ("check",) else 3)
    assert "the database is read-only" in words
    assert "Connect to the primary" in words


def test_the_user_may_not_make_tables(told, postgres):
    name = postgres.new_database()
    postgres.sql(f"ALTER DATABASE {name} OWNER TO postgres")
    postgres.sql("ALTER SCHEMA public OWNER TO postgres", database=name)
    code, words = told(postgres.url(name), "db", "upgrade")
    assert (code, "this user lacks a right" in words) == (3, True)
    assert "OWNER TO USER" in words


@each_command
def test_the_schema_is_newer_than_the_code(told, postgres, command):
    name = postgres.new_database()
    assert told(postgres.url(name), "db", "upgrade")[0] == 0
    postgres.sql("UPDATE alembic_version SET version_num = '9999'", database=name)
    code, words = told(postgres.url(name), *command)
    assert (code, "newer than this driftwatch" in words) == (3, True)
    assert "Upgrade driftwatch" in words


@pytest.mark.parametrize(
    "tables",
    [
        "CREATE TABLE theirs (id int)",
        "CREATE TABLE alembic_version AS SELECT 'ae10' AS version_num; GRANT ALL ON alembic_version TO PUBLIC",
    ],
)
def test_another_programs_database_is_left_as_it_is(told, postgres, tables):
    name = postgres.new_database()
    postgres.sql(tables, database=name)
    code, words = told(postgres.url(name), "db", "upgrade")
    assert (code, "some other program's database" in words) == (3, True)
    found = postgres.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", database=name)
    assert found == [(1,)]


def test_check_names_server_and_schema(told, postgres):
    url = postgres.url(postgres.new_database())
    assert "no tables yet" in told(url, "check")[1]
    code, words = told(url, "db", "check")
    assert (code, "The schema is empty" in words) == (3, True)
    assert "schema none →" in told(url, "db", "upgrade")[1]
    assert "already" in told(url, "db", "upgrade")[1]
    [(version,)] = postgres.sql("SHOW server_version")
    assert f"PostgreSQL {str(version).split()[0]}, schema" in told(url, "check")[1]
    code, words = told(url, "db", "check")
    assert (code, "is sound" in words) == (0, True)


@pytest.fixture
def pooler(postgres, tmp_path):
    """A real PgBouncer in front of the server, in the mode that is asked for."""
    found = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        pytest.skip("pgbouncer is not installed: apt-get install pgbouncer")
    with ExitStack() as ends:

        def start(mode, database):
            port = closed_port()
            folder = Path(ends.enter_context(TemporaryDirectory(prefix="driftwatch-pooler-")))
            folder.chmod(0o755)
            (folder / "users").write_text(f'"{USER}" "{PASSWORD}"\n')
            (folder / "ini").write_text(
                f"[databases]\n{database} = host=127.0.0.1 port={postgres.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
                f"listen_port = {port}\nunix_socket_dir =\nauth_type = plain\nauth_file = {folder}/users\n"
                f"pool_mode = {mode}\n"
            )
            as_whom = {"user": "nobody"} if os.geteuid() == 0 else {}
            process = subprocess.Popen([found, "-q", str(folder / "ini")], stderr=subprocess.DEVNULL, **as_whom)
            ends.callback(process.wait)
            ends.callback(process.kill)
            deadline = monotonic() + 30
            while not listens(port):
                assert process.poll() is None
                assert monotonic() < deadline
                sleep(0.05)
            return postgres.url(database).replace(f":{postgres.port}/", f":{port}/")

        yield start


def test_fault_32_a_transaction_pooler_in_front_is_found_at_the_start(told, postgres, pooler):
    url = pooler("transaction", postgres.new_database())
    code, words = told(url, "run")
    assert (code, "a connection pooler stands between us and the server" in words) == (3, True), words
    assert "driftwatch explain store-pooler" in words
    assert told(url, "status")[0] in (0, 1, 3), "what needs no session works through it"
    code, words = told(url, "check")
    assert (code, "a connection pooler" in words) == (2, True)


def test_fault_32_a_pool_in_session_mode_is_as_good_as_the_server(postgres, pooler):
    url = pooler("session", postgres.new_database())
    name = node_name()
    with open_store(url, name=name) as store:
        lease = open_lease(url, store, name=name)
        lease.refuse_pooler()
        assert lease.try_to_lead()
        lease.release()
