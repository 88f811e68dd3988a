"""How the alarms of an endpoint stand after a replay: those of all its streams, taken together."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarms:
    """How the alarms of an endpoint's trusted streams stand after a replay; `Alarms()` where there is none.

    Parameters
    ----------
    stand : bool
        Whether any stream has an alarm, calm or not. What is open without one can never become calm.
    returning : bool
        Whether every stream that has one may be on its way back. A return that is proved is meant too, for as long as
        it lasts; one that is not, only while it is young.
    calm : int
        Latest replays in a row, this one included, in which every stream that has one was back at its reference, and
        that is proved. They count once it is, so 0 may be followed by several.

    Raises
    ------
    ValueError
        If one of them says what those before it deny.

    Examples
    --------
    >>> unproved, proved = Alarms(stand=True, returning=True), Alarms(stand=True, returning=True, calm=7)
    >>> unproved.calm, proved.returning
    (0, True)
    """

    stand: bool = False
    returning: bool = False
    calm: int = 0

    def __post_init__(self) -> None:
        """Refuse a return of nothing, and a calm that is no return."""
        if self.calm < 0 or (self.calm and not self.returning) or (self.returning and not self.stand):
            raise ValueError(f"alarms: what is calm is returning, and what is returning stands; got {self}")
