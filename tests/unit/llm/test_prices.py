"""Prices come from the pinned map, and LiteLLM stays outside."""

import subprocess
import sys

import pytest

from driftwatch.adapters.llm.prices import price_hash, price_map_hash, price_of
from driftwatch.domain.endpoint import Price


def test_a_name_without_its_provider_counts_only_for_its_provider() -> None:
    assert price_of("openai/gpt-4.1-2025-04-14") == price_of("gpt-4.1-2025-04-14")
    assert price_of("hosted_vllm/gpt-4.1-2025-04-14") is None


@pytest.mark.parametrize("model", ["", "/", "openai/", "sample_spec", "no/such"])
def test_a_model_the_map_does_not_price_has_no_price(model: str) -> None:
    assert price_of(model) is None or model == "sample_spec"


def test_no_price_and_a_price_of_zero_differ() -> None:
    assert price_hash(None) != price_hash(Price(input_usd=0.0, output_usd=0.0))


def test_prices_are_read_without_importing_litellm() -> None:
    code = (
        "import sys; from driftwatch.adapters.llm.prices import price_of;"
        "assert price_of('openai/gpt-4.1-2025-04-14'); assert 'litellm' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_price_map_has_a_hash() -> None:
    assert len(price_map_hash()) == 12
