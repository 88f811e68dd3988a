"""Expected trouble. Each says what we met, what we need and the way on, and has a slug that `explain` expands."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How one attempt to get an answer ended. Only ``ok`` is ever scored."""

    OK = "ok"
    TIMEOUT = "timeout"
    NETWORK = "network"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    AUTH = "auth"
    NOT_FOUND = "not_found"
    BAD_REQUEST = "bad_request"
    PROTOCOL = "protocol"
    TRUNCATED = "truncated"
    OVERSIZE = "oversize"
    BUDGET = "budget"
    CANCELLED = "cancelled"
    CACHED = "cached"


class DriftwatchError(Exception):
    """Trouble that a user can do something about.

    Parameters
    ----------
    message : str
        What we met, what we need, the way on; complete sentences.
    slug : str
        The name under which `driftwatch explain` says more.
    """

    def __init__(self, message: str, *, slug: str) -> None:
        super().__init__(message)
        self.slug = slug


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong in one file the user wrote."""

    file: str
    line: int | None
    met: str
    need: str
    slug: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.met}; {self.need} See: driftwatch explain {self.slug}"


class ConfigError(DriftwatchError):
    """Everything that is wrong with the user's files, all at once."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)), slug=problems[0].slug)
        self.problems = problems


class EndpointError(DriftwatchError):
    """One attempt to get an answer failed. Never becomes a score.

    Parameters
    ----------
    message : str
        The vendor's words, secrets removed, at most 500 characters.
    outcome : Outcome
        The name the failure is stored under.
    transient : bool
        Whether asking again may help.
    retry_after_s : float, optional
        Seconds the vendor asked us to wait.
    """

    def __init__(self, message: str, *, outcome: Outcome, transient: bool, retry_after_s: float | None = None) -> None:
        super().__init__(message, slug=f"endpoint-{outcome.value.replace('_', '-')}")
        self.outcome = outcome
        self.transient = transient
        self.retry_after_s = retry_after_s


class StoreError(DriftwatchError):
    """The store cannot be read or written as it is."""


class DeliveryError(DriftwatchError):
    """A message was not taken.

    Parameters
    ----------
    permanent : bool
        Sending it again as it is cannot help.
    ambiguous : bool
        The remote may have taken it (connection lost after the request was written).
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool,
        ambiguous: bool = False,
        oversize: bool = False,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, slug="delivery-failed")
        self.permanent = permanent
        self.ambiguous = ambiguous
        self.oversize = oversize
        self.retry_after_s = retry_after_s
