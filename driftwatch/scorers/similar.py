"""How near an answer's meaning lies to a given text's, by vectors of an embedder that runs here."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from driftwatch.scorers import argument as arg
from driftwatch.scorers.errors import ScorerArgumentError
from driftwatch.scorers.judge import of_text
from driftwatch.scorers.verdict import Scored, Scorer, Unscored
from driftwatch.scorers.words import references

EMBEDDER = "embedder"
"""Key of the argument under which the configuration's embedder comes; nobody writes it in a golden set."""
THRESHOLD = 0.75
"""promptfoo's, where none is given."""
DECIMALS = 6
# Vectors have 32-bit numbers: a cosine of two like texts is 1 but for the last digits.
_ROUNDING = 1e-5
NO_EMBEDDER = Unscored("the configuration has no `embed:`")
NO_WORD = Unscored("the embedder knows no word of the answer")

Vectors = npt.NDArray[np.float64]
Likeness = Callable[[Vectors, Vectors], Scored]
"""Vectors of the texts, shape (n_texts, n_dimensions), and the answer's, shape (n_dimensions,)."""


class Embedder(str):
    """The name of an embedder, ``model2vec#SHA-256``, that carries what embeds: texts to vectors, one each.

    A text, so that it is part of the probe's hash: with another embedder the probe is another one.

    Parameters
    ----------
    folder : str
        Where its files are.

    Examples
    --------
    >>> lengths = Embedder("lengths#1", lambda texts: [[len(text), 1.0] for text in texts], "/nowhere")
    >>> lengths, lengths.embed(["a", "bcd"])
    ('lengths#1', [[1, 1.0], [3, 1.0]])
    """

    __slots__ = ("embed", "folder")
    embed: Callable[[Sequence[str]], Any]
    folder: str

    def __new__(cls, name: str, embed: Callable[[Sequence[str]], Any], folder: str) -> Self:
        self = super().__new__(cls, name)
        self.embed = embed
        self.folder = folder
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return (Embedder, (str(self), self.embed, self.folder))


def embedder_of(argument: Any) -> Embedder | None:
    """Return the embedder in a scorer's argument, if there is one."""
    value = argument.get(EMBEDDER) if isinstance(argument, Mapping) else None
    return value if isinstance(value, Embedder) else None


def cosine(targets: Vectors, own: Vectors) -> Scored:
    """Return the largest cosine, 0 where it is below.

    Examples
    --------
    >>> cosine(np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([3.0, 3.0]))
    0.707107
    """
    lengths = np.linalg.norm(targets, axis=1) * np.linalg.norm(own)
    return _share(float(np.max(targets @ own / lengths)))


def dot(targets: Vectors, own: Vectors) -> Scored:
    """Return the largest dot product; unscored above 1, which vectors of length 1 never reach."""
    product = float(np.max(targets @ own))
    if product > 1 + _ROUNDING:
        return Unscored(f"the dot product is {product:.3g}: the embedder's vectors are not of length 1")
    return _share(product)


def euclidean(targets: Vectors, own: Vectors) -> Scored:
    """Return 1 / (1 + the smallest distance), as promptfoo does."""
    return _share(nearness(float(np.min(np.linalg.norm(targets - own, axis=1)))))


def nearness(distance: float) -> float:
    """Return the score that a distance is."""
    return 1.0 / (1.0 + distance)


def similar(argument: Any, likeness: Likeness = cosine, *, largest: float = 1.0) -> Scorer:
    """Build: the answer means the same as this text, or one of these.

    Parameters
    ----------
    largest : float
        That `threshold:` may be; a distance may be more than 1.
    """
    given = argument if isinstance(argument, Mapping) else {"value": argument}
    given = arg.options(given, known=("value", "threshold", EMBEDDER), required=("value",))
    if not 0 <= arg.number(given.get("threshold", THRESHOLD), what="threshold", least=0) <= largest:
        raise ScorerArgumentError(f"threshold is {given['threshold']}", f"it must be from 0 to {largest:g}.")
    texts = references(given["value"])
    embedder = embedder_of(given)
    if embedder is None:
        return lambda _: NO_EMBEDDER
    targets = _vectors(embedder, texts)
    if not _known(targets).all():
        unknown = texts[int(np.argmin(_known(targets)))]
        raise ScorerArgumentError(f"the embedder knows no word of {arg.shown(unknown)}", "write it in its language.")

    def judge(text: str) -> Scored:
        if not text.strip():
            return 0.0
        (own,) = _vectors(embedder, (text,))
        return likeness(targets, own) if _known(own) else NO_WORD

    return of_text(judge)


def similar_dot(argument: Any) -> Scorer:
    """Build: the same by the dot product."""
    return similar(argument, dot)


def similar_euclidean(argument: Any) -> Scorer:
    """Build: the same by the distance, of which `threshold:` is the largest that passes."""
    return similar(argument, euclidean, largest=1e6)


def _vectors(embedder: Embedder, texts: Sequence[str]) -> Vectors:
    # Half a surrogate pair has no bytes, and a tokenizer wants some.
    clean = [text.encode("utf-8", "replace").decode() for text in texts]
    return np.asarray(embedder.embed(clean), dtype=np.float64)


def _known(vectors: Vectors) -> Any:
    """Return of each vector whether it says anything; of nothing an embedder makes zeros, or no numbers at all."""
    return np.isfinite(vectors).all(axis=-1) & (np.abs(vectors).sum(axis=-1) > 0)


def _share(value: float) -> float:
    return round(min(1.0, max(0.0, value)), DECIMALS)
