"""The embedder of a configuration, its files checked."""

from typing import TYPE_CHECKING

from driftwatch.config.embedders import unfit_embedder
from driftwatch.config.settings import Settings

if TYPE_CHECKING:
    from driftwatch.scorers.similar import Embedder


def embedder(settings: Settings) -> "Embedder | None":
    """Return the embedder of the configuration, its files checked; None where none is configured."""
    if settings.embed is None:
        return None
    from driftwatch.adapters.scoring.embedding import EmbedderError, find_embedder

    try:
        return find_embedder(settings.root / settings.embed.model_path, settings.embed.sha256)
    except EmbedderError as error:
        raise unfit_embedder(settings, met=str(error), need=error.need) from None


def tried_embedder(settings: Settings) -> str:
    """Load the configured embedder, and say what it is; files that were pinned as they are may still be no model."""
    from driftwatch.adapters.scoring.embedding import EmbedderError, load_embedder

    found = embedder(settings)
    if found is None:
        return "none"
    try:
        [vector] = load_embedder(str(found), found.folder).embed(["the"])
    except EmbedderError as error:
        raise unfit_embedder(settings, met=str(error), need=error.need) from None
    return f"{found.folder}, {len(vector)} numbers a text"
