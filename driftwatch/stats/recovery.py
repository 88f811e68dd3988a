"""Whether what drifted is back: a CUSUM of "at the reference again" against the least shift that the drift allows."""

import math
from dataclasses import dataclass, replace

RECOVERED = math.log(300)
"""Log likelihood ratio at which a return counts; decision 0032 has what more and less of it would cost."""
_MOST = RECOVERED + math.log(20)  # a long calm does not delay the sight of a relapse
_BELOW = 1.0  # standard errors below the mean evidence of the drift
_LEAST = 0.7  # sd; less could not be told from a return within a day of hourly replays
_OF_REFERENCE = (
    4.0  # standard errors of the reference, which a whole return shows for ever; no less is a part that is left
)
_WHOLE = 1.5  # log likelihood ratio of a whole return against one that leaves `_LEAST`, ...
_REPLAYS = 12  # ... asked of so many replays; of fewer a part of it, so that an exact return counts from its start
_BOUNDS = (-3.0, 5.0)  # it stays between these: neither what was left for long nor a long calm outweighs what is now
_EQUAL = 2.0  # evidence of a replay that equals a constant reference: three in a row are plain, one after a large shift
_EITHER = 2.0  # sd; where only the shape moved, a shift this large to either side is a relapse


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """What the replays since an alarm say of a return.

    Parameters
    ----------
    replays : int
        Replays that drifted: since the onset, without those of the present stretch.
    drift : float
        Sum of their evidence towards the shift, in standard deviations.
    ratio : float
        CUSUM of the log likelihood ratio of "back at the reference" against "still shifted".
    since_zero : int
        Replays of the present stretch: since that sum was last zero.
    stretch, whole : float
        Sum of their evidence towards the shift, and the log likelihood ratio of a whole return against one that leaves
        a part of it.
    part : float
        The least part that is asked about, in standard deviations.

    Notes
    -----
    An alarm comes when the evidence stands out, and later replays may show that the shift is smaller: its size is asked
    anew of all replays that drifted, and what is tested against is a standard error less than their mean. A stretch
    that came to nothing was part of the drift. Where a part of a large shift is left, that is no return either.

    Examples
    --------
    >>> from functools import reduce
    >>> found = Recovery(replays=9, drift=18.0)
    >>> reduce(Recovery.after, [0.1, -0.3, 0.6, 0.0, -0.2, 0.2], found).calm
    6
    >>> reduce(Recovery.after, [0.9, 1.2, 0.8, 0.9, 1.4, 1.0], found).calm
    0
    """

    replays: int = 0
    drift: float = 0.0
    ratio: float = 0.0
    since_zero: int = 0
    stretch: float = 0.0
    whole: float = 0.0
    part: float = _LEAST

    @classmethod
    def since(cls, shift: float, replays: int, *, references: float = math.inf) -> "Recovery":
        """An alarm after `replays` replays whose mean evidence was `shift`; which side that is on does not matter.

        Parameters
        ----------
        references : float
            Replays of the reference. A young one's error would hold a return open: every later replay shows it.
        """
        part = max(_LEAST, _OF_REFERENCE / math.sqrt(max(references, 1.0)))
        return cls(replays=replays, drift=abs(shift) * replays, part=part)

    @property
    def calm(self) -> int:
        """Replays of the present stretch while it counts as a return, else 0."""
        whole = self.whole >= _WHOLE * min(1.0, self.since_zero / _REPLAYS)
        return self.since_zero if whole and self.ratio >= RECOVERED else 0

    @property
    def least(self) -> float:
        """The least shift that is still a drift, in standard deviations."""
        if not self.replays:
            return _LEAST
        return max(_LEAST, self.drift / self.replays - _BELOW / math.sqrt(self.replays))

    def after(self, evidence: float, *, in_part: bool = True) -> "Recovery":
        """One more replay, by its evidence towards the shift.

        Parameters
        ----------
        in_part : bool
            Whether a return that leaves a part of the shift is told from a whole one: not where replays follow each
            other, for which small shifts come and go.
        """
        return self._moved(_back(self.least, evidence), evidence, _back(self.part, evidence) if in_part else _WHOLE)

    def after_either(self, evidence: float) -> "Recovery":
        """One more replay where only the shape had moved: a shift to either side is a relapse."""
        # log cosh without its overflow
        size = abs(_EITHER * evidence)
        return self.moved(_EITHER**2 / 2 - size - math.log1p(math.exp(-2 * size)) + math.log(2))

    def moved(self, log_ratio: float) -> "Recovery":
        """One more replay, by its log likelihood ratio of a return; a part of what moved is then not asked about."""
        # Without its evidence it says nothing of the drift's size.
        return self._moved(log_ratio, 0.0, _WHOLE) if self.ratio + log_ratio > 0 else self.broken_off()

    def equal(self) -> "Recovery":
        """One more replay that equals a constant reference, where the process that is asked has no bet on it."""
        return self.moved(max(_EQUAL, self.least**2 / 2))

    def broken_off(self) -> "Recovery":
        """One more replay that is none of a return, and says nothing of the drift's size."""
        return Recovery(replays=self.replays, drift=self.drift, part=self.part)

    def _moved(self, log_ratio: float, evidence: float, whole: float) -> "Recovery":
        if not math.isfinite(log_ratio):  # what cannot be read must not pass as calm, nor as a drift of that size
            return self.broken_off()
        ratio, since, stretch = min(_MOST, self.ratio + log_ratio), self.since_zero + 1, self.stretch + evidence
        if ratio <= 0:
            return Recovery(replays=self.replays + since, drift=self.drift + stretch, part=self.part)
        whole = min(_BOUNDS[1], max(_BOUNDS[0], self.whole + whole))
        return replace(self, ratio=ratio, since_zero=since, stretch=stretch, whole=whole)


def _back(shift: float, evidence: float) -> float:
    """Log likelihood ratio of no shift against this one."""
    return shift * (shift / 2 - evidence)
