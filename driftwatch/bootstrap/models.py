"""An endpoint as the settings describe it, its price, and what answers for it."""

from dataclasses import replace
from typing import TYPE_CHECKING

from driftwatch.bootstrap.golden_sets import probe_set
from driftwatch.config.drivers import resolve_base_url, resolve_driver
from driftwatch.config.settings import EndpointSettings, Settings
from driftwatch.domain.answer import Question, Reply
from driftwatch.domain.endpoint import Endpoint, Price
from driftwatch.domain.probe import ProbeSet
from driftwatch.services.ports import Clock, LanguageModel

if TYPE_CHECKING:
    from driftwatch.config.settings import AskedSettings
    from driftwatch.domain.schedule import Schedule


def endpoint_of(settings: Settings, wanted: EndpointSettings) -> Endpoint:
    """Return the endpoint that these settings describe."""
    plain = asked_endpoint(
        wanted,
        name=wanted.name,
        probe_set=probe_set(settings, wanted),
        schedule=wanted.schedule.as_schedule(),
        baseline_replays=wanted.baseline.replays,
    )
    return replace(plain, top_logprobs=wanted.top_logprobs)


def asked_endpoint(
    wanted: "AskedSettings", *, name: str, probe_set: ProbeSet, schedule: "Schedule", baseline_replays: int
) -> Endpoint:
    """Return the endpoint that a model's settings describe."""
    return Endpoint(
        name=name,
        model=wanted.model,
        driver=resolve_driver(wanted.model, wanted.base_url, wanted.driver),
        base_url=resolve_base_url(wanted.model, wanted.base_url),
        api_key=wanted.key,
        params=wanted.params,
        price=price_of(wanted),
        probe_set=probe_set,
        schedule=schedule,
        baseline_replays=baseline_replays,
        concurrency=wanted.concurrency,
        attempts=wanted.attempts,
        deadline_s=wanted.timeout.total_seconds(),
        max_bytes=wanted.max_bytes,
    )


def price_of(wanted: "AskedSettings") -> Price | None:
    """Return the endpoint's price: the user's own, or the price map's, or none."""
    if wanted.price is not None:
        return wanted.price.as_price()
    from driftwatch.adapters.llm.prices import price_of as price_in_map

    return price_in_map(wanted.model)


def price_is_known(settings: Settings, name: str) -> bool:
    """Return whether an endpoint's calls have a price, as configured or as its driver knows it."""
    return endpoint_of(settings, next(one for one in settings.endpoints if one.name == name)).price is not None


def language_model(endpoint: Endpoint, clock: Clock) -> LanguageModel:
    """Return what answers for the endpoint; nothing is sent yet."""
    if endpoint.driver == "direct":
        from driftwatch.adapters.llm.direct import DirectModel

        return DirectModel.for_endpoint(endpoint, clock=clock)
    if endpoint.driver == "litellm":
        from driftwatch.adapters.llm.litellm import LiteLLMModel

        return LiteLLMModel.for_endpoint(endpoint, clock=clock)
    from driftwatch.testing.model import ScriptedModel

    return ScriptedModel(clock=clock)


class NobodyAsks(LanguageModel):
    identity = "not asked"

    async def ask(self, question: Question) -> Reply:
        raise NotImplementedError("this endpoint was made for reading only")
