"""Foreign text for Slack's mrkdwn: nothing in it pings, links or ends."""

from driftwatch.domain.legible import ELLIPSIS, legible

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def escape(text: str, limit: int) -> str:
    """Escape ``& < >`` once, for mrkdwn; a cut never falls inside an entity.

    Examples
    --------
    >>> escape("<!channel> & co", 100)
    '&lt;!channel&gt; &amp; co'
    >>> escape("a<<<<", 10)
    'a&lt;&lt;…'
    """
    pieces = [_ENTITIES.get(character, character) for character in legible(text)]
    if sum(map(len, pieces)) <= limit:
        return "".join(pieces)
    kept, length = [], len(ELLIPSIS)
    for piece in pieces:
        length += len(piece)
        if length > limit:
            break
        kept.append(piece)
    return "".join(kept) + ELLIPSIS
