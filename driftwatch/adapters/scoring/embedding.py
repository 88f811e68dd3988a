"""An embedder from a folder of the user's: checked by its hash, never downloaded, run in the process that scores."""

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from hashlib import file_digest, sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from driftwatch.domain.probe import ProbeSet, ScorerSpec
from driftwatch.scorers.extras import adding
from driftwatch.scorers.registry import SCORERS
from driftwatch.scorers.similar import EMBEDDER, Embedder

FILES = ("config.json", "model.safetensors", "tokenizer.json")
"""Of a model2vec model: what it takes, in the order in which they are hashed."""
KIND = "model2vec"
SIMILAR = frozenset(name for name in SCORERS if name.partition(":")[0] == "similar")
"""Scorers that compare vectors."""


class EmbedderError(ValueError):
    """The embedder is not to be had; says what would do."""

    def __init__(self, met: str, need: str) -> None:
        super().__init__(met)
        self.need = need


def find_embedder(folder: Path, sha256_: str) -> Embedder:
    """Return the embedder in that folder, without loading it.

    Parameters
    ----------
    sha256_ : str
        What ``cat config.json model.safetensors tokenizer.json | sha256sum`` says there.

    Raises
    ------
    EmbedderError
        If files are missing, or are not the ones that were pinned.
    """
    if find_spec(KIND) is None:
        raise EmbedderError("model2vec is not installed", adding("embed"))
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise EmbedderError(
            f"{folder} has no {missing[0]}", f"name the folder of a model2vec model: {', '.join(FILES)}."
        )
    found = _hash(folder, tuple((folder / name).stat().st_mtime_ns for name in FILES))
    if found != sha256_:
        met = f"the files in {folder} have the SHA-256 {found}"
        raise EmbedderError(met, "are they the ones you meant? Then write this `sha256:`, and a new baseline begins.")
    return Embedder(f"{KIND}#{sha256_}", _elsewhere, str(folder))


def load_embedder(name: str, folder: str) -> Embedder:
    """Return the embedder of that name, loaded and ready; refuse files that were exchanged since."""
    expected = name.partition("#")[2]
    find_embedder(Path(folder), expected)
    return Embedder(name, _model(folder, expected), folder)


def with_embedder(probes: ProbeSet, embedder: Embedder) -> ProbeSet:
    """Return the golden set with its scorers of similarity told which embedder they are to use."""
    return replace(
        probes,
        probes=tuple(
            replace(probe, scorers=tuple(_told(spec, embedder) for spec in probe.scorers)) for probe in probes.probes
        ),
    )


def _told(spec: ScorerSpec, embedder: Embedder) -> ScorerSpec:
    if spec.name not in SIMILAR:
        return spec
    given = spec.argument if isinstance(spec.argument, dict) else {"value": spec.argument}
    return replace(spec, argument={**given, EMBEDDER: embedder})


@lru_cache(maxsize=8)
def _hash(folder: Path, _changed: tuple[int, ...]) -> str:
    whole = sha256()
    for name in FILES:
        with (folder / name).open("rb") as file:
            file_digest(file, lambda: whole)
    return whole.hexdigest()


@lru_cache(maxsize=2)
def _model(folder: str, _sha256: str) -> Any:
    # Nothing is fetched for a folder that exists; should a release ever try, it shall fail.
    os.environ["HF_HUB_OFFLINE"] = "1"
    from model2vec import StaticModel

    try:
        model = StaticModel.from_pretrained(folder)
    except Exception as error:  # noqa: BLE001 -- safetensors' and the tokenizer's own have nothing in common
        met = f"{folder} cannot be loaded ({type(error).__name__}: {error})"
        raise EmbedderError(met, "name the folder of a model2vec model.") from None
    return lambda texts: model.encode(list(texts), use_multiprocessing=False)


def _elsewhere(_: Sequence[str]) -> Any:
    raise RuntimeError("embedders run in the process that scores")
