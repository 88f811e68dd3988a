"""How far an answer is from the probe's own past answers: the strongest channel there is."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from driftwatch.scorers.judge import MAX_CHARACTERS
from driftwatch.scorers.verdict import Scored, Unscored

NO_REFERENCE = Unscored("no reference yet")
NOT_HONOURED = Unscored("the seed is not honoured: reference answers differ")
DECIMALS = 9
# Code points take 21 bits: three of them fit into one integer, and this one is none of them.
_BITS = 21
_NO_CHARACTER = (1 << _BITS) - 1


class ReferenceTexts:
    """The probe's reference answers; immutable, equal for equal texts, cheap to make again.

    What is needed of them to compare is computed once per process and kept for the 512 probes
    that were last asked for.

    Examples
    --------
    >>> reference = ReferenceTexts(["The 14 days begin on Monday.", "The 14 days begin on delivery."])
    >>> novelty("The 14 days begin on Monday.", reference), unseen("No refunds.", reference)
    (0.220588235, 1.0)
    """

    __slots__ = ("texts",)

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = tuple(texts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ReferenceTexts) and other.texts == self.texts

    def __hash__(self) -> int:
        return hash(self.texts)


def novelty(text: str, reference: ReferenceTexts) -> Scored:
    """Return the mean character-trigram distance (1 - Jaccard) to the reference texts, 0 to 1.

    A text of under three characters counts as one gram of its own. To six and more decimals it
    does not depend on the order of the reference.
    """
    if not reference.texts:
        return NO_REFERENCE
    if len(text) > MAX_CHARACTERS:
        return Unscored("the answer is longer than 1 MB")
    index = _index(reference)
    # At temperature 0 an endpoint mostly says what it said before.
    if text in index.known:
        return index.known[text]
    distance = round(index.mean_distance(_grams(text)), DECIMALS)
    if text in reference.texts:
        index.known[text] = distance
    return distance


def unseen(text: str, reference: ReferenceTexts) -> Scored:
    """Return 1 if exactly this text is not among the reference texts, else 0."""
    return float(text not in reference.texts) if reference.texts else NO_REFERENCE


def seed_mismatch(text: str, reference: ReferenceTexts) -> Scored:
    """Return 1 if the text is not the one that all reference texts are; unscored where those differ.

    Examples
    --------
    >>> seed_mismatch("No.", ReferenceTexts(["Yes.", "Yes."])), seed_mismatch("No.", ReferenceTexts(["Yes.", "No."]))
    (1.0, Unscored(reason='the seed is not honoured: reference answers differ'))
    """
    if not reference.texts:
        return NO_REFERENCE
    return float(text != reference.texts[0]) if len(set(reference.texts)) == 1 else NOT_HONOURED


@dataclass(frozen=True, slots=True, kw_only=True)
class _Index:
    """Which trigram stands in which text: all distances of one answer by one look-up.

    Parameters
    ----------
    grams : ndarray of int64, shape (n_grams,)
        Every trigram of any text, ascending.
    packed : ndarray of uint8, shape (n_grams, ceil(n_texts / 8))
        One bit for each text that has it.
    sizes : ndarray of int64, shape (n_texts,)
        Different trigrams in each text.
    known : dict
        The novelty of the texts themselves, as far as it was asked for.
    """

    grams: npt.NDArray[np.int64]
    packed: npt.NDArray[np.uint8]
    sizes: npt.NDArray[np.int64]
    known: dict[str, float] = field(default_factory=dict)

    def mean_distance(self, own: npt.NDArray[np.int64]) -> float:
        at = np.searchsorted(self.grams, own)
        at[at == len(self.grams)] = 0
        rows = self.packed[at[self.grams[at] == own]]
        shared = np.unpackbits(rows, axis=1, count=len(self.sizes)).sum(axis=0, dtype=np.int64)
        return 1.0 - float((shared / (self.sizes + len(own) - shared)).sum()) / len(self.sizes)


@lru_cache(maxsize=512)
def _index(reference: ReferenceTexts) -> _Index:
    each = [_grams(text[:MAX_CHARACTERS]) for text in reference.texts]
    grams, at = np.unique(np.concatenate(each), return_inverse=True)
    sizes = np.array([len(own) for own in each], dtype=np.int64)
    present = np.zeros((len(grams), len(each)), dtype=np.bool_)
    present[at, np.repeat(np.arange(len(each)), sizes)] = True
    return _Index(grams=grams, packed=np.packbits(present, axis=1), sizes=sizes)


def _grams(text: str) -> npt.NDArray[np.int64]:
    """Return the different trigrams of a text as integers, ascending."""
    # surrogatepass: a lone surrogate is a character like any other here.
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.int64)
    if len(points) < 3:
        points = np.concatenate([points, np.full(3 - len(points), _NO_CHARACTER, dtype=np.int64)])
    codes = (points[:-2] << 2 * _BITS) | (points[1:-1] << _BITS) | points[2:]
    # `np.unique` takes twice as long for a thousand characters, and loads numpy.ma to look for a mask.
    codes.sort()
    return codes[np.concatenate(([True], codes[1:] != codes[:-1]))]
