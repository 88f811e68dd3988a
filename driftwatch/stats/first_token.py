"""First tokens of border inputs: best where one token per call is all one may pay for."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from driftwatch.stats.errors import DegenerateError

Law = Mapping[str, float]
"""Token -> probability; what is missing to 1 lies on tokens that nobody listed."""

_SLACK = 1e-3  # vendors round log-probabilities: a full list may add up to a little more than 1
DECIMALS = 6


def law_of_tokens(tokens: Sequence[str]) -> Law:
    """Return the share of each token among the first tokens of several answers.

    Examples
    --------
    >>> law_of_tokens(["Yes", "No", "Yes", "Yes"])
    {'Yes': 0.75, 'No': 0.25}
    """
    if not tokens:
        raise DegenerateError("first token: a law needs one token or more")
    return {token: count / len(tokens) for token, count in Counter(tokens).items()}


def law_of_top(top: Mapping[str, float]) -> Law:
    """Return the probabilities of a top-k list of log-probabilities, in nat.

    Raises
    ------
    DegenerateError
        If the list is empty, a value is NaN or above 0, or the probabilities add up to more than 1.
    """
    if not top or not all(value <= 0 for value in top.values()):
        raise DegenerateError("first token: a list needs log-probabilities, none of them NaN or above 0")
    law = {token: math.exp(value) for token, value in top.items()}
    total = math.fsum(law.values())
    if total > 1 + _SLACK:
        raise DegenerateError(f"first token: the probabilities of a list add up to {total:.4g}, which is more than 1")
    return {token: share / total for token, share in law.items()} if total > 1 else law


def mean_law(laws: Sequence[Law]) -> Law:
    """Return the mean of several laws; a token outside of one list counts there as 0."""
    if not laws:
        raise DegenerateError("first token: a mean needs one law or more")
    tokens = sorted(set().union(*laws))
    return {token: math.fsum(law.get(token, 0.0) for law in laws) / len(laws) for token in tokens}


def total_variation(one: Law, other: Law) -> float:
    """Return the total variation distance of two laws, 0 to 1.

    Where lists are cut at k tokens it is the smallest distance that the lists allow: mass outside of a list may lie
    on any token that it does not name.

    Examples
    --------
    >>> total_variation({"Yes": 0.5, "No": 0.5}, {"Yes": 1.0})
    0.5
    >>> total_variation({"Yes": 0.6, "No": 0.3}, {"Yes": 0.6, "Oui": 0.3})
    0.2
    """
    both = one.keys() & other.keys()
    overlap = math.fsum(min(one[token], other[token]) for token in both)
    mine, theirs = _outside(one, both), _outside(other, both)
    unlisted, their_unlisted = _unlisted(one), _unlisted(other)
    overlap += min(mine, their_unlisted) + min(theirs, unlisted)
    overlap += min(max(unlisted - theirs, 0.0), max(their_unlisted - mine, 0.0))
    return round(min(max(1.0 - overlap, 0.0), 1.0), DECIMALS)


def margin(law: Law) -> float:
    """Return by how much the likeliest token leads, 0 to 1.

    Near 0 the input lies on a border and the slightest change of the model shows; at 1 the argmax is unique, the
    first token will stay what it is, and says nothing.

    Examples
    --------
    >>> margin({"Yes": 0.51, "No": 0.49}) < 0.05, margin({"Yes": 1.0})
    (True, 1.0)
    """
    if not law:
        raise DegenerateError("first token: an empty law has no likeliest token")
    first, second, *_ = [*sorted(law.values(), reverse=True), 0.0]
    return first - second


def border_inputs(laws: Mapping[str, Law], *, most: float = 0.5) -> tuple[str, ...]:
    """Return the probes whose first token is in doubt, a margin of `most` or less, the nearest tie first."""
    near = [(margin(law), probe) for probe, law in laws.items() if margin(law) <= most]
    return tuple(probe for _, probe in sorted(near))


@dataclass(frozen=True, kw_only=True)
class FirstTokenReference:
    """The first-token law of one border input in its reference, fixed; later replays are compared with it.

    Choose it over `LogprobReference` where an endpoint gives no log-probabilities. Scores go into `StreamDetector` as
    continuous values, at that detector's in-control ARL.

    Parameters
    ----------
    law : mapping of str to float
        From the reference answers only: they must not be scored themselves.
    block : int
        First tokens that make one score, 1 or more. The expected distance falls with the size of a sample even if
        nothing changed, so a block of any other size has no score. Near 10: one answer alone cannot tell
        a tie that went either way from one that did not.

    Notes
    -----
    Assumes that answers are independent given the model. Given the reference, scores of blocks of one size are
    independent and of one law when nothing changed, hence exchangeable. Where the reference holds a single token
    they are all 0 until another comes: no information, and no harm.

    Examples
    --------
    >>> reference = FirstTokenReference(law=law_of_tokens(["Yes", "No"] * 6), block=4)
    >>> reference.score(["Yes", "No", "No", "Yes"]), reference.score(["Yes"] * 4), reference.score(["Yes"])
    (0.0, 0.5, None)
    """

    law: Law
    block: int = 10

    def __post_init__(self) -> None:
        """Refuse what no answer can be compared with."""
        if self.block < 1:
            raise DegenerateError(f"first token: a block must have 1 token or more, got {self.block}")
        if not self.law or not all(0 <= share <= 1 for share in self.law.values()):
            raise DegenerateError("first token: a reference law needs tokens with probabilities from 0 to 1")

    def score(self, tokens: Sequence[str]) -> float | None:
        """Return the total variation of a block's tokens from the reference; None for a block of another size."""
        return total_variation(law_of_tokens(tokens), self.law) if len(tokens) == self.block else None

    def score_top(self, top: Mapping[str, float]) -> float:
        """Return the total variation of one answer's top-k list of log-probabilities from the reference."""
        return total_variation(law_of_top(top), self.law)


def _outside(law: Law, both: "set[str]") -> float:
    return math.fsum(share for token, share in law.items() if token not in both)


def _unlisted(law: Law) -> float:
    return max(1.0 - math.fsum(law.values()), 0.0)
