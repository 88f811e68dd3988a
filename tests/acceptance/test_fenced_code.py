"""Incident `fenced-code` (GPT-4, June 2023): the code got better and no program could read it any more.

Directly usable answers fell from 52 to 10 %, answers with a Markdown fence rose from 0 to 88 %, and the code inside was
right in 70 % instead of 52 %: L. Chen, M. Zaharia, J. Zou, "How is ChatGPT's behavior changing over time?" (2023).
"""

import asyncio

from driftwatch.adapters.notify.wording import render_text
from driftwatch.domain.probe import Message, Probe, ProbeSet, ScorerSpec
from driftwatch.testing.model import ScriptedModel
from tests.acceptance.world import SmallWorld

PROBES = 60


def programs():
    """Probes that each want one line of code, taken strictly and flexibly."""

    def scorers(n):
        value = f"return a * {n}"
        return tuple(
            ScorerSpec(name="equals", argument=value, metric=metric, extract=how)
            for metric, how in (("equals", "strict"), ("equals:flexible", "flexible"))
        )

    return ProbeSet(
        name="programs",
        probes=tuple(
            Probe(id=f"times-{n:02}", messages=(Message(role="user", content=f"Write times {n}."),), scorers=scorers(n))
            for n in range(PROBES)
        ),
    )


def coder(*, right, fenced):
    """A model whose code is right so often, and stands in a fence so often."""

    def script(question, chance):
        n = question.messages[-1]["content"].split()[-1].rstrip(".")
        code = f"return a * {n}" if chance.random() < right else f"return a + {n}"
        return f"Here you are:\n```python\n{code}\n```" if chance.random() < fenced else code

    return script


def drifted(tmp_path, *, right, fenced, replays=3):
    model = ScriptedModel(coder(right=0.52, fenced=0.0), seed=3)
    world = SmallWorld(tmp_path, model, probes=programs())
    asyncio.run(world.replay(30))
    assert world.told() == []
    model.drift(coder(right=right, fenced=fenced))
    asyncio.run(world.replay(replays))
    return world


def means(world, metric):
    values = [r.values[metric] for r in world.store.replays("support-bot", metrics=(metric,))]
    return [sum(sum(v) for v in replay.values()) / len(replay) for replay in values]


def first_page(world):
    return next(d for d in world.store.deliveries() if d.route == "oncall")


def test_the_page_is_on_format_and_says_that_correctness_rose(tmp_path):
    world = drifted(tmp_path, right=0.70, fenced=0.88)
    strict, flexible = means(world, "equals"), means(world, "equals:flexible")
    # 4 standard errors of 180 answers around the 10 % and 70 % of the incident.
    assert abs(sum(strict[30:]) / 3 - 0.10) < 0.09
    assert abs(sum(flexible[30:]) / 3 - 0.70) < 0.14
    page = first_page(world)
    assert page.payload["reason"] == "FIRST"
    assert {f["metric"] for f in page.payload["findings"] if f["direction"] < 0} <= {"pass", "equals"}
    text = render_text(page.payload)
    assert "fell" in text.splitlines()[0]
    assert "the format changed; read flexibly the answers got better: equals:flexible rose 0.5" in text
    assert [d.severity.value for d in world.store.deliveries()].count("page") == 1


def test_a_format_that_changes_alone_is_told_as_that(tmp_path):
    text = render_text(first_page(drifted(tmp_path, right=0.52, fenced=0.9)).payload)
    assert "the format changed; read flexibly the answers are as good as before: equals:flexible" in text


def test_lost_knowledge_is_not_excused_by_the_format(tmp_path):
    text = render_text(first_page(drifted(tmp_path, right=0.1, fenced=0.5)).payload)
    assert "not the format alone: read flexibly the answers got worse, too: equals:flexible fell" in text
