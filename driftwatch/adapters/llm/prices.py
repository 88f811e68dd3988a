"""What models cost, from the price map pinned with LiteLLM; LiteLLM itself is not imported."""

import importlib.util
import json
import math
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from driftwatch.domain.endpoint import Price
from driftwatch.domain.probe import HASH_LENGTH, content_hash

PRICE_MAP = "model_prices_and_context_window_backup.json"
_MILLION = 1e6


def price_of(model: str) -> Price | None:
    """Return the list price of a model in LiteLLM's naming; None where the map has none.

    Examples
    --------
    >>> price_of("openai/gpt-4.1-2025-04-14")
    Price(input_usd=2.0, output_usd=8.0, cached_input_usd=0.5)
    >>> price_of("openai/no-such-model") is None
    True
    """
    return _price_of(model)


def price_hash(price: Price | None) -> str:
    """Return a short hash of a price, for the fingerprint: a price that changed moves the cost, and nothing else.

    Examples
    --------
    >>> price_hash(Price(input_usd=2.0, output_usd=8.0)) == price_hash(Price(input_usd=2.0, output_usd=8.5))
    False
    """
    return content_hash(None if price is None else [price.input_usd, price.output_usd, price.cached_input_usd])


@cache
def price_map_hash() -> str:
    """Return a short hash of the whole price map."""
    path = _path()
    return sha256(path.read_bytes()).hexdigest()[:HASH_LENGTH] if path else "none"


@cache
def _price_of(model: str) -> Price | None:
    path = _path()
    if path is None:
        return None
    # Read anew for each model that is asked for: a few at start, and 30 MB of memory are not kept.
    found: dict[str, dict[str, Any]] = json.loads(path.read_bytes())
    provider, _, name = model.partition("/")
    entry = found.get(model)
    if entry is None and found.get(name, {}).get("litellm_provider") == provider:
        entry = found[name]
    return _price(entry) if entry else None


def _price(entry: dict[str, Any]) -> Price | None:
    asked, answered = _per_million(entry, "input_cost_per_token"), _per_million(entry, "output_cost_per_token")
    if asked is None or answered is None:
        return None
    cached = _per_million(entry, "cache_read_input_token_cost")
    return Price(input_usd=asked, output_usd=answered, cached_input_usd=cached)


def _per_million(entry: dict[str, Any], name: str) -> float | None:
    value = entry.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        return None
    # 2e-06 a token is 2 dollars a million, not 1.9999999999999998.
    return float(f"{value * _MILLION:.12g}")


def _path() -> Path | None:
    # find_spec of a top-level package finds its files and runs none of its code.
    spec = importlib.util.find_spec("litellm")
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0]) / PRICE_MAP
    return path if path.is_file() else None
