"""The embedder of the configuration where it is not to be had, as a mistake with file and line."""

from driftwatch.config.document import Document
from driftwatch.config.settings import Settings
from driftwatch.domain.errors import ConfigError


def no_embedder(settings: Settings, scorer: str) -> ConfigError:
    """Return what to raise where a golden set compares vectors and no embedder is configured."""
    return _error(
        settings,
        ("embed",),
        met=f"a golden set has the scorer `{scorer}`, and no embedder is configured",
        need="add `embed: {model_path: FOLDER, sha256: …}`.",
        slug="embed-missing",
    )


def unfit_embedder(settings: Settings, *, met: str, need: str) -> ConfigError:
    """Return what to raise where the files that are named are not the ones that were pinned."""
    return _error(settings, ("embed", "model_path"), met=met, need=need, slug="embed-model")


def _error(settings: Settings, where: tuple[str, ...], *, met: str, need: str, slug: str) -> ConfigError:
    return ConfigError((Document.read(settings.file).problem(where, met=met, need=need, slug=slug),))
