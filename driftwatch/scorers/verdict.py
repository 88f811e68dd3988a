"""What a scorer may look at, and what it may answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

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

    @property
    def tool_calls(self) -> Sequence[Mapping[str, Any]]:
        """The tool calls, as the vendor sent them, of all turns."""

    @property
    def token_logprobs(self) -> Sequence[float]:
        """Log-probability of each token, in nat; empty where there are none."""


class Measurable(Scorable, Protocol):
    """What is measured without asking looks at more of an answer than scorers do."""

    @property
    def ttft_ms(self) -> float | None:
        """Milliseconds to the first token; None where it was not streamed."""

    @property
    def input_tokens(self) -> int | None:
        """Tokens of the question, as the vendor counts."""

    @property
    def output_tokens(self) -> int | None:
        """Tokens of the answer."""

    @property
    def reasoning_tokens(self) -> int | None:
        """Tokens of hidden reasoning."""

    @property
    def cached_tokens(self) -> int | None:
        """Tokens of the question that were cached."""


Scorer = Callable[[Scorable], Scored]
