"""What could explain a movement, in the order in which explanations are tried, before anybody is told.

The facts are gathered elsewhere (`services.causes`); here they are only weighed. An explanation on our side goes first:
a vendor is blamed only for what nothing nearer explains.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from driftwatch.domain.incident import Finding
from driftwatch.domain.listing import listed
from driftwatch.domain.metric import Severity

TOGETHER = timedelta(hours=1)
"""Onsets whose intervals come closer than this began together."""
COMMON_SHARE = 0.5
"""Of other vendors' endpoints that must have moved for a common cause: chance moves one of a hundred now and then."""
SERVING = frozenset({"novelty", "unseen", "logprob", "length", "latency", "markdown", "json-shape", "script"})
"""Metrics that move when the same weights are served by another stack."""
_TEXTS = frozenset({"novelty", "unseen", "logprob"})


class Attribution(StrEnum):
    """What a drift is put down to; the value is what people read."""

    LOCAL_CHANGE = "local change"
    JUDGE_DRIFT = "judge drift"
    ANNOUNCED_CHANGE = "announced change"
    COMMON_CAUSE = "common cause"
    PROVIDER_WIDE = "provider-wide"
    SERVING_CHANGE = "serving change"
    SILENT_CHANGE = "silent change"

    @property
    def may_page(self) -> bool:
        """Whether it may wake somebody: what we did ourselves, and what our judge did, is no vendor's drift."""
        return self not in (Attribution.LOCAL_CHANGE, Attribution.JUDGE_DRIFT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """A drift of another endpoint that began together with this one.

    Parameters
    ----------
    incident : int
        Its id.
    vendor : str
        Who answers there; another name is an unrelated vendor.
    paged : bool
        Whether its page was promised, and so covers what belongs to it.
    key : str
        Its incident's key.
    """

    incident: int
    endpoint: str
    vendor: str
    paged: bool
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """The state was met before, in the incident `of`; this is visit number `visits`."""

    state: str
    of: int
    visits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Causes:
    """The facts that explain a movement.

    Parameters
    ----------
    local : sequence of str
        Parts of our own side that changed as the movement began, and that begin no new baseline by themselves.
    judge : str
        What re-graded frozen answers say, in words, if they differ from before; empty if they do not, or nobody judges.
    judged : set of str
        Metrics that the judge makes.
    announced : str
        What the vendor changed in its echoed identity, in words.
    vendor : str
        Who answers for this endpoint.
    elsewhere : sequence of Elsewhere
        Oldest first.
    others : int
        Watched endpoints of unrelated vendors.
    unharmed : str
        In words, why quality can be called unchanged; empty while the evidence does not exclude harm.
    recurrence : Recurrence, optional
        The same state was met before.
    moved_on : bool
        Whether a recurrence whose repeat is due shows another state by now than the one that was told of before.
    """

    local: Sequence[str] = ()
    judge: str = ""
    judged: frozenset[str] = frozenset()
    announced: str = ""
    vendor: str = ""
    elsewhere: Sequence[Elsewhere] = ()
    others: int = 0
    unharmed: str = ""
    recurrence: Recurrence | None = None
    moved_on: bool = False


NOTHING_KNOWN = Causes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """The explanation that applies first, with its evidence in words and the drifts it shares."""

    attribution: Attribution
    detail: str = ""
    together: Sequence[Elsewhere] = ()


def explain(findings: Sequence[Finding], causes: Causes) -> Explained:
    """Return the first explanation that applies.

    Examples
    --------
    >>> explain((), Causes(announced="the endpoint now answers as gpt-b")).attribution.value
    'announced change'
    """
    return next(found for rule in EXPLANATIONS if (found := rule(findings, causes)))


def began_together(first: tuple[datetime, datetime], second: tuple[datetime, datetime]) -> bool:
    """Return whether two onset intervals come closer than `TOGETHER`.

    Examples
    --------
    >>> from datetime import UTC
    >>> five, nine = (datetime(2026, 10, 14, hour, tzinfo=UTC) for hour in (5, 9))
    >>> began_together((five, five), (five + TOGETHER, nine)), began_together((five, five), (nine, nine))
    (True, False)
    """
    return first[0] - TOGETHER <= second[1] and second[0] - TOGETHER <= first[1]


# -- explanations: each returns what it explains, or None ------------------------------------------


def _local_change(_: Sequence[Finding], causes: Causes) -> Explained | None:
    if not causes.local:
        return None
    detail = f"our side changed as it began: {', '.join(causes.local)}"
    return Explained(attribution=Attribution.LOCAL_CHANGE, detail=detail)


def _judge_drift(findings: Sequence[Finding], causes: Causes) -> Explained | None:
    """Apply where nothing but judged metrics moved: a judge explains no longer answer."""
    if not causes.judge or not findings or any(f.metric not in causes.judged for f in findings):
        return None
    return Explained(attribution=Attribution.JUDGE_DRIFT, detail=causes.judge)


def _announced_change(_: Sequence[Finding], causes: Causes) -> Explained | None:
    if not causes.announced:
        return None
    return Explained(attribution=Attribution.ANNOUNCED_CHANGE, detail=causes.announced)


def _common_cause(_: Sequence[Finding], causes: Causes) -> Explained | None:
    strangers = [one for one in causes.elsewhere if one.vendor != causes.vendor]
    if not strangers or len(strangers) < COMMON_SHARE * causes.others:
        return None
    return Explained(
        attribution=Attribution.COMMON_CAUSE,
        detail=f"unrelated vendors moved together: {_named(causes.elsewhere)}",
        together=causes.elsewhere,
    )


def _provider_wide(_: Sequence[Finding], causes: Causes) -> Explained | None:
    siblings = [one for one in causes.elsewhere if one.vendor == causes.vendor]
    if not siblings:
        return None
    detail = f"other endpoints of {causes.vendor} moved with it: {_named(siblings)}"
    return Explained(attribution=Attribution.PROVIDER_WIDE, detail=detail, together=siblings)


def _serving_change(findings: Sequence[Finding], causes: Causes) -> Explained | None:
    moved = {f.metric for f in findings}
    if not causes.unharmed or not moved & _TEXTS or not moved <= SERVING:
        return None
    return Explained(attribution=Attribution.SERVING_CHANGE, detail=f"quality unchanged: {causes.unharmed}")


def _silent_change(_: Sequence[Finding], __: Causes) -> Explained:
    return Explained(attribution=Attribution.SILENT_CHANGE)


EXPLANATIONS: tuple[Callable[[Sequence[Finding], Causes], Explained | None], ...] = (
    _local_change,
    _judge_drift,
    _announced_change,
    _common_cause,
    _provider_wide,
    _serving_change,
    _silent_change,
)


def _named(drifts: Sequence[Elsewhere]) -> str:
    return listed([one.endpoint for one in drifts])


def loudest(attribution: Attribution) -> Severity:
    """Return the loudest message that a drift of this cause may become."""
    return Severity.PAGE if attribution.may_page else Severity.NOTICE
