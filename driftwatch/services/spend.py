"""Money, guarded before each call: what a question may cost, what a reply did cost, what today has left."""

import json
from dataclasses import dataclass
from datetime import UTC, date

from driftwatch.domain.answer import Question, Usage
from driftwatch.domain.endpoint import Endpoint, Price
from driftwatch.services.ports import Clock
from driftwatch.services.questions import planned_questions

# English runs at about 4 characters a token; 3 errs on the dear side, as a guard should.
CHARS_PER_TOKEN = 3
DEFAULT_MAX_TOKENS = 1024
_MILLION = 1e6
# Made once: `json.dumps` with arguments makes a new encoder for every question.
_AS_SENT = json.JSONEncoder(ensure_ascii=False, default=str)


def cost(usage: Usage, price: Price | None) -> float | None:
    """Return what a reply cost, in US dollars; None where price or counts are unknown.

    Examples
    --------
    >>> price = Price(input_usd=2.0, output_usd=8.0, cached_input_usd=0.5)
    >>> round(cost(Usage(input_tokens=1000, output_tokens=100, cached_tokens=600), price), 9)
    0.0019
    >>> cost(Usage(input_tokens=1000), price) is None
    True
    """
    if price is None or usage.input_tokens is None or usage.output_tokens is None:
        return None
    cached = min(usage.cached_tokens or 0, usage.input_tokens) if price.cached_input_usd is not None else 0
    return (
        (usage.input_tokens - cached) * price.input_usd
        + cached * (price.cached_input_usd or 0.0)
        + usage.output_tokens * price.output_usd
    ) / _MILLION


def estimate_question(question: Question, price: Price | None) -> float:
    """Return the most a question is expected to cost, in US dollars; 0 where no price is known."""
    if price is None:
        return 0.0
    tokens_in = len(_AS_SENT.encode([list(question.messages), list(question.tools)])) / CHARS_PER_TOKEN
    return (tokens_in * price.input_usd + _max_tokens(question) * price.output_usd) / _MILLION


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Money set aside for one attempt, on the day it was asked."""

    usd: float
    day: date


class SpendGuard:
    """Lets a question through only while the day's budget covers it. The day is UTC's.

    An endpoint without a known price is let through uncounted: `driftwatch check` warns of it when there is a budget.

    Parameters
    ----------
    limit_usd_per_day : float, optional
        None for no limit.
    spent_today_usd : float
        What the store says today's answers have cost so far.

    Examples
    --------
    >>> from driftwatch.testing.clock import ManualClock
    >>> guard = SpendGuard(limit_usd_per_day=1.0, spent_today_usd=0.5, clock=ManualClock())
    >>> guard.reserve(0.6) is None
    True
    >>> reserved = guard.reserve(0.4)
    >>> guard.settle(reserved, 0.1)
    >>> round(guard.left_usd, 9)
    0.4
    """

    def __init__(self, *, limit_usd_per_day: float | None, clock: Clock, spent_today_usd: float = 0.0) -> None:
        self._limit = limit_usd_per_day
        self._clock = clock
        self._day = self._today()
        self._spent = spent_today_usd

    @property
    def limit_usd(self) -> float | None:
        """The day's budget; None for no limit."""
        return self._limit

    def allow(self, usd_per_day: float | None) -> None:
        """Set another budget for the day; what was spent stays spent."""
        self._limit = usd_per_day

    @property
    def left_usd(self) -> float | None:
        """What is left of today's budget; None without a limit."""
        self._roll_over()
        return None if self._limit is None else max(self._limit - self._spent, 0.0)

    @property
    def spent_usd(self) -> float:
        """What today has cost so far, running questions at their estimate."""
        self._roll_over()
        return self._spent

    def read_again(self, spent_today_usd: float) -> None:
        """Go on from what the store says today has cost: another node may have spent since."""
        self._day, self._spent = self._today(), spent_today_usd

    def estimate(self, endpoint: Endpoint) -> float:
        """Return the most one replay of an endpoint is expected to cost, without retries; 0 if no price is known."""
        return sum(
            probe.samples * sum(estimate_question(q, endpoint.price) for q in planned_questions(endpoint, probe))
            for probe in endpoint.probe_set.probes
        )

    def reserve(self, estimate_usd: float) -> Reservation | None:
        """Set money aside for one attempt; None if today's budget does not cover it."""
        self._roll_over()
        if self._limit is not None and estimate_usd > 0 and self._spent + estimate_usd > self._limit:
            return None
        self._spent += estimate_usd
        return Reservation(usd=estimate_usd, day=self._day)

    def settle(self, reservation: Reservation, actual_usd: float) -> None:
        """Replace a reservation by what was really spent; yesterday's no longer counts."""
        self._roll_over()
        if reservation.day == self._day:
            self._spent = max(self._spent - reservation.usd + actual_usd, 0.0)

    def _roll_over(self) -> None:
        today = self._today()
        # Only forwards: a clock stepped back over midnight must not give the budget anew.
        if today > self._day:
            self._day, self._spent = today, 0.0

    def _today(self) -> date:
        return self._clock.now().astimezone(UTC).date()


def _max_tokens(question: Question) -> float:
    answers = question.params.get("n", 1)
    times = answers if isinstance(answers, int) else 1
    for name in ("max_completion_tokens", "max_tokens"):
        found = question.params.get(name)
        if isinstance(found, (int, float)) and not isinstance(found, bool):
            return found * times
    return DEFAULT_MAX_TOKENS * times
