"""What a scorer may look at, and what it may answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

MetricKind = Literal["binary", "graded", "continuous"]


@dataclass(frozen=True, slots=True)
class Unscored:
    """No score, and why. It is not a zero: it stays out of every mean.

    Examples
    --------
    >>> Unscored("the answer is longer than 1 MB")
    Unscored(reason='the answer is longer than 1 MB')
    """

    reason: str


Scored = float | Unscored


class Scorable(Protocol):
    """One answer as scorers see it; `driftwatch.domain.answer.Answer` is one."""

    @property
    def text(self) -> str:
        """The answer decoded as UTF-8; undecodable bytes become U+FFFD."""

    @property
    def finish_reason(self) -> str | None:
        """Why the model stopped: ``stop``, ``length``, ``tool_calls``, ``content_filter``."""

    @property
    def refusal(self) -> str | None:
        """The vendor's own refusal field, where there is one."""

    @property
    def latency_ms(self) -> float | None:
        """Milliseconds from request to last byte."""

    @property
    def cost_usd(self) -> float | None:
        """What the answer cost; None where no price is known."""


Scorer = Callable[[Scorable], Scored]
