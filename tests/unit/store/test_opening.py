"""Opening a store: every file, version and address it may meet."""

import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from alembic import command

from driftwatch.adapters.store import check, location, migrate, open_store, schema, sqlite, upgrade
from driftwatch.domain.errors import StoreError
from tests.contract.observed import NOON, replay, score, slot

SECOND = '''"""A second schema, for the tests."""
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "9999", "HEAD", None, None

def upgrade():
    with op.batch_alter_table("endpoint") as batch:
        batch.add_column(sa.Column("team", sa.Text(), nullable=True))

def downgrade():
    with op.batch_alter_table("endpoint") as batch:
        batch.drop_column("team")
'''


@pytest.fixture
def file(tmp_path):
    return tmp_path / "driftwatch.db"


@pytest.fixture
def url(file):
    return f"sqlite:///{file}"


@pytest.fixture
def newer_code(tmp_path, monkeypatch):
    """Code that is one migration ahead."""
    migrations = tmp_path / "migrations"
    shutil.copytree(schema.MIGRATIONS, migrations, ignore=shutil.ignore_patterns("__pycache__"))
    (migrations / "versions" / "9999_second.py").write_text(SECOND.replace("HEAD", schema.HEAD))

    def use():
        monkeypatch.setattr(schema, "MIGRATIONS", migrations)
        monkeypatch.setattr(schema, "HEAD", "9999")

    return use


def columns(file):
    with closing(sqlite3.connect(file)) as connection:
        return [row[1] for row in connection.execute("PRAGMA table_info(endpoint)")]


def refused(url, slug):
    with pytest.raises(StoreError) as told:
        open_store(url)
    assert told.value.slug == slug
    assert f"driftwatch explain {slug}" in str(told.value)
    return str(told.value)


# -- schema ------------------------------------------------------------------------------------


def test_the_migrations_make_what_the_tables_declare(url):
    upgrade(url)
    assert check(url) == ()


def test_a_difference_to_the_declared_tables_is_found(url, file):
    upgrade(url)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("ALTER TABLE slot ADD COLUMN extra TEXT")
    (found,) = check(url)
    assert "extra" in found


def test_the_code_knows_its_last_migration():
    from alembic.script import ScriptDirectory

    assert ScriptDirectory(str(schema.MIGRATIONS)).get_current_head() == schema.HEAD


def test_an_older_store_is_copied_then_upgraded_with_its_data(url, file, newer_code):
    with closing(open_store(url)) as store:
        store.record_replay(replay(), [score(1.0)])
    newer_code()
    with closing(open_store(url)) as store:
        assert [r.values for r in store.replays("bot")] == [{"exact": {"hi@aaa": (1.0,)}}]
    backup = file.with_name("driftwatch.db.before-9999")
    assert "team" in columns(file)
    assert "team" not in columns(backup)
    assert not list(file.parent.glob("*.partial"))
    assert upgrade(url).backup is None, "nothing is left to do"


def test_a_downgrade_keeps_the_data(url, file, newer_code):
    newer_code()
    with closing(open_store(url)) as store:
        store.record_replay(replay(), [score(1.0)])
    engine = sqlite.engine(location.parse(url), wait=migrate._WAIT, foreign_keys=False)
    with engine.connect() as connection, connection.begin():
        command.downgrade(schema.alembic_config(connection), "-1")
    engine.dispose()
    assert "team" not in columns(file)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT count(*) FROM evidence").fetchone() == (1,)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_failed_upgrade_leaves_the_old_schema_whole(url, file, newer_code):
    open_store(url).close()
    before = schema.HEAD
    newer_code()
    broken = schema.MIGRATIONS / "versions" / "9999_second.py"
    broken.write_text(
        SECOND.replace("HEAD", before).replace("def downgrade", '    op.execute("SELECT nonsense")\n\ndef downgrade')
    )
    with pytest.raises(StoreError, match="nonsense"):
        open_store(url)
    assert "team" not in columns(file)
    assert not [name for name in columns(file) if name.startswith("_")]
    broken.write_text(SECOND.replace("HEAD", before))
    open_store(url).close()
    assert "team" in columns(file)


def test_a_store_newer_than_the_code_is_refused_and_left_alone(url, file):
    open_store(url).close()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0999'")
    before = file.read_bytes()
    assert "0999, newer than this driftwatch" in refused(url, "store-newer")
    assert file.read_bytes() == before


# -- files -------------------------------------------------------------------------------------


def test_an_empty_file_becomes_a_store(url, file):
    file.touch()
    open_store(url).close()
    assert check(url) == ()


def test_a_file_of_another_kind_is_left_alone(url, file):
    file.write_text("name: support-golden\n" * 100)
    refused(url, "store-not-a-database")
    assert file.read_text().startswith("name: support-golden")


def test_another_programs_database_is_left_alone(url, file):
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE customers (id)")
    before = file.read_bytes()
    refused(url, "store-foreign")
    assert file.read_bytes() == before


@pytest.mark.parametrize("kind", ["flipped bytes", "cut off"])
def test_a_damaged_store_is_refused_and_never_made_anew(url, file, kind):
    with closing(open_store(url)) as store:
        for hour in range(30):
            store.record_replay(replay(hour), [score(1.0)])
    content = bytearray(file.read_bytes())
    if kind == "flipped bytes":
        for page in range(2, len(content) // 4096):
            content[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
    else:
        del content[len(content) // 2 // 4096 * 4096 :]
    file.write_bytes(content)
    refused(url, "store-corrupt")
    assert file.read_bytes() == content


def test_damage_met_later_is_named_too(url, file):
    with closing(open_store(url)) as store:
        for hour in range(30):
            store.record_replay(replay(hour), [score(1.0)])
    with closing(open_store(url)) as store:
        content = bytearray(file.read_bytes())
        for page in range(2, len(content) // 4096):
            content[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
        file.write_bytes(content)
        with pytest.raises(StoreError) as told:
            list(store.replays("bot"))
    assert told.value.slug == "store-corrupt"


def test_a_missing_directory_is_named_with_the_way_on(tmp_path):
    assert f"mkdir -p {tmp_path}/no/such" in refused(f"sqlite:///{tmp_path}/no/such/driftwatch.db", "store-path")


def test_a_directory_is_no_store(tmp_path):
    refused(f"sqlite:///{tmp_path}", "store-path")


@pytest.mark.parametrize("address", ["sqlite://", "sqlite:///:memory:", "mysql://me:hunter22@db/x", "nonsense", ""])
def test_an_address_that_names_no_store_file_is_refused_without_its_password(address):
    assert "hunter22" not in refused(address, "store-url")


def test_a_full_disk_writes_nothing_and_goes_on_when_there_is_room(url):
    with closing(open_store(url)) as store:
        engine = store._db._engine
        with engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            # The pool gives the same connection back: it may not grow any more.
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

        def fill():
            for hour in range(200):
                store.record_replay(replay(hour), [score(1.0)])

        with pytest.raises(StoreError, match="the disk is full") as told:
            fill()
        assert told.value.slug == "store-disk-full"
        stored = len(list(store.replays("bot")))
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 100000")
        assert store.record_replay(replay(stored), [score(1.0)]) == stored + 1


def test_a_store_that_cannot_be_written_is_named(url):
    with closing(open_store(url)) as store:
        with store._db._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA query_only = ON")
        with pytest.raises(StoreError, match="cannot be written") as told:
            store.claim(slot(), now=NOON)
        assert told.value.slug == "store-read-only"


def test_every_write_is_flushed_and_every_key_is_checked(url):
    with closing(open_store(url)) as store, store._db.reading() as connection:
        pragmas = ("journal_mode", "synchronous", "foreign_keys")
        assert [connection.exec_driver_sql(f"PRAGMA {p}").scalar_one() for p in pragmas] == ["wal", 2, 1]


def test_trying_to_write_writes_and_changes_nothing(file, url):
    with open_store(url) as store:
        store.claim(slot(), now=NOON)
        log = file.with_name(f"{file.name}-wal")
        size, before = log.stat().st_size, store.slots("bot")
        store.try_write()
        assert log.stat().st_size > size, "what is not written proves nothing"
        assert store.slots("bot") == before


def test_trying_to_write_as_much_as_a_replay_leaves_nothing_behind(file, url):
    with open_store(url) as store:
        store.record_replay(replay(), [score(1.0)])
        log = file.with_name(f"{file.name}-wal")
        size, before = log.stat().st_size, store.answers("bot", slot())
        store.try_write(500_000)
        assert log.stat().st_size - size > 400_000, "what is not written proves nothing"
        with store._db.reading() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM text WHERE size = 500000").scalar_one() == 0
        assert store.answers("bot", slot()) == before
        with store._db._engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA cache_size").scalar_one() == -2000


def test_a_full_disk_takes_a_small_write_and_not_a_rehearsal(url):
    with open_store(url) as store:
        with store._db._engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        store.try_write()
        with pytest.raises(StoreError) as caught:
            store.try_write(500_000)
        assert caught.value.slug == "store-disk-full"
        with store._db._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 100000")
        store.try_write(500_000)


def test_trying_to_write_a_store_that_is_held_says_so(file, url):
    with open_store(url, wait=timedelta(seconds=0.1)) as store, closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError) as caught:
            store.try_write()
        other.rollback()
        store.try_write()
    assert caught.value.slug == "store-locked"
