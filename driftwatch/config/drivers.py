"""Which driver asks an endpoint, where it asks, and with whose key."""

import re
from typing import Literal
from urllib.parse import urlsplit

from driftwatch.domain.endpoint import Driver

DriverChoice = Literal["auto", "direct", "litellm", "scripted"]

BASE_URLS = {"openai": "https://api.openai.com/v1"}
# LiteLLM's provider -> the variable that holds its key. Providers that sign otherwise are left out.
KEY_VARIABLES = {
    "openai": "OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "gemini": "GEMINI_API_KEY",
    "mistral": "MISTRAL_API_KEY",
    "groq": "GROQ_API_KEY",
    "deepseek": "DEEPSEEK_API_KEY",
    "openrouter": "OPENROUTER_API_KEY",
    "together_ai": "TOGETHERAI_API_KEY",
    "fireworks_ai": "FIREWORKS_AI_API_KEY",
    "cohere": "COHERE_API_KEY",
    "xai": "XAI_API_KEY",
    "azure": "AZURE_API_KEY",
    "perplexity": "PERPLEXITYAI_API_KEY",
}
# gpt-4.1-2025-04-14, claude-…-20241022, gpt-4-0613, mistral-large-2411, gemini-2.0-flash-001, …@20240229, …@sha256:…
_DATED = re.compile(r"(?:19|20)\d\d-?(?:0[1-9]|1[0-2])-?(?:[0-2]\d|3[01])|[-@]\d{3,4}(?:$|[-:@])|@sha256:")


def resolve_driver(model: str, base_url: str | None, driver: DriverChoice) -> Driver:
    """Return the driver of an endpoint; ``auto`` takes the one whose clock can be trusted where it can.

    Examples
    --------
    >>> resolve_driver("openai/gpt-4.1-2025-04-14", None, "auto")
    'direct'
    >>> resolve_driver("anthropic/claude-sonnet-4-20250514", None, "auto")
    'litellm'
    >>> resolve_driver("llama/tiny", "http://127.0.0.1:8080/v1", "auto")
    'direct'
    """
    if driver != "auto":
        return driver
    return "direct" if base_url or model.partition("/")[0] in BASE_URLS else "litellm"


def resolve_base_url(model: str, base_url: str | None) -> str | None:
    """Return the endpoint's address, or its vendor's; None where LiteLLM knows it.

    Examples
    --------
    >>> resolve_base_url("openai/gpt-4.1-2025-04-14", None)
    'https://api.openai.com/v1'
    """
    return base_url or BASE_URLS.get(model.partition("/")[0])


def key_variable(model: str, base_url: str | None) -> str | None:
    """Return the variable that holds the key by custom; None for an address that is not the vendor's own.

    A vendor's key is never sent to another host unless the user wrote it there.

    Examples
    --------
    >>> key_variable("openai/gpt-4.1-2025-04-14", None)
    'OPENAI_API_KEY'
    >>> key_variable("openai/tiny", "http://127.0.0.1:8080/v1")
    """
    provider = model.partition("/")[0]
    at_home = base_url is None or (provider in BASE_URLS and _origin(base_url) == _origin(BASE_URLS[provider]))
    return KEY_VARIABLES.get(provider) if at_home else None


def _origin(url: str) -> tuple[str, str | None]:
    """Return scheme and host; a host that cannot be read is nobody's."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", None
    return parts.scheme, parts.hostname


def is_dated(model: str) -> bool:
    """Say whether a model's name pins a snapshot rather than an alias that the vendor moves.

    Examples
    --------
    >>> [is_dated(m) for m in ("openai/gpt-4.1-2025-04-14", "openai/gpt-4-0613", "openai/gpt-4.1")]
    [True, True, False]
    """
    return bool(_DATED.search(model))
