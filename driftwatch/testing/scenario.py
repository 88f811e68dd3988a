"""A documented incident as a script: what it asks, what the vendor says before and after, and what must come of it."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from driftwatch.domain.answer import Question, Reply, Usage
from driftwatch.domain.errors import EndpointError
from driftwatch.domain.probe import Message, Probe, ProbeSet, ScorerSpec

PROBES = 40
Says = Callable[[int, int, Random], str | Reply | EndpointError]
"""(number of the probe, hours since the change, chance) -> what the vendor says."""


def probes(count: int = PROBES) -> ProbeSet:
    """Return probes that each want one word, and no Markdown fence.

    Examples
    --------
    >>> [probe.id for probe in probes(2).probes]
    ['word-00', 'word-01']
    """
    return ProbeSet(
        name="words",
        probes=tuple(
            Probe(
                id=f"word-{n:02}",
                messages=(Message(role="user", content=f"Say word {n}."),),
                scorers=(
                    ScorerSpec(name="contains", argument=f"word{n}", metric="contains"),
                    ScorerSpec(name="contains", argument="```", metric="not-contains", negate=True),
                ),
            )
            for n in range(count)
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One documented change.

    Parameters
    ----------
    story : str
        What happened.
    says : callable
        What the vendor answers from the change on; before it `usual` speaks.
    hours : int
        After the change, until everything must have been told.
    every_h : int
        Hours from replay to replay.
    severity : str
        The loudest message that must come: ``page``, ``notice`` or ``none``.
    attribution : str
        What the incident must be put down to at the end; empty for none.
    metric : str
        The metric that must lead the incident; empty where any may.
    usual : callable
        What the vendor answers before.
    asked : callable
        Returns the golden set.
    """

    name: str
    story: str
    says: Says
    hours: int = 3
    every_h: int = 1
    severity: str
    attribution: str = "silent change"
    metric: str = ""
    usual: Says = lambda number, _hours, _chance: f"word{number}"
    asked: Callable[[], ProbeSet] = probes

    def script(self, hours: Callable[[], int | None]) -> Callable[[Question, Random], str | Reply]:
        """Return a script for `ScriptedModel`.

        Parameters
        ----------
        hours : callable
            Returns the hours since the change; None before it.
        """

        def answer(question: Question, chance: Random) -> str | Reply:
            since = hours()
            number = int(str(question.messages[-1]["content"]).rpartition(" ")[2].rstrip("."))
            said = self.usual(number, 0, chance) if since is None else self.says(number, since, chance)
            if isinstance(said, EndpointError):
                raise said
            return said

        return answer


def reply(text: str, *, latency_ms: float = 200.0, model: str = "scripted-2026-07-20", build: str = "fp_a") -> Reply:
    """Return a whole reply, where more than the text tells of a change."""
    return Reply(
        output=text.encode(),
        finish_reason="stop",
        model=model,
        system_fingerprint=build,
        usage=Usage(input_tokens=4, output_tokens=len(text.split())),
        latency_ms=latency_ms,
        ttft_ms=latency_ms * 0.3,
    )
