"""Make a small embedder from our own text, for tests: words that stand in like company get like vectors.

uv run python -m benchmarks.lab.embedder FOLDER

Positive pointwise mutual information of words within five words of each other, its largest singular vectors, written
as a model2vec model. It is made of docs/ and probes/ alone, in a second, and good for nothing but tests.

References
----------
.. [1] O. Levy, Y. Goldberg, "Neural word embedding as implicit matrix factorization", NIPS 2014.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("docs/**/*.md", "probes/*.yaml")
UNKNOWN = "[UNK]"
WINDOW = 5
LEAST = 3
DIMENSIONS = 48
# Levy & Goldberg's smoothing of rare company, and the damping of the largest singular values.
SMOOTHING, DAMPING = 0.75, 0.5


def make(folder: Path) -> Path:
    """Write the embedder into a folder and return it."""
    from model2vec import StaticModel
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    texts = list(_texts())
    counts = Counter(word for text in texts for word in text)
    vocabulary = {word: n for n, word in enumerate([UNKNOWN, *sorted(w for w, c in counts.items() if c >= LEAST)])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    StaticModel(_vectors(texts, vocabulary), tokenizer, normalize=True).save_pretrained(folder)
    return folder


def _texts() -> Iterator[list[str]]:
    for path in sorted(path for pattern in SOURCES for path in ROOT.glob(pattern)):
        for paragraph in path.read_text(encoding="utf-8").lower().split("\n\n"):
            yield re.findall(r"[a-z]+", paragraph)


def _vectors(texts: list[list[str]], vocabulary: dict[str, int]) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
    together = np.zeros((len(vocabulary), len(vocabulary)))
    for text in texts:
        known = [vocabulary.get(word, 0) for word in text]
        for distance in range(1, WINDOW + 1):
            np.add.at(together, (known[:-distance], known[distance:]), 1.0)
    together += together.T
    together[0] = together[:, 0] = 0.0
    alone, company = together.sum(axis=1), together.sum(axis=0) ** SMOOTHING
    with np.errstate(divide="ignore", invalid="ignore"):
        mutual = np.log(together * company.sum() / np.outer(alone, company))
    mutual[~np.isfinite(mutual) | (mutual < 0)] = 0.0
    # The left singular vectors of a matrix are the eigenvectors of it times its transpose: a tenth of the time.
    squares, left = np.linalg.eigh(mutual @ mutual.T)
    return np.asarray(left[:, -DIMENSIONS:] * squares[-DIMENSIONS:] ** (DAMPING / 2), dtype=np.float32)


if __name__ == "__main__":
    print(make(Path(sys.argv[1])))
