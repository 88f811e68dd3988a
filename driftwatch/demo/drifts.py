"""What may happen behind the endpoint in the demo, and how each must end."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from driftwatch.demo.llama import BASE, FINETUNED, QUANTISED
from driftwatch.domain.metric import Severity

SYSTEM_PROMPT = "Answer in capital letters."


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One silent change.

    Parameters
    ----------
    told : str
        What was done, for the person who watches.
    weights : Path
        What answers from then on.
    params : mapping
        Sampling parameters that the vendor quietly sets.
    system : str, optional
        A system prompt that the vendor quietly puts in front.
    must_end : Severity
        The loudest message that must arrive; ``none`` for silence.
    """

    name: str
    told: str
    weights: Path = BASE
    params: dict[str, Any] = field(default_factory=dict)
    system: str | None = None
    must_end: Severity


DRIFTS = {
    drift.name: drift
    for drift in (
        Drift(
            name="finetune",
            told="the weights behind the endpoint were replaced by a fine-tuned copy",
            weights=FINETUNED,
            must_end=Severity.PAGE,
        ),
        Drift(
            name="quantize",
            told="the weights behind the endpoint were quantised, F32 to Q4_0",
            weights=QUANTISED,
            must_end=Severity.NOTICE,
        ),
        Drift(
            name="temperature",
            told="the vendor now samples at temperature 1.4, whatever is asked for",
            params={"temperature": 1.4},
            must_end=Severity.PAGE,
        ),
        Drift(
            name="system-prompt",
            told=f"the vendor put a system prompt in front: {SYSTEM_PROMPT!r}",
            system=SYSTEM_PROMPT,
            must_end=Severity.PAGE,
        ),
        Drift(name="none", told="nothing was changed", must_end=Severity.NONE),
    )
}
