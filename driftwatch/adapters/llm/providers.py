"""Facts about providers: where their OpenAI-compatible API is, and which headers identify what answered."""

from collections.abc import Mapping
from typing import Final

from driftwatch.adapters.llm.trouble import clean
from driftwatch.domain.secret import Secret

BASE_URLS: Final[Mapping[str, str]] = {
    "openai": "https://api.openai.com/v1",
    "cerebras": "https://api.cerebras.ai/v1",
    "deepseek": "https://api.deepseek.com/v1",
    "fireworks_ai": "https://api.fireworks.ai/inference/v1",
    "groq": "https://api.groq.com/openai/v1",
    "mistral": "https://api.mistral.ai/v1",
    "openrouter": "https://openrouter.ai/api/v1",
    "together_ai": "https://api.together.xyz/v1",
    "xai": "https://api.x.ai/v1",
}
"""Providers whose own API the direct driver speaks, by LiteLLM's name for them."""

IDENTIFYING_HEADERS: Final = (
    "cf-ray",
    "openai-processing-ms",
    "openai-version",
    "request-id",
    "server",
    "via",
    "x-model-version",
    "x-ratelimit-limit-requests",
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-remaining-tokens",
    "x-request-id",
)
"""All that is kept of a reply's headers: an allow-list, so that no cookie and no key can slip through."""


def identifying(headers: Mapping[str, str], key: Secret | None) -> dict[str, str]:
    """Return the headers that tell what answered.

    Examples
    --------
    >>> identifying({"server": "cloudflare", "set-cookie": "private"}, None)
    {'server': 'cloudflare'}
    """
    return {name: clean(headers[name], key) for name in IDENTIFYING_HEADERS if name in headers}
