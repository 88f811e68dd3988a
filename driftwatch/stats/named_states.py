"""The states an endpoint was seen in, and which of them it is in now: best for a host that flips between builds."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.recognition import MARGIN, Part, Recognition, StateKind, recognise, refuse
from driftwatch.stats.signature import Signature

Values = Mapping[str, Sequence[float]]
"""Probe key (with its content hash, and the metric where several are joined) to its values, oldest first."""


@dataclass(frozen=True, kw_only=True)
class NamedStates:
    """Every state that is remembered, in the order in which they were first seen.

    Parameters
    ----------
    states : tuple of Signature
        At most as many as the book allows.
    named, learned : int
        States named and replays learned so far; names are never used again.
    """

    states: tuple[Signature, ...] = ()
    named: int = 0
    learned: int = 0


@dataclass(frozen=True, kw_only=True)
class StateBook:
    """Recognises the states of one endpoint by what its probes usually say in each.

    Choose it after an alarm, or when one has gone calm: "back to baseline", "state B again" or "a new state". It is no
    alarm and has no false-alarm rate of its own.

    Parameters
    ----------
    kind : {"binary", "continuous"}
        0 and 1, or anything else that is a number.
    most_states, most_values : int
        States remembered, and values per probe and state. Beyond that the state not learned for longest is
        forgotten, accepted ones last.
    margin : float
        Log likelihood ratio for "this known state, not that" and for "new". The default is a factor of 20.

    Raises
    ------
    DegenerateError
        If a parameter is out of range.

    Notes
    -----
    Every state predicts the mean of each probe: a beta-binomial law for 0 and 1, Student's t with a spread shrunk to
    the median of the probes otherwise. "New" is the likeliest known state with an unknown share of its probes
    (3, 10, 30, 100 %) moved anywhere, or with all of them moved alike, so that few broken probes, a swap and a slight
    decline all show. Assumes probes independent given the state; what they share within a replay is paid for by
    `dispersion`, which divides the log likelihoods by its square.

    A known state need only be likelier than "new", not by `margin`: no evidence from a state can exclude that another
    one differs in a single probe. With few probes its `log_ratio` is small; ask more of it where a wrong name costs.
    Measured, 40 probes, 20 reference replays: a returning state is named after one replay in 92 %, after eight in
    98 %; ten broken probes are new after two replays in 100 %; one broken probe is still called by the old name after
    two in 64 % and after eight in 9 %.

    References
    ----------
    .. [1] R. E. Kass and A. E. Raftery, "Bayes factors", JASA 90 (1995).

    Examples
    --------
    >>> book = StateBook(kind="binary")
    >>> base = {f"p{i}": [0.0] * 20 for i in range(30)}
    >>> flipped = base | {f"p{i}": [1.0] * 20 for i in range(9)}
    >>> known = book.learn(book.learn(book.start(), "baseline", base, accepted=True), "B", flipped)
    >>> today = {probe: values[:1] for probe, values in flipped.items()}
    >>> found = book.recognise(known, today)
    >>> found.verdict, found.name, round(found.log_ratio, 1)
    ('known', 'B', 1.6)
    >>> book.recognise(known, {f"p{i}": [float(i >= 21)] for i in range(30)}).verdict
    'new'
    """

    kind: StateKind
    most_states: int = 8
    most_values: int = 200
    margin: float = MARGIN

    def __post_init__(self) -> None:
        """Refuse parameters without a book."""
        if self.kind not in ("binary", "continuous"):
            raise DegenerateError(f"named states: kind must be binary or continuous, got {self.kind!r}")
        if self.most_states < 1 or self.most_values < 2:
            raise DegenerateError(
                f"named states: need 1 state and 2 values or more, got {self.most_states} and {self.most_values}"
            )
        if not (math.isfinite(self.margin) and self.margin > 0):
            raise DegenerateError(f"named states: margin must be a finite number above zero, got {self.margin}")

    def start(self) -> NamedStates:
        """No state yet."""
        return NamedStates()

    def learn(self, known: NamedStates, name: str, values: Values, *, accepted: bool = False) -> NamedStates:
        """Add the values of quiet or recognised replays to the state `name`, which is new where nobody knows it.

        Parameters
        ----------
        accepted : bool
            Whether a person took it for right, as every baseline is; such a state stays accepted.
        """
        refuse(values, self.kind)
        here = {state.name: state for state in known.states}
        before = here.get(name) or Signature(name=name)
        after = before.with_values(values, at=known.learned, most=self.most_values)
        here[name] = replace(after, accepted=accepted or before.accepted)
        if len(here) > self.most_states:
            others = [state for state in here.values() if state.name != name]
            del here[min(others, key=lambda state: (state.accepted, state.learned)).name]
        return NamedStates(
            states=tuple(here.values()),
            named=known.named + (name not in {state.name for state in known.states}),
            learned=known.learned + 1,
        )

    def recognise(self, known: NamedStates, values: Values, *, dispersion: float = 1.0) -> Recognition:
        """Say which state the values show.

        Parameters
        ----------
        values : mapping
            What the replays since the last change brought.
        dispersion : float
            Standard deviation of quiet evidence between replays; weakens the evidence when above 1.
        """
        part = Part(kind=self.kind, states=known.states, values=values)
        return recognise([part], margin=self.margin, dispersion=dispersion)

    def next_name(self, known: NamedStates) -> str:
        """Return the letter of a state seen for the first time; the baseline came first, so it begins at B.

        Examples
        --------
        >>> book = StateBook(kind="binary")
        >>> book.next_name(book.learn(book.start(), "baseline", {"p": [1.0]}))
        'B'
        """
        return chr(ord("A") + known.named) if known.named < 26 else f"S{known.named + 1}"


def to_plain(known: NamedStates) -> dict[str, Any]:
    """Plain JSON data of what is known; `from_plain` reads it.

    Examples
    --------
    >>> book = StateBook(kind="binary")
    >>> known = book.learn(book.start(), "baseline", {"p": [1.0, 0.0]})
    >>> from_plain(to_plain(known)) == known
    True
    """
    return {
        "states": [state.to_plain() for state in known.states],
        "named": known.named,
        "learned": known.learned,
    }


def from_plain(data: Mapping[str, Any]) -> NamedStates:
    """What `to_plain` wrote."""
    return NamedStates(
        states=tuple(Signature.from_plain(state) for state in data["states"]),
        named=data["named"],
        learned=data["learned"],
    )
