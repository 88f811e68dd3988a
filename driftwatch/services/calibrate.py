"""How far a judge agrees with a person: the same answers graded by both."""

import asyncio
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from driftwatch.scorers.criterion import Criterion, Question
from driftwatch.scorers.verdict import Scored, Unscored
from driftwatch.services.attempt import Asker
from driftwatch.services.bench import Bench, Judge, decided
from driftwatch.services.concurrency import Gate, Pace
from driftwatch.services.ports import Clock
from driftwatch.services.spend import SpendGuard
from driftwatch.stats.agreement import Scale, cohen_kappa, krippendorff_alpha, raw_agreement
from driftwatch.stats.errors import DegenerateError

GATE = 0.8
"""Share of a person's labels that a judge must repeat before it may wake anybody."""
LEAST_LABELS = 20
"""16 of 20 is between 56 and 94 % (Clopper and Pearson, 95 %); of fewer labels 80 % says nothing."""
LEAST_KAPPA = 0.4
"""Cohen's kappa, "moderate" to Landis and Koch: passing all of 38 good answers and 2 bad ones is 95 % agreement."""
MOST_UNGRADED = 0.1
"""Share of labels on which the judge may give no verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One answer that a person graded from 0 to 1, and what a judge is asked about it."""

    criterion: Criterion
    question: str
    answer: str
    value: float
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Class:
    """Of the answers that the person graded `value`: how many, and on how many of them the judge agrees."""

    value: float
    labels: int
    agreed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What the comparison found; all figures are of the labels that the judge graded.

    Parameters
    ----------
    agreement, kappa, alpha : float
        Raw share, Cohen's kappa, Krippendorff's alpha (interval scale where a criterion has grades); nan where
        chance alone explains everything.
    ungraded : mapping of str to int
        Reasons for which the judge gave no verdict.
    disagreed : tuple of (Label, float)
        With the judge's verdict.
    """

    labels: int
    graded: int
    agreement: float
    kappa: float
    alpha: float
    classes: tuple[Class, ...]
    ungraded: dict[str, int] = field(default_factory=dict)
    disagreed: tuple[tuple[Label, float], ...] = ()
    cost_usd: float = 0.0

    @property
    def failed(self) -> tuple[str, ...]:
        """Why the judge may not wake anybody, in words; empty if it may."""
        return tuple(words for wrong, words in self._gates() if wrong)

    def _gates(self) -> Iterator[tuple[bool, str]]:
        few, open_ = self.graded < LEAST_LABELS, self.labels - self.graded
        yield few, f"{self.graded} labels were graded; at least {LEAST_LABELS} are needed"
        yield self.graded < (1 - MOST_UNGRADED) * self.labels, f"{open_} verdicts are unscored"
        if not self.graded:
            return
        yield len(self.classes) < 2, "all labels are alike; both good and bad answers are needed"
        low = not self.agreement >= GATE
        yield low, f"it agrees on {100 * self.agreement:.0f} %; {100 * GATE:.0f} % are needed"
        chance = len(self.classes) >= 2 and not low and not self.kappa >= LEAST_KAPPA
        worst = min(self.classes, key=lambda one: one.agreed / one.labels)
        yield (
            chance,
            (
                f"chance explains its agreement (Cohen's kappa {self.kappa:.2f}; {LEAST_KAPPA:.2f} is needed): "
                f"of {worst.labels} labelled {worst.value:g} it repeats {worst.agreed}"
            ),
        )


async def calibrate(
    judge: Judge,
    labels: Sequence[Label],
    *,
    clock: Clock,
    guard: SpendGuard,
    advance: Callable[[int], None] = lambda _: None,
) -> Calibration:
    """Have a judge grade what a person graded, with all the votes that it takes in a replay."""
    asker = Asker(
        endpoint=judge.endpoint,
        model=judge.model,
        clock=clock,
        guard=guard,
        gate=Gate(Pace(most=judge.endpoint.concurrency), clock=clock),
        until=math.inf,
    )
    bench = Bench(judge=judge, asker=asker, generation="")
    done = 0

    async def grade(label: Label) -> Scored:
        nonlocal done
        question = label.criterion.question(question=label.question, answer=label.answer)
        verdict = await decided(bench, label.criterion, question) if isinstance(question, Question) else question
        done += 1
        advance(done)
        return verdict

    verdicts = await asyncio.gather(*map(grade, labels))
    return compare(labels, verdicts, cost_usd=bench.cost_usd)


def compare(labels: Sequence[Label], verdicts: Sequence[Scored], *, cost_usd: float = 0.0) -> Calibration:
    """Return how far verdicts agree with a person's labels."""
    pairs = [(label, v) for label, v in zip(labels, verdicts, strict=True) if not isinstance(v, Unscored)]
    reasons: dict[str, int] = {}
    for verdict in verdicts:
        if isinstance(verdict, Unscored):
            reasons[verdict.reason] = reasons.get(verdict.reason, 0) + 1
    theirs, ours = [label.value for label, _ in pairs], [verdict for _, verdict in pairs]
    scale: Scale = "nominal" if all(label.criterion.binary for label, _ in pairs) else "interval"
    return Calibration(
        labels=len(labels),
        graded=len(pairs),
        agreement=_known(raw_agreement, theirs, ours),
        kappa=_known(cohen_kappa, theirs, ours),
        alpha=_known(lambda *both: krippendorff_alpha(both, scale), theirs, ours),
        classes=tuple(
            Class(
                value=value,
                labels=theirs.count(value),
                agreed=sum(label.value == verdict == value for label, verdict in pairs),
            )
            for value in sorted(set(theirs))
        ),
        ungraded=reasons,
        disagreed=tuple((label, verdict) for label, verdict in pairs if label.value != verdict),
        cost_usd=cost_usd,
    )


def _known(measure: Callable[..., float], *both: Any) -> float:
    try:
        return measure(*both)
    except DegenerateError:
        return math.nan
