"""What can be wrong with a scorer before it has scored anything."""


class ScorerArgumentError(ValueError):
    """A scorer was given something that it cannot work with.

    Parameters
    ----------
    met : str
        What stands there: ``the pattern "(" cannot be compiled (missing ), at position 1)``.
    need : str
        What would do, as a sentence: ``give a regular expression.``

    Examples
    --------
    >>> raise ScorerArgumentError("tolerance is -1", "it must be 0 or more.")
    Traceback (most recent call last):
    driftwatch.scorers.errors.ScorerArgumentError: tolerance is -1; it must be 0 or more.
    """

    def __init__(self, met: str, need: str) -> None:
        super().__init__(f"{met}; {need}")
        self.met = met
        self.need = need
