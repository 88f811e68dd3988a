"""Documented incidents as scripts: what a vendor did, in small, and what must come of it.

Best for trying a whole pipeline, a self-test or a new rule on changes that have really happened. Each speaks to the
probes that `probes` makes; sizes are the documented ones where forty probes can show them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from driftwatch.domain.answer import Question, Reply, Usage
from driftwatch.domain.errors import EndpointError, Outcome
from driftwatch.domain.probe import Message, Probe, ProbeSet, ScorerSpec

PROBES = 40
Says = Callable[[int, int, Random], str | Reply | EndpointError]
"""(number of the probe, hours since the change, chance) -> what the vendor says."""


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
        Hourly replays after the change until everything must have been told.
    severity : str
        The loudest message that must come: ``page``, ``notice`` or ``none``.
    attribution : str
        What the incident must be put down to at the end; empty for none.
    metric : str
        The metric that must lead the incident; empty where any may.
    usual : callable
        What the vendor answers before.
    """

    name: str
    story: str
    says: Says
    hours: int = 3
    severity: str
    attribution: str = "silent change"
    metric: str = ""
    usual: Says = lambda number, _hours, _chance: f"word{number}"

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


def _classes(number: int, _hours: int, chance: Random) -> str:
    """Prime: 97.6 -> 2.4 % right; composite: 70.4 -> 99.8 %."""
    right = 0.024 if number % 2 == 0 else 0.998
    return f"word{number}" if chance.random() < right else "Composite."


def _classes_before(number: int, _hours: int, chance: Random) -> str:
    right = 0.976 if number % 2 == 0 else 0.704
    return f"word{number}" if chance.random() < right else "Prime."


def _half_right(number: int, _hours: int, chance: Random) -> str:
    return f"word{number}" if chance.random() < 0.5 else "I do not know"


def _better(number: int, _hours: int, chance: Random) -> str:
    return f"word{number}" if chance.random() < 0.76 else "I do not know"


def _fenced(number: int, _hours: int, chance: Random) -> str:
    word = f"word{number}" if chance.random() < 0.95 else "no idea"
    return f"```\n{word}\n```" if chance.random() < 0.88 else word


def _bare(number: int, _hours: int, chance: Random) -> str:
    return f"word{number}" if chance.random() < 0.52 else "no idea"


def _three_broken(number: int, hours: int, _chance: Random) -> str:
    return "As you know, the truth is hidden" if number in (7, 12, 15) and hours < 16 else f"word{number}"


def _other_words(number: int, _hours: int, chance: Random) -> str:
    return f"Sure: word{number}, {chance.choice(('gladly', 'with pleasure', 'of course'))}."


def _gone(_number: int, _hours: int, _chance: Random) -> EndpointError:
    return EndpointError("404: no such model", outcome=Outcome.NOT_FOUND, transient=False)


def _down(_number: int, hours: int, _chance: Random) -> str | EndpointError:
    if hours < 2:
        return EndpointError("503", outcome=Outcome.UNAVAILABLE, transient=True)
    return f"word{_number}"


SCENARIOS: Mapping[str, Scenario] = {
    one.name: one
    for one in (
        Scenario(
            name="gpt4-june-2023",
            story="One class of questions collapses while another improves",
            usual=_classes_before,
            says=_classes,
            hours=2,
            severity="page",
        ),
        Scenario(
            name="fenced-code",
            story="Answers come in Markdown fences, and what is inside is right more often",
            usual=_bare,
            says=_fenced,
            severity="page",
            metric="not-contains",
        ),
        Scenario(
            name="gpt35-june-2023",
            story="A model gets better",
            usual=_half_right,
            says=_better,
            hours=8,
            severity="notice",
        ),
        Scenario(
            name="rumour-2024",
            story="People complain, and nothing has changed",
            usual=_bare,
            says=_bare,
            hours=12,
            severity="none",
            attribution="",
        ),
        Scenario(
            name="dated-id-redirect",
            story="A dated id is answered by another model, which echoes the old name",
            says=lambda number, _hours, chance: f"word{number}" if chance.random() < 0.6 else "Hm.",
            hours=1,
            severity="page",
        ),
        Scenario(
            name="system-prompt",
            story="Three probes change completely for sixteen hours",
            says=_three_broken,
            hours=2,
            severity="page",
        ),
        Scenario(
            name="reroute",
            story="The same weights on another serving stack: every text differs, no score does, and it is faster",
            usual=lambda number, _hours, _chance: reply(f"word{number}"),
            says=lambda number, hours, chance: reply(_other_words(number, hours, chance), latency_ms=60.0),
            severity="notice",
            attribution="serving change",
        ),
        Scenario(
            name="announced",
            story="The vendor answers as another model and says so; it is worse",
            usual=lambda number, _hours, _chance: reply(f"word{number}"),
            says=lambda number, _h, _c: reply(f"word{number}" if number % 3 else "No.", model="scripted-2026-08-01"),
            severity="page",
            attribution="announced change",
        ),
        Scenario(
            name="new-build",
            story="The system fingerprint changes with the behaviour",
            usual=lambda number, _hours, _chance: reply(f"word{number}"),
            says=lambda number, _h, _c: reply(f"word{number}" if number % 3 else "No.", build="fp_b"),
            severity="page",
            attribution="announced change",
        ),
        Scenario(
            name="alias-gone",
            story="An alias disappears",
            says=_gone,
            hours=2,
            severity="notice",
            attribution="no data",
        ),
        Scenario(
            name="provider-down",
            story="Two hours of 5xx, then all is as before",
            says=_down,
            hours=4,
            severity="notice",
            attribution="no data",
        ),
    )
}
"""By name; `hours` are hourly replays."""
