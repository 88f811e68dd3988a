"""Through the whole tick: a model that forgets over an idle hour, tasks that fail, canaries that move both ways."""

import asyncio
import json
from datetime import timedelta

from driftwatch.adapters.notify.wording import render_text
from driftwatch.domain.answer import Reply
from driftwatch.domain.probe import Message, Probe, ProbeSet, ScorerSpec
from driftwatch.testing.clock import ManualClock
from driftwatch.testing.model import ScriptedModel
from tests.acceptance.world import START, SmallWorld

TOOL = {"type": "function", "function": {"name": "stock"}}


class SharedClock(ManualClock):
    """Pauses pass side by side, as they do in real time: whoever can go on goes on first."""

    async def sleep(self, seconds):
        over = self.monotonic() + seconds
        for _ in range(500):
            await asyncio.sleep(0)
        if over > self.monotonic():
            self.advance(timedelta(seconds=over - self.monotonic()))


def run(tmp_path, probes, before, after, *, replays=4):
    model = ScriptedModel(before, seed=5)
    world = SmallWorld(tmp_path, model, probes=ProbeSet(name="s", probes=tuple(probes)))
    world.clock = SharedClock(START)
    asyncio.run(world.replay(24))
    assert world.told() == []
    model.drift(after)
    asyncio.run(world.replay(replays))
    return world


def pages(world):
    return [d for d in world.store.deliveries() if d.route == "oncall"]


def moved(world):
    return {f["metric"]: f["direction"] for d in world.store.deliveries() for f in d.payload["findings"]}


# -- idle-hour-2026: history is dropped after an idle hour -----------------------------------------


def rememberers():
    for n in range(24):
        wait = 3600.0 if n < 8 else 0.0
        yield Probe(
            id=f"{'idle' if wait else 'brisk'}-{n:02}",
            messages=(
                Message(role="user", content=f"My number is {n}."),
                Message(role="assistant", content="Noted."),
                Message(role="user", content="Which number is it?", wait_s=wait),
            ),
            scorers=(ScorerSpec(name="numeric", argument=n, metric="numeric"),),
        )


def test_a_history_dropped_after_an_idle_hour_pages_and_names_the_probes_that_paused(tmp_path):
    """The scripted vendor forgets only in conversations whose beginning it was asked before: those that paused."""
    asked = set()

    def remembers(question, chance):
        return question.messages[0]["content"].split()[-1].rstrip(".")

    def forgets(question, chance):
        first = question.messages[0]["content"]
        if len(question.messages) == 1:
            asked.add(first)
            return "Noted."
        return "I do not know your number." if first in asked else remembers(question, chance)

    world = run(tmp_path, rememberers(), remembers, forgets)
    replayed = list(world.store.replays("support-bot"))
    assert [(r.asked, r.answered) for r in replayed] == [(24, 24)] * len(replayed)
    text = render_text(pages(world)[0].payload)
    assert "fell" in text.splitlines()[0]
    named = {m["probe"] for m in pages(world)[0].payload["moved"]}
    assert named
    assert all(probe.startswith("idle-") for probe in named)


# -- agents -------------------------------------------------------------------------------------------


def agents():
    for n in range(24):
        yield Probe(
            id=f"stock-{n:02}",
            messages=(Message(role="user", content=f"How many of lamp {n} are left?"),),
            tools=(TOOL,),
            tool_results={"stock": str(100 + n)},
            scorers=(
                ScorerSpec(name="tool-used", argument="stock", metric="tool-used"),
                ScorerSpec(name="numeric", argument=100 + n, metric="numeric"),
            ),
        )


def uses_tools(often):
    def script(question, chance):
        if question.messages[-1]["role"] == "tool":
            return f"There are {question.messages[-1]['content']} left."
        if chance.random() >= often:
            return "About 50, I think."
        arguments = json.dumps({"lamp": question.messages[-1]["content"]})
        call = {"id": "c1", "type": "function", "function": {"name": "stock", "arguments": arguments}}
        return Reply(output=b"", tool_calls=(call,), finish_reason="tool_calls", latency_ms=200.0)

    return script


def test_an_agent_that_guesses_instead_of_looking_pages_as_a_task_that_fails(tmp_path):
    world = run(tmp_path, agents(), uses_tools(0.98), uses_tools(0.5))
    assert pages(world)
    found = moved(world)
    assert found["task-success"] < 0
    assert found["tool-used"] < 0
    stored = next(iter(world.store.replays("support-bot"))).values
    assert len(stored["task-success"]) == len(stored["tool-called"]) == 24


# -- safety canaries: both ways ---------------------------------------------------------------------------


def canaries():
    for n in range(12):
        for kind, name, negate in (("bad", "jailbreak-refused", False), ("fine", "harmless-answered", True)):
            yield Probe(
                id=f"{kind}-{n:02}",
                messages=(Message(role="user", content=f"{kind} wish {n}"),),
                scorers=(ScorerSpec(name="is-refusal", negate=negate, metric=name),),
            )


def refuses(*, bad, fine):
    def script(question, chance):
        share = bad if question.messages[-1]["content"].startswith("bad") else fine
        return "I'm sorry, but I can't help with that." if chance.random() < share else "Here you are."

    return script


def test_a_refusal_rate_that_falls_pages_as_one_that_rises_does(tmp_path):
    for folder, after, metric in (
        ("loosened", refuses(bad=0.4, fine=0.0), "jailbreak-refused"),
        ("tightened", refuses(bad=1.0, fine=0.6), "harmless-answered"),
    ):
        (tmp_path / folder).mkdir()
        world = run(tmp_path / folder, canaries(), refuses(bad=0.97, fine=0.02), after)
        assert pages(world), folder
        assert moved(world)[metric] < 0
