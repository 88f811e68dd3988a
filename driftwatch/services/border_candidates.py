"""Prompts whose first token may be a matter of luck: open choices, ties, numbers and letters that mean nothing."""

from collections.abc import Iterator
from random import Random

_OPEN = (
    "Name a {}. One word.",
    "Think of a {} and write it down. Nothing else.",
    "The first {} that comes to mind, in one word:",
    "Write one {}, in lower case.",
)
_KINDS = (
    *("colour", "fruit", "animal", "bird", "tree", "flower", "city", "river", "country", "planet", "metal", "tool"),
    *("vegetable", "spice", "fish", "insect", "instrument", "sport", "verb", "adjective", "girl's name", "boy's name"),
    *("day of the week", "month", "season", "shape", "number from 1 to 9", "two-digit number", "letter", "emotion"),
)
_TIES = (
    "{0} or {1}? One word.",
    "Choose one of these and say only that: {0}, {1}.",
    "Which is better, {0} or {1}? Answer with one of the two words.",
)
_PAIRS = (
    *(("tea", "coffee"), ("cat", "dog"), ("red", "blue"), ("left", "right"), ("heads", "tails"), ("sea", "hills")),
    *(("summer", "winter"), ("even", "odd"), ("north", "south"), ("bread", "rice"), ("pen", "pencil"), ("up", "down")),
    *(("gold", "silver"), ("sun", "moon"), ("salt", "sugar"), ("train", "boat"), ("book", "film"), ("true", "false")),
)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def candidates(seed: int = 0) -> Iterator[str]:
    """Yield prompts without end, no two alike for a long time; the same seed gives the same ones.

    Examples
    --------
    >>> from itertools import islice
    >>> list(islice(candidates(1), 40)) == list(islice(candidates(1), 40))
    True
    """
    chance = Random(seed)  # noqa: S311
    makers = (_open, _tie, _numbers, _letters)
    seen = set[str]()
    while True:
        for make in makers:
            prompt = make(chance)
            if prompt not in seen:
                seen.add(prompt)
                yield prompt


def _open(chance: Random) -> str:
    return chance.choice(_OPEN).format(chance.choice(_KINDS))


def _tie(chance: Random) -> str:
    pair = list(chance.choice(_PAIRS))
    chance.shuffle(pair)
    return chance.choice(_TIES).format(*pair)


def _numbers(chance: Random) -> str:
    listed = ", ".join(str(chance.randrange(100)) for _ in range(chance.randrange(3, 7)))
    return f"{listed},"


def _letters(chance: Random) -> str:
    words = ["".join(chance.choices(_LETTERS, k=chance.randrange(2, 6))) for _ in range(chance.randrange(1, 5))]
    return " ".join(words)
