"""Which of a reply's headers identify what answered."""

from collections.abc import Mapping
from typing import Final

from driftwatch.adapters.llm.trouble import clean
from driftwatch.domain.secret import Secret

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
