"""Line 46: TLS, DNS, a proxy that wants a password, our own network down. Nobody else is blamed for ours, and once."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from driftwatch.adapters.canary import HttpCanary
from driftwatch.adapters.llm.direct import DirectModel
from driftwatch.adapters.notify.wording import render_text
from driftwatch.config.canaries import canary_addresses, endpoint_hosts
from driftwatch.config.load import load_settings
from driftwatch.domain.answer import Question
from driftwatch.domain.errors import EndpointError, Outcome
from driftwatch.domain.replay import SlotState
from driftwatch.services.own_network import OwnNetwork
from driftwatch.services.ports import Canary
from driftwatch.services.tick import Ticked
from driftwatch.testing.behaviours import status
from driftwatch.testing.clock import ManualClock
from driftwatch.testing.model import ScriptedModel
from driftwatch.testing.server import ScriptedServer, refused_url
from tests.acceptance.world import SmallWorld, capitals, right

CUT_OFF = EndpointError("no connection: unreachable", outcome=Outcome.NETWORK, transient=True)
FLEET = 12


class Wire(Canary):
    """A way out that can be cut."""

    def __init__(self) -> None:
        self.cut, self.looks = False, 0

    async def look(self) -> Mapping[str, str | None]:
        self.looks += 1
        return {"elsewhere.example": "no connection (OSError)" if self.cut else None}


def fleet(folder: Path, wire: Canary, monkeypatch: pytest.MonkeyPatch) -> list[SmallWorld]:
    first: SmallWorld | None = None
    worlds: list[SmallWorld] = []
    for n in range(FLEET):
        model = ScriptedModel(right(4))
        one = SmallWorld(folder, model, probes=capitals(4), baseline=4, name=f"bot-{n:02}", beside=first)
        first = first or one
        worlds.append(one)
    network = OwnNetwork(canary=wire, clock=worlds[0].clock)
    monkeypatch.setattr(SmallWorld, "world", property(lambda here: replace(_world(here), network=network)))
    return worlds


_world = SmallWorld.world.fget


def all_replay(worlds: list[SmallWorld], times: int = 1) -> set[Ticked]:
    async def story() -> set[Ticked]:
        return {done for _ in range(times) for one in worlds for done in await one.replay(1)}

    return asyncio.run(story())


def test_fault_46_our_own_network_down_is_one_message_and_no_vendor_is_blamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire = Wire()
    worlds = fleet(tmp_path, wire, monkeypatch)
    assert all_replay(worlds, 2) == {Ticked.REPLAYED}
    assert wire.looks == 0, "a canary that is asked while all is well is a dependency more"
    for one in worlds:
        one.model.drift(lambda _question, _chance: CUT_OFF)
    wire.cut = True
    assert all_replay(worlds, 3) == {Ticked.SKIPPED}
    assert worlds[0].told() == [("ops", "OWN_NETWORK")], "one message, not one for each endpoint and replay"
    assert not worlds[0].store.incidents()
    [said] = worlds[0].store.deliveries()
    assert "our own network is down" in render_text(said.payload)
    records = [r for one in worlds for r in one.store.slots(one.watched.endpoint.name)[-3:]]
    assert {r.state for r in records} == {SlotState.SKIPPED}
    assert all(r.reason is not None and r.reason.startswith("own network: elsewhere.example") for r in records)
    wire.cut = False
    worlds[0].clock.advance(timedelta(seconds=11))
    for one in worlds:
        one.model.drift(right(4))
    assert all_replay(worlds) == {Ticked.REPLAYED}
    assert len(worlds[0].told()) == 1


def test_fault_46_an_endpoint_that_answers_is_measured_though_the_canary_stays_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One blip of the vendor and a dead canary blinded every endpoint for ever."""
    wire = Wire()
    worlds = fleet(tmp_path, wire, monkeypatch)[:2]
    worlds[0].model.drift(lambda _question, _chance: CUT_OFF)
    wire.cut = True
    assert all_replay(worlds[:1]) == {Ticked.SKIPPED}
    assert all_replay(worlds[1:]) == {Ticked.REPLAYED}
    worlds[0].model.drift(right(4))
    assert all_replay(worlds, 5) == {Ticked.REPLAYED}
    worlds[0].model.drift(lambda _question, _chance: CUT_OFF)
    with capture_logs() as logs:
        assert all_replay(worlds[:1]) == {Ticked.SKIPPED}
    assert "our own network is down" in {line["event"] for line in logs}, "a new outage is a new one"


def test_fault_46_a_vendor_that_cannot_be_reached_while_the_canary_lives_is_the_vendors_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worlds = fleet(tmp_path, Wire(), monkeypatch)[:1]
    all_replay(worlds, 2)
    worlds[0].model.drift(lambda _question, _chance: CUT_OFF)
    assert all_replay(worlds, 2) == {Ticked.FAILED}
    assert worlds[0].told() == [("ops", "NO_DATA")]


def test_fault_46_a_hundred_endpoints_that_fail_together_ask_the_canary_once() -> None:
    wire, clock = Wire(), ManualClock()
    wire.cut = True
    network = OwnNetwork(canary=wire, clock=clock)

    async def story() -> set[str | None]:
        return set(await asyncio.gather(*(network.trouble(f"bot-{n}") for n in range(100))))

    assert asyncio.run(story()) == {"elsewhere.example: no connection (OSError)"}
    assert wire.looks == 1


def asked(base_url: str) -> EndpointError:
    """What the driver makes of an address, over the real wire."""
    model = DirectModel(model="x", base_url=base_url, clock=ManualClock())

    async def story() -> EndpointError:
        with pytest.raises(EndpointError) as caught:
            await model.ask(Question(messages=[{"role": "user", "content": "hi"}], deadline_s=5.0))
        await model.aclose()
        return caught.value

    return asyncio.run(story())


def test_fault_46_tls_refused_connections_and_a_proxys_password_are_the_networks() -> None:
    with ScriptedServer(lambda _: status(407, "authentication required")) as proxy:
        found = {
            "no TLS there": asked(proxy.base_url.replace("http:", "https:")),
            "nobody there": asked(refused_url()),
            "proxy": asked(proxy.base_url),
        }
    assert {name: error.outcome for name, error in found.items()} == dict.fromkeys(found, Outcome.NETWORK)
    assert not found["proxy"].transient


def test_fault_46_the_canary_takes_any_answer_but_a_proxys_for_a_sign_of_life() -> None:
    refused = refused_url()
    with ScriptedServer() as server:
        canary = HttpCanary(
            [server.base_url, refused, server.base_url.replace("http:", "https:").replace("127.0.0.1", "localhost")]
        )
        found = asyncio.run(canary.look())
    here, nobody, no_tls = canary.hosts
    assert found[here] is None, "a 404 is an answer"
    assert str(found[nobody]).startswith("no connection")
    assert str(found[no_tls]).startswith("no connection")


def test_fault_46_by_default_the_others_that_the_configuration_names_are_the_canaries(tmp_path: Path) -> None:
    (tmp_path / "golden.yaml").write_text("name: g\nprobes:\n  - {id: a, prompt: hi}\n")
    config = tmp_path / "driftwatch.yaml"
    base = (
        "endpoints:\n"
        "  - {name: a, model: openai/x-2026-01-01, api_key: k, params: {temperature: 0}, probes: [golden.yaml]}\n"
        "  - {name: b, model: openai/y-2026-01-01, base_url: http://127.0.0.1:1/v1, api_key: k,"
        " params: {temperature: 0}, probes: [golden.yaml]}\n"
        "routes: {oncall: {slack_webhook: https://hooks.slack.com/services/T/B/secret}}\n"
    )
    config.write_text(base)
    settings = load_settings(config, {})
    addresses = canary_addresses(settings)
    assert addresses == ("https://api.openai.com/v1", "https://hooks.slack.com/services/T/B/secret")
    assert HttpCanary(addresses).hosts == ("api.openai.com", "hooks.slack.com"), "no secret of a path is kept"
    assert endpoint_hosts(settings) == {"a": "api.openai.com", "b": "127.0.0.1:1"}
    config.write_text(base + "connectivity: {url: https://status.example.com}\n")
    assert canary_addresses(load_settings(config, {})) == ("https://status.example.com",)


def test_fault_46_an_endpoints_own_host_is_no_canary_for_it() -> None:
    class Down(Canary):
        async def look(self) -> Mapping[str, str | None]:
            return {"api.openai.com": "no answer in time"}

    network = OwnNetwork(canary=Down(), clock=ManualClock(), hosts={"a": "api.openai.com", "b": "api.mistral.ai"})
    assert asyncio.run(network.trouble("a")) is None, "nobody else can be asked: the vendor's failure, as before"
    assert asyncio.run(network.trouble("b")) == "api.openai.com: no answer in time"
