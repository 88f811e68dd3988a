"""The false-alarm budget: from "1 per endpoint-year" to an in-control ARL for every stream."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from driftwatch.stats.errors import BudgetError

_DAYS = {"day": 1.0, "week": 7.0, "month": 365 / 12, "quarter": 365 / 4, "year": 365.0}
_TEXT = re.compile(
    r"(?:(?P<what>pages|notices)\s*:\s*)?(?P<count>[0-9]*\.?[0-9]+)\s+per\s+"
    r"(?:(?P<every>[0-9]*\.?[0-9]+)\s+)?endpoint-(?P<unit>day|week|month|quarter|year)s?"
)
_SHORTEST_ARL = 20.0


@dataclass(frozen=True, kw_only=True)
class FalseAlarmBudget:
    """How many false pages a user accepts per endpoint, over all its paging streams together.

    Parameters
    ----------
    count : float
        Accepted false pages per period, above zero.
    period_days : float
        Length of the period in days, above zero. A year is 365 days.

    Raises
    ------
    BudgetError
        If either is not a finite number above zero.

    Examples
    --------
    >>> budget = FalseAlarmBudget.parse("1 per endpoint-year")
    >>> budget.arl_replays(replays_per_year=8760)
    8760.0
    >>> allocate_arl(8760.0, {"pass": 0.75, "length": 0.25})
    {'pass': 11680.0, 'length': 35040.0}
    """

    count: float
    period_days: float

    def __post_init__(self) -> None:
        """Refuse what is not a finite number above zero."""
        for name, value in (("count", self.count), ("period_days", self.period_days)):
            if not (math.isfinite(value) and value > 0):
                raise BudgetError(f"false-alarm budget: {name} must be a finite number above zero, got {value}")

    @classmethod
    def parse(cls, text: str) -> "FalseAlarmBudget":
        """Read "1 per endpoint-year", "2 per endpoint-month", "1 per 2 endpoint-years"."""
        match = _TEXT.fullmatch(" ".join(text.lower().split()))
        if match is None:
            raise BudgetError(
                f"false-alarm budget: cannot read {text!r}; write a number, 'per', and endpoint-day, "
                "endpoint-week, endpoint-month, endpoint-quarter or endpoint-year, as in '1 per endpoint-year'"
            )
        every = float(match["every"] or 1)
        return cls(count=float(match["count"]), period_days=every * _DAYS[match["unit"]])

    @property
    def per_year(self) -> float:
        """Accepted false pages per endpoint-year."""
        return self.count * 365.0 / self.period_days

    def arl_replays(self, replays_per_year: float) -> float:
        """In-control ARL, in replays, that all paging streams of one endpoint may spend together."""
        if not (math.isfinite(replays_per_year) and replays_per_year > 0):
            raise BudgetError(
                f"false-alarm budget: replays per year must be a finite number above zero, got {replays_per_year}"
            )
        arl = replays_per_year / self.per_year
        if arl < _SHORTEST_ARL:
            raise BudgetError(
                f"false-alarm budget: {self.per_year:g} false pages in {replays_per_year:g} replays a year is one "
                f"every {arl:.3g} replays; no chart works below {_SHORTEST_ARL:g}. "
                "Accept fewer false pages or replay more often"
            )
        return arl


def allocate_arl(arl: float, weights: Mapping[str, float]) -> dict[str, float]:
    """Split an in-control ARL over streams: stream i gets ``arl / w_i``, so the rates sum to ``1 / arl``.

    Weights are the user's priorities, non-negative; they are scaled to sum to one. A stream of weight
    zero may not page and gets an infinite ARL. A stream that joins later takes weight from the others;
    the promise of the whole stays as it was.

    What adds up are long-run rates, with watching begun anew after each alarm: for dependent streams too, of which
    alarms that come together are told as one. Of the time to the *first* alarm of all this is a bound where each
    statistic less the count of its updates is a martingale (Shiryaev-Roberts processes with fair bets), not in general.

    Parameters
    ----------
    arl : float
        In replays.
    weights : mapping of str to float
        By stream.

    Raises
    ------
    BudgetError
        If a weight is not finite or negative, or all are zero.

    Examples
    --------
    >>> allocate_arl(1000.0, {"pass": 1.0, "length": 3.0, "tokens": 0.0})
    {'pass': 4000.0, 'length': 1333.3333333333333, 'tokens': inf}
    """
    total = math.fsum(weights.values())
    bad = {name: weight for name, weight in weights.items() if not (math.isfinite(weight) and weight >= 0)}
    if bad or total <= 0:
        raise BudgetError(
            f"false-alarm budget: weights must be finite, not negative and not all zero, got {bad or dict(weights)}"
        )
    return {name: arl * total / weight if weight else math.inf for name, weight in weights.items()}
