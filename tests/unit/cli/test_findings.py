"""A line of `check` and `doctor`, from an error that names itself and its page already."""

from driftwatch.cli.findings import attempt
from driftwatch.domain.errors import StoreError

STORE = "postgresql://driftwatch@db:5432/driftwatch"


def test_an_error_that_names_its_store_and_page_is_not_told_twice_over() -> None:
    """`doctor` said "postgresql://…: postgresql://…: the server cannot be reached … See: … See: …"."""

    def look() -> str:
        said = f"{STORE}: the server cannot be reached. See: driftwatch explain store-unreachable"
        raise StoreError(said, slug="store-unreachable")

    [line] = attempt(STORE, look)
    assert (line.what, line.told, line.slug) == (STORE, "the server cannot be reached.", "store-unreachable")
