"""The charts that may page, by name; loads nothing, so that a configuration can be checked without the engine."""

from collections.abc import Sequence
from typing import Literal

Chart = Literal["mixture", "cusum", "ks", "cvm", "ewma", "risk-adjusted", "strays"]

DRAWN: tuple[Chart, ...] = ("mixture", "cusum", "ks")
"""Computed and drawn for every stream, whether they page or not."""
CHARTS: tuple[Chart, ...] = (*DRAWN, "cvm", "ewma", "risk-adjusted", "strays")
"""All that may page. The Bernoulli chart is not among them: it keeps no ARL where its rate is estimated."""
BINARY_ONLY = frozenset[str]({"risk-adjusted"})
"""Charts that read pass/fail metrics only."""
MEASURES_ONLY = frozenset[str]({"strays"})
"""Charts that read measures only: a pass is above zero as well, and no stray."""


def paging_fault(paging: Sequence[str], kind: str) -> str | None:
    """Say what is wrong with the charts that shall page for a metric of this kind, or None.

    Examples
    --------
    >>> paging_fault(["mixture", "risk-adjusted"], "graded")
    'risk-adjusted reads pass/fail metrics only; choose of mixture, cusum, ks, cvm, ewma'
    """
    if unknown := [name for name in paging if name not in CHARTS]:
        return f"there is no chart {unknown[0]!r}; choose of {', '.join(CHARTS)}"
    if not paging:
        return f"it names no chart; name one or more of {', '.join(CHARTS)}"
    if twice := [name for name in paging if list(paging).count(name) > 1]:
        return f"{twice[0]} is named twice; name it once"
    unfit = {name for name in CHARTS if not _reads(name, kind)}
    if wrong := [name for name in paging if name in unfit]:
        what = "pass/fail metrics" if wrong[0] in BINARY_ONLY else "measures"
        fitting = ", ".join(name for name in CHARTS if name not in unfit)
        return f"{wrong[0]} reads {what} only; choose of {fitting}"
    return None


def _reads(chart: str, kind: str) -> bool:
    if chart in BINARY_ONLY:
        return kind == "binary"
    return kind == "continuous" or chart not in MEASURES_ONLY
