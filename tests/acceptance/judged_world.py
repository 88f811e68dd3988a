"""A small world whose answers are graded by a judge, which can be swapped as silently as any model."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

from driftwatch.bootstrap.scoring import build_scorers
from driftwatch.domain.answer import Question
from driftwatch.domain.decide import Audience
from driftwatch.domain.endpoint import Endpoint
from driftwatch.domain.probe import Message, Probe, ProbeSet, ScorerSpec
from driftwatch.domain.schedule import Every
from driftwatch.services.bench import Judge
from driftwatch.services.judge_watch import anchor_metrics, anchor_probes
from driftwatch.services.our_side import our_side
from driftwatch.services.streams import Budgets, plan_streams
from driftwatch.services.watched import Watched, WatchedJudge
from driftwatch.stats.budget import FalseAlarmBudget
from driftwatch.testing.model import Line, ScriptedModel
from tests.acceptance.world import SmallWorld

HOURLY = Every(interval=timedelta(hours=1))
BUDGETS = Budgets(
    pages=FalseAlarmBudget.parse("1 per endpoint-year"), notices=FalseAlarmBudget.parse("4 per endpoint-year")
)
_FENCED = re.compile(r"<<<(\w{16}) ([A-Z]+)\n(.*?)\n\1>>>", re.DOTALL)


def judged_probes(count: int, scorer: str = "llm-rubric", argument: object = "Names the word.") -> ProbeSet:
    return ProbeSet(
        name="judged",
        probes=tuple(
            Probe(
                id=f"word-{n:02}",
                messages=(Message(role="user", content=f"Say word {n}."),),
                scorers=(ScorerSpec(name=scorer, argument=argument, metric=scorer),),
            )
            for n in range(count)
        ),
    )


def judging(passes: Callable[[str], bool], reason: str = "It does.") -> Callable[[Question, Random], Line]:
    """A judge that answers every form, by what it thinks of the answer alone."""

    def script(question: Question, _chance: Random) -> Line:
        parts = {name: text for _, name, text in _FENCED.findall(question.messages[-1]["content"])}
        mark = _FENCED.search(question.messages[-1]["content"])[1]  # type: ignore[index]  # all are fenced
        good = passes(parts.get("ANSWER", parts.get("CONTEXT", "")))
        system = question.messages[0]["content"]
        form: Mapping[str, object] = {"pass": good}
        if '"grade"' in system:
            form = {"grade": 4 if good else 2}
        elif '"category"' in system:
            form = {"category": "C" if good else "D"}
        elif '"statements"' in system:
            form = {"statements": [{"text": "a", "yes": good}, {"text": "b", "yes": True}]}
        return json.dumps({"mark": mark, "reason": reason, **form})

    return script


class JudgedWorld(SmallWorld):
    """One endpoint and its judge, replayed hour by hour."""

    def __init__(
        self, folder: Path, model: ScriptedModel, judge: ScriptedModel, *, probes: ProbeSet, baseline: int = 20
    ) -> None:
        self.judge = judge
        self.one = self._judge(baseline)
        super().__init__(folder, model, probes=probes, baseline=baseline)

    def _judge(self, baseline: int) -> WatchedJudge:
        anchors, scorers = anchor_probes()
        endpoint = Endpoint(
            name="judge/default",
            model="scripted/judge",
            driver="scripted",
            probe_set=anchors,
            schedule=HOURLY,
            baseline_replays=baseline,
            attempts=1,
        )
        metrics = anchor_metrics()
        watched = Watched(
            endpoint=endpoint,
            model=self.judge,
            fingerprint=our_side(endpoint, self.judge.identity),
            scorers=scorers,
            metrics=metrics,
            plans=plan_streams(metrics, BUDGETS, replays_per_year=8760, baseline_replays=baseline),
            routes={Audience.PAGES: "oncall", Audience.NOTICES: "quiet", Audience.OPS: "ops"},
        )
        return WatchedJudge(
            judge=Judge(name="default", endpoint=endpoint, model=self.judge, confirm=False), watched=watched
        )

    def watch(self, endpoint: Endpoint) -> Watched:
        return replace(super().watch(endpoint), judges={"default": self.one})

    def verdicts(self, metric: str = "llm-rubric") -> list[float]:
        """The mean verdict of every replay."""
        found = []
        for replay in self.store.replays("support-bot", metrics=(metric,)):
            values = [v for samples in replay.values.get(metric, {}).values() for v in samples]
            found.append(sum(values) / len(values) if values else -1.0)
        return found


__all__ = ["JudgedWorld", "build_scorers", "judged_probes", "judging"]
