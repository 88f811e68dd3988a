"""The secrets of a configuration: what is missing, and what must never leave us."""

from collections.abc import Callable, Iterable, Sequence

from driftwatch.config.settings import Settings
from driftwatch.domain.errors import ConfigError

SHORTEST_SECRET = 4
"""Shorter ones would be found everywhere."""


def refuse_missing_keys(settings: Settings) -> None:
    """Raise `ConfigError` with every key that is missing: nothing is started for answers that cannot come."""
    if settings.missing_keys:
        raise ConfigError(settings.missing_keys)


def redaction(settings: Settings) -> Callable[[str], str]:
    """Return what takes every secret of the configuration out of a text that leaves us."""
    return redacting(secrets_of(settings))


def redacting(secrets: Iterable[str]) -> Callable[[str], str]:
    """Return what takes these secrets out of a text.

    Examples
    --------
    >>> redacting(["sesame", "sesame-open"])("sesame-open, sesame")
    '***, ***'
    """
    # Longest first: one secret may be part of another.
    ordered = sorted((s for s in secrets if len(s) >= SHORTEST_SECRET), key=len, reverse=True)

    def redact(text: str) -> str:
        for secret in ordered:
            text = text.replace(secret, "***")
        return text

    return redact


def secrets_of(settings: Settings) -> Sequence[str]:
    """Return every secret of the configuration, to be removed from logs."""
    keys = [one.key for one in (*settings.endpoints, *settings.judges.values())]
    keys += [secret for route in settings.routes.values() for secret in route.secrets]
    keys.append(settings.deadman.address if settings.deadman else None)
    keys.append(settings.http.secret)
    keys += settings.otel.secrets if settings.otel else ()
    keys += settings.store_secrets
    return tuple(key.reveal() for key in keys if key is not None)
