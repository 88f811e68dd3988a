"""LiteLLM let into the house: imported late, in a thread, with everything that phones, retries or logs turned off."""

import logging
import os
import threading
from functools import cache
from importlib.metadata import version
from types import ModuleType
from typing import Any

import httpx

from driftwatch.adapters.llm.one_request import OneRequest
from driftwatch.adapters.llm.prices import price_map_hash

_LOADING = threading.Lock()


def identity() -> str:
    """Return LiteLLM's version and price map, which belong to our side of every replay; nothing is imported."""
    return f"litellm {version('litellm')} prices {price_map_hash()}"


def load() -> ModuleType:
    """Import and tame LiteLLM; takes seconds the first time, so call it in a thread."""
    with _LOADING:
        return _load()


@cache
def _load() -> ModuleType:
    # Both before the import: else it fetches its price map from the network, and loads any .env it finds upwards.
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    os.environ["LITELLM_MODE"] = "PRODUCTION"
    import litellm
    from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler

    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
        # It logs requests and exceptions, keys included; trouble is told once, by us.
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    litellm.telemetry = False
    litellm.suppress_debug_info = True
    litellm.drop_params = False
    litellm.num_retries = 0
    litellm.callbacks = []
    litellm.success_callback = []
    litellm.failure_callback = []
    # The OpenAI family asks for this session; all other providers make theirs in create_client.
    litellm.aclient_session = _client()
    handler: Any = AsyncHTTPHandler
    handler.create_client = _create_client
    module: ModuleType = litellm
    return module


def _create_client(_self: Any, *_args: Any, **_options: Any) -> httpx.AsyncClient:
    return _client()


def _client() -> httpx.AsyncClient:
    # No timeout here: the question's deadline is total, LiteLLM's is per read.
    return httpx.AsyncClient(transport=OneRequest(), timeout=None, follow_redirects=False, trust_env=False)  # noqa: S113
