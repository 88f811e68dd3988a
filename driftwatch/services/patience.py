"""How long the pager waits for what, in real seconds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Every wait of the pager's; the defaults are what runs, tests of a crash may be in more of a hurry.

    Parameters
    ----------
    retry_first_s, retry_most_s : float
        Between two attempts there is full jitter up to a limit that doubles from the first to the last of these.
    retry_after_most_s : float
        The longest wait that a remote may ask for.
    ambiguous_s : float
        Before a message that may have arrived is asked after: what is under way must have landed by then.
    fallback_s : float
        Undelivered for so long, a message is told on the fallback route.
    deadline_s : float
        Undelivered for so long, it is given up.
    spacing_s : float
        Between two messages to one sink: Slack takes one a second and channel.
    poll_s : float
        Between two looks at the outbox when nobody wakes us.
    """

    retry_first_s: float = 1.0
    retry_most_s: float = 300.0
    retry_after_most_s: float = 900.0
    ambiguous_s: float = 15.0
    fallback_s: float = 300.0
    deadline_s: float = 72 * 3600.0
    spacing_s: float = 1.0
    poll_s: float = 0.5
