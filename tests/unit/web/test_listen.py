"""A port that cannot be had is told at once, with the way on."""

from contextlib import closing

import pytest

from driftwatch.domain.errors import DriftwatchError
from driftwatch.web.listen import address_of, listen


def test_a_taken_port_is_told_with_the_way_on() -> None:
    with closing(listen("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DriftwatchError, match=rf"127\.0\.0\.1:{port}: another program listens there.*bind: none"):
            listen("127.0.0.1", port)


def test_an_address_of_another_machine_is_told() -> None:
    # 192.0.2.0/24 is nobody's: RFC 5737.
    with pytest.raises(DriftwatchError, match="this machine has no such address"):
        listen("192.0.2.1", 8710)


def test_a_name_that_is_no_address_is_told() -> None:
    with pytest.raises(DriftwatchError, match="no address of this machine has that name"):
        listen("999.999.999.999", 8710)


def test_the_address_is_one_a_browser_takes() -> None:
    with closing(listen("127.0.0.1", 0)) as taken:
        assert address_of(taken) == f"http://127.0.0.1:{taken.getsockname()[1]}"
