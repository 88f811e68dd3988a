"""The same as JSON: what it says is described, what it changes wants the token, and people are named."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from driftwatch.adapters.notify.wording import render_text
from driftwatch.presentation.as_json import probe_view_data
from driftwatch.services.board import ProbeView
from driftwatch.services.vitals import Role
from driftwatch.web.dashboard import shapes
from driftwatch.web.dashboard.api import Json
from driftwatch.web.site import Site
from tests.unit.report.scripted import Scripted, mined, watched
from tests.unit.web.dashboard.conftest import TOKEN
from tests.unit.web.serving import ask, served


def post(address: str, path: str, body: object, *, token: str | None = TOKEN) -> tuple[int, object]:
    connection = HTTPConnection(urlsplit(address).netloc, timeout=30)
    try:
        headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
        connection.request("POST", path, body=json.dumps(body), headers=headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        return answer.status, json.loads(text) if text.startswith(("{", "[")) else text
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/api/overview", shapes.OverviewShape),
        ("/api/endpoint?name=support-bot&period=30d", shapes.EndpointCourse),
        ("/api/charts?name=support-bot&period=30d", shapes.ChartsShape),
        ("/api/incidents", shapes.IncidentLeaf),
        ("/api/incidents/1", shapes.EvidenceShape),
        ("/api/probe?endpoint=support-bot&id=dates-00", shapes.ProbeShape),
    ],
)
def test_every_answer_has_the_shape_that_is_described(site: Site, path: str, shape: type[shapes.Shape]) -> None:
    with served(site) as address:
        status, headers, text = ask(address, path)
    assert (status, headers["content-type"]) == (200, "application/json")
    shape.model_validate(json.loads(text))


def test_the_charts_of_a_page_are_the_reports_charts_with_one_axis_of_time(site: Site) -> None:
    with served(site) as address:
        told = json.loads(ask(address, "/api/charts?name=support-bot")[2])
        course = json.loads(ask(address, "/api/endpoint?name=support-bot")[2])
        page = ask(address, "/endpoint?name=support-bot")[2]
    assert set(told["charts"]) == {name + end for name in ("pass", "length", "latency") for end in ("", "#level")}
    for name in told["charts"]:
        assert f'data-chart="{name}"' in page
    means = [row["mean"] for row in told["charts"]["pass"]["datasets"]["measured"]]
    assert means == [pytest.approx(value) for value in course["courses"]["pass"]["values"]]
    levels = [row["peak"] for row in told["charts"]["pass#level"]["layer"][-1]["data"]["values"]]
    assert levels[-1] == pytest.approx(course["courses"]["pass"]["levels"][-1], rel=1e-3)
    assert len({json.dumps(chart["layer"][0]) for chart in told["charts"].values()}) == 1
    assert told["looks"]["font"].startswith("Arial")


def test_the_page_and_the_api_say_the_same(site: Site) -> None:
    with served(site) as address:
        told = json.loads(ask(address, "/api/overview")[2])
        page = ask(address, "/")[2]
    assert told["verdict"]["words"] in page
    assert [endpoint["name"] for endpoint in told["endpoints"]] == ["support-bot", "summaries"]
    assert told["limit_usd_per_day"] == 5.0


def test_lists_are_read_leaf_by_leaf(site: Site) -> None:
    seen, before = [], ""
    with served(site) as address:
        while True:
            leaf = json.loads(ask(address, f"/api/probe?endpoint=support-bot&id=dates-03&limit=25{before}")[2])
            seen += [answer["seq"] for answer in leaf["answers"]]
            if leaf["next"] is None:
                break
            before = f"&before={leaf['next']}"
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == len(set(seen)) == 60


def test_somebody_takes_an_incident_and_those_who_were_told_hear_it(
    guarded: Callable[[], Site], drifted: Scripted
) -> None:
    before = len(drifted.store.deliveries())
    with served(guarded()) as address:
        status, told = post(address, "/api/incidents/1/ack", {"by": "ada", "comment": "on it"})
        assert (status, told["state"], told["by"]) == (200, "acknowledged", "ada (dashboard)")
        assert post(address, "/api/incidents/1/accept", {"by": "ada"})[0] == 200
        status, told = post(address, "/api/incidents/1/resolve", {"by": "bob"})
    assert (status, told["slug"]) == (409, "incident-state")
    found = drifted.store.incident(1)
    assert (found.state.value, found.by) == ("accepted", "ada (dashboard)")
    reasons = [delivery.payload["reason"] for delivery in drifted.store.deliveries()[before:]]
    assert sorted(reasons) == ["ACCEPTED", "ACKNOWLEDGED"]


def test_accepting_reminds_the_person_and_those_who_were_told_to_mine_border_inputs_again(
    guarded: Callable[[], Site], drifted: Scripted
) -> None:
    """Only the shell said so: who accepted here kept on asking prompts that were ties of the model before."""
    with served(replace(guarded(), watched=lambda: (mined("support-bot"), watched("summaries")))) as address:
        assert post(address, "/api/incidents/1/ack", {"by": "ada"})[1]["advice"] is None
        told = post(address, "/api/incidents/1/accept", {"by": "ada"})[1]
    assert told["advice"].endswith("to find new ones: driftwatch mine support-bot --force")
    [said] = [d.payload for d in drifted.store.deliveries() if d.payload["reason"] == "ACCEPTED"]
    assert said["advice"] == told["advice"]
    assert told["advice"] in render_text(said)


def test_accepting_advises_nothing_where_no_border_input_is_watched(guarded: Callable[[], Site]) -> None:
    with served(guarded()) as address:
        assert post(address, "/api/incidents/1/accept", {"by": "ada"})[1]["advice"] is None


def test_a_node_that_stands_by_refuses_and_says_who_decides(guarded: Callable[[], Site], drifted: Scripted) -> None:
    site = guarded()
    site.vitals.role = Role.STANDBY
    silence = {"endpoint": "support-bot", "hours": 4, "by": "ada", "comment": "the vendor knows"}
    with served(site) as address:
        for path, body in (
            ("incidents/1/ack", {"by": "ada"}),
            ("silences", silence),
            ("silences/1/end", {"by": "ada"}),
        ):
            status, told = post(address, f"/api/{path}", body)
            assert (status, told["slug"]) == (409, "node-stands-by")
            assert told["detail"] == "this node stands by; ask the node that leads."
    assert drifted.store.incident(1).state.value == "firing"


def test_numbers_that_json_cannot_hold_are_null(drifted: Scripted) -> None:
    """PostgreSQL keeps NaN, which an import may bring."""
    (answer,) = drifted.store.probe_answers("support-bot", "dates-00", replays=1)
    odd = replace(answer, latency_ms=math.nan, scores={"match": math.inf})
    view = ProbeView(endpoint="a", id="b", probe=None, answers=[odd], more=None, reference={})
    (told,) = json.loads(Json(probe_view_data(view)).body)["answers"]
    assert (told["latency_ms"], told["scores"]) == (None, {"match": None})


def test_a_silence_begins_and_ends(guarded: Callable[[], Site], drifted: Scripted) -> None:
    wanted = {"endpoint": "support-bot", "hours": 4, "by": "ada", "comment": "the vendor knows"}
    with served(guarded()) as address:
        assert post(address, "/api/silences", wanted | {"endpoint": "nobody"})[0] == 404
        assert post(address, "/api/silences", wanted | {"comment": " "})[0] == 422
        status, told = post(address, "/api/silences", wanted)
        assert status == 200
        (silence,) = drifted.store.silences(now=drifted.clock.now())
        assert (silence.id, silence.endpoint, silence.comment) == (told["id"], "support-bot", "the vendor knows")
        assert post(address, f"/api/silences/{told['id']}/end", {"by": "bob"})[0] == 200
        assert post(address, f"/api/silences/{told['id']}/end", {"by": "bob"})[0] == 404
    assert not drifted.store.silences(now=drifted.clock.now())


@pytest.mark.parametrize(
    "path", ["/api/incidents/1/ack", "/api/incidents/1/accept", "/api/silences", "/api/silences/1/end"]
)
@pytest.mark.parametrize("token", [None, "0123456789abcdef-wrong"])
def test_without_the_token_nothing_is_changed(
    guarded: Callable[[], Site], site: Site, drifted: Scripted, path: str, token: str | None
) -> None:
    body = {"by": "eve", "comment": "x", "endpoint": "*", "hours": 1}
    with served(guarded()) as address:
        assert post(address, path, body, token=token)[0] == 401
    with served(site) as address:
        assert post(address, path, body, token=token)[0] == 403
    assert drifted.store.incident(1).state.open
    assert not drifted.store.silences(now=drifted.clock.now())


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"by": ""},
        {"by": " "},
        {"by": "a" * 101},
        {"by": "ada", "extra": 1},
        {"by": 7},
        [],
        "x",
        {"by": "\ud800", "x": "\ud800"},
    ],
)
def test_a_body_that_is_not_as_it_must_be_is_refused_and_not_sent_back(
    guarded: Callable[[], Site], body: object
) -> None:
    with served(guarded()) as address:
        status, told = post(address, "/api/incidents/1/ack", body)
    assert status == 422
    assert all(set(one) == {"loc", "msg", "type"} for one in told["detail"])


def test_names_that_would_command_a_terminal_are_kept_and_shown_as_text(guarded: Callable[[], Site]) -> None:
    with served(guarded()) as address:
        assert post(address, "/api/incidents/1/ack", {"by": "a\x00\u202e", "comment": "\x1b[2J"})[0] == 200
        assert json.loads(ask(address, "/api/incidents/1", authorization=f"Bearer {TOKEN}")[2])["comment"] == "\x1b[2J"
        status, _, page = ask(address, "/incidents/1", authorization=f"Bearer {TOKEN}")
    assert status == 200
    assert "\\u202e" in page
