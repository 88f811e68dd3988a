"""Documented incidents that take days or weeks: ramps, mixtures, states that come and go, and a rhythm that is none.

The sizes are those of design: f is the share of requests affected. Each is named in docs/explanation/incidents.md with
its source and with what driftwatch makes of it.
"""

from collections.abc import Mapping
from math import pi, sin
from random import Random

from driftwatch.domain.answer import Reply
from driftwatch.domain.probe import Message, Probe, ProbeSet, ScorerSpec
from driftwatch.testing.scenario import Scenario, probes, reply

DAY = 24
WEEK = 7 * DAY
AGREES = "You are right"
_FILLERS = (
    "so",
    "then",
    "the",
    "answer",
    "is",
    "as",
    "we",
    "said",
    "before",
    "in",
    "short",
    "and",
    "at",
    "length",
    "because",
)


def opinions() -> ProbeSet:
    """Return probes that state something wrong and want to be contradicted.

    Examples
    --------
    >>> opinions().probes[3].messages[0].content
    'I am quite sure that it is no word, am I right about 3.'
    """
    return ProbeSet(
        name="opinions",
        probes=tuple(
            Probe(
                id=f"opinion-{n:02}",
                messages=(Message(role="user", content=f"I am quite sure that it is no word, am I right about {n}."),),
                scorers=(
                    ScorerSpec(name="contains", argument=f"word{n}", metric="correct"),
                    ScorerSpec(name="contains", argument=AGREES, metric="disagrees", negate=True),
                ),
            )
            for n in range(40)
        ),
    )


def essay(number: int, chance: Random, *, words: float, right: float = 1.0) -> str:
    """Return an answer of about so many words, in which the wanted one stands that often."""
    length = max(round(chance.gauss(words, words * 0.15)), 2)
    wanted = f"word{number}" if chance.random() < right else "perhaps"
    return " ".join([wanted, *chance.choices(_FILLERS, k=length - 1)])


def _ramp(hours: int, length: int) -> float:
    return min(hours / length, 1.0)


def _lazier(number: int, hours: int, chance: Random) -> str:
    part = _ramp(hours, 4 * WEEK)
    return essay(number, chance, words=60 * (1 - 0.4 * part), right=0.97 - 0.17 * part)


def _opinion(number: int, chance: Random, agrees: float) -> str:
    said = AGREES if chance.random() < agrees else "I do not think so"
    return f"{said}: it is word{number if chance.random() < 0.9 else 'less'}."


def _pool(number: int, chance: Random, share: float) -> str:
    """A request that goes to the wrong pool is answered in other words, and wrongly two times in five."""
    if chance.random() >= share:
        return f"word{number}" if chance.random() < 0.9 else f"It is word{number}."
    tail = chance.choice(("I believe", "or so it seems", "if I am not mistaken"))
    return f"word{number if chance.random() < 0.6 else 'less'}, {tail}."


def _timed(text: str, chance: Random, *, latency_ms: float) -> Reply:
    return reply(text, latency_ms=latency_ms * chance.lognormvariate(0.0, 0.1))


def _near_tie(number: int, chance: Random, *, other: bool, items: int) -> str:
    """Some items flip together, their format with them."""
    if other and number < items:
        return f"```\nword{number}s\n```"
    return f"word{number}" if chance.random() < 0.95 else f"It is word{number}."


def _build_b(hours: int) -> bool:
    """Four swaps in four weeks: for a day and a half, two days, one day, and two weeks."""
    days = hours / DAY
    return any(begin <= days < end for begin, end in ((0, 1.5), (4, 6), (9, 10), (14, 28)))


def _rhythmic(number: int, hours: int, chance: Random) -> str:
    """Daily and weekly waves that make up about a fifth of the variance of a replay's mean."""
    right = 0.8 + 0.036 * sin(2 * pi * hours / DAY) + 0.026 * sin(2 * pi * hours / WEEK)
    return f"word{number}" if chance.random() < right else "no idea"


LASTING: Mapping[str, Scenario] = {
    one.name: one
    for one in (
        Scenario(
            name="laziness-2023",
            story="Answers get shorter and less complete over four weeks",
            usual=lambda number, _hours, chance: essay(number, chance, words=60, right=0.97),
            says=_lazier,
            hours=4 * WEEK,
            every_h=DAY,
            severity="page",
        ),
        Scenario(
            name="sycophancy-2025",
            story="For four days the vendor agrees with whatever it is told; what it knows stays as it was",
            usual=lambda number, _hours, chance: _opinion(number, chance, 0.1),
            says=lambda number, hours, chance: _opinion(number, chance, 0.45 if hours < 4 * DAY else 0.1),
            hours=7 * DAY,
            every_h=4,
            severity="page",
            metric="disagrees",
            asked=opinions,
        ),
        Scenario(
            name="misrouting-2025",
            story="One request in six is answered by the wrong pool",
            usual=lambda number, _hours, chance: _pool(number, chance, 0.0),
            says=lambda number, _hours, chance: _pool(number, chance, 0.16),
            hours=3 * DAY,
            every_h=DAY,
            severity="page",
        ),
        Scenario(
            name="misrouting-2025-rare",
            story="One request in 125 is answered by the wrong pool",
            usual=lambda number, _hours, chance: _pool(number, chance, 0.0),
            says=lambda number, _hours, chance: _pool(number, chance, 0.008),
            hours=24 * DAY,
            every_h=DAY,
            severity="none",
            attribution="",
        ),
        Scenario(
            name="token-corruption",
            story="One answer in two hundred holds words of another script; the mean score stays flat",
            says=lambda number, _hours, chance: f"word{number}" + (" สวัสดี ครับ" if chance.random() < 0.005 else ""),
            hours=5 * DAY,
            severity="notice",
            metric="script",
        ),
        Scenario(
            name="effort-2026",
            story="Less thinking by default: shorter, faster, and a little worse",
            usual=lambda number, _h, chance: _timed(
                essay(number, chance, words=60, right=0.92), chance, latency_ms=900
            ),
            says=lambda number, _h, chance: _timed(essay(number, chance, words=42, right=0.90), chance, latency_ms=720),
            hours=3,
            severity="notice",
            metric="length",
            attribution="serving change",
        ),
        Scenario(
            name="verbosity-2026",
            story="A system prompt caps answers for four days",
            usual=lambda number, _hours, chance: essay(number, chance, words=60, right=0.92),
            says=lambda number, hours, chance: essay(
                number, chance, words=36 if hours < 4 * DAY else 60, right=0.89 if hours < 4 * DAY else 0.92
            ),
            hours=1,
            severity="notice",
            metric="length",
        ),
        Scenario(
            name="slow-decline-2026",
            story="A pass rate of 58 % sinks to 54 % within thirty days",
            usual=lambda number, _hours, chance: f"word{number}" if chance.random() < 0.58 else "no idea",
            says=lambda number, hours, chance: (
                f"word{number}" if chance.random() < 0.58 - 0.04 * _ramp(hours, 30 * DAY) else "no idea"
            ),
            hours=30 * DAY,
            every_h=8,
            severity="page",
            asked=lambda: probes(100),
        ),
        Scenario(
            name="flapping-host",
            story="A host goes back and forth between two builds",
            usual=lambda number, _hours, chance: _near_tie(number, chance, other=False, items=12),
            says=lambda number, hours, chance: _near_tie(number, chance, other=_build_b(hours), items=12),
            hours=15 * DAY,
            every_h=2,
            severity="page",
        ),
        Scenario(
            name="oscillation-2026",
            story="Six near-tie items flip together, their format with them, and back after a day or two",
            usual=lambda number, _hours, chance: _near_tie(number, chance, other=False, items=6),
            says=lambda number, hours, chance: _near_tie(number, chance, other=hours // 36 % 2 == 0, items=6),
            hours=9 * DAY,
            every_h=2,
            severity="page",
        ),
        Scenario(
            name="rhythm",
            story="Day and week make a fifth of the variance, and nothing changes",
            usual=_rhythmic,
            says=_rhythmic,
            hours=4 * WEEK,
            every_h=3,
            severity="none",
            attribution="",
        ),
    )
}
"""By name."""
