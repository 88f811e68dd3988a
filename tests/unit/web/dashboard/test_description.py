"""schemathesis against the description, in this process: whatever the description allows is answered as it says."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from driftwatch.web.app import create_app
from tests.unit.web.dashboard.conftest import TOKEN

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
HEADERS = {"authorization": f"Bearer {TOKEN}"}


OPERATIONS = [
    ("/api/overview", "GET"),
    ("/api/endpoint", "GET"),
    ("/api/charts", "GET"),
    ("/api/probe", "GET"),
    ("/api/incidents", "GET"),
    ("/api/incidents/{number}", "GET"),
    ("/api/silences", "GET"),
    ("/api/incidents/{number}/{verb}", "POST"),
    ("/api/silences", "POST"),
    ("/api/silences/{number}/end", "POST"),
]


@pytest.fixture
def described(guarded):
    return schemathesis.openapi.from_asgi("/api/openapi.json", create_app(guarded()), headers=HEADERS)


def test_every_operation_is_tried(described) -> None:
    found = {(found.ok().path, found.ok().method.upper()) for found in described.get_all_operations()}
    assert {one for one in found if one[0].startswith("/api/")} == set(OPERATIONS)


GOOD, BAD = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
# What takes no parameter cannot be given a wrong one.
WITHOUT = ("/api/overview", "/api/silences")
TRIED = [(*one, GOOD) for one in OPERATIONS] + [
    (*one, BAD) for one in OPERATIONS if one not in [(path, "GET") for path in WITHOUT]
]


@pytest.mark.parametrize(("path", "method", "mode"), TRIED)
def test_whatever_is_sent_is_answered_as_described(described, path: str, method: str, mode: GenerationMode) -> None:
    @given(case=described[path][method].as_strategy(generation_mode=mode))
    @settings(max_examples=20, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    def tried(case) -> None:
        case.call_and_validate(headers=HEADERS, checks=CHECKS)

    tried()
