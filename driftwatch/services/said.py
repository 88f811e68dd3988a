"""What the log was told of a trouble that lasts: once, again when it changes, and its end."""

MOST = 20
"""Wordings of one trouble that are remembered; were there more, the log tells them again."""


class Said:
    """Remembers the wordings of one trouble until it is over; not for use from several threads.

    Examples
    --------
    >>> said = Said()
    >>> said.is_news("database is locked"), said.is_news("database is locked"), said.is_news("disk full")
    (True, False, True)
    >>> said.over(), said.over()
    ('disk full', '')
    """

    def __init__(self) -> None:
        self._wordings: list[str] = []

    def is_news(self, wording: str) -> bool:
        """Note a trouble and return whether the log has not heard of it."""
        if wording in self._wordings:
            return False
        # A store that is gone is told in two wordings, in turn: each is news once.
        self._wordings = [*self._wordings, wording][-MOST:]
        return True

    def over(self) -> str:
        """Note that it is over and return what was told last; empty if there was none."""
        last = self._wordings[-1] if self._wordings else ""
        self._wordings = []
        return last
