"""Documented incidents that show within hours: what a vendor did, in small, and what must come of it.

Best for trying a whole pipeline, a self-test or a new rule on changes that have really happened. Each speaks to the
probes that `probes` makes; sizes are the documented ones where forty probes can show them. Those that take days are in
`driftwatch.testing.lasting`.
"""

from collections.abc import Mapping
from random import Random

from driftwatch.domain.errors import EndpointError, Outcome
from driftwatch.testing.scenario import PROBES, Says, Scenario, probes, reply

__all__ = ["PROBES", "SCENARIOS", "Says", "Scenario", "probes", "reply"]


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


_WAYS_DOWN = (Outcome.UNAVAILABLE, Outcome.TIMEOUT, Outcome.TRUNCATED)


def _down(number: int, hours: int, _chance: Random) -> str | EndpointError:
    """A third of the answers each: 5xx, hang until the deadline, end in the middle of the stream."""
    if hours < 2:
        way = _WAYS_DOWN[number % 3]
        return EndpointError(f"503, a hang, a cut: {way.value}", outcome=way, transient=True)
    return f"word{number}"


def _without_quota(number: int, hours: int, _chance: Random) -> str | EndpointError:
    if hours < 24:
        return EndpointError("429: quota exceeded", outcome=Outcome.RATE_LIMITED, transient=True)
    return f"word{number}"


SCENARIOS: Mapping[str, Scenario] = {
    one.name: one
    for one in (
        Scenario(
            name="gpt4-june-2023",
            story="One class of questions collapses while another improves",
            usual=_classes_before,
            says=_classes,
            hours=1,
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
            attribution="error",
        ),
        Scenario(
            name="quota-429",
            story="The quota of a free id is used up for a day",
            says=_without_quota,
            hours=26,
            severity="notice",
            attribution="no data",
        ),
        Scenario(
            name="provider-down",
            story="Two hours of 5xx, hangs and truncated streams, then all is as before",
            says=_down,
            hours=4,
            severity="notice",
            attribution="no data",
        ),
    )
}
"""By name; `hours` are hourly replays."""
