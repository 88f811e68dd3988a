"""What a gate found, as JSON data with stable keys, as JUnit's XML, and in words: docs/reference/gate.md."""

from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from driftwatch.domain.legible import one_line
from driftwatch.presentation.words import number

if TYPE_CHECKING:  # the engine is not imported for words
    from driftwatch.services.gate_found import EndpointGate, Gate, MetricGate

VERSION = 1
MOVED_NAMED = 3
_MOST_MOVED = 50
_LINE = 500


def gate_data(found: "Gate") -> dict[str, Any]:
    """Return the whole result."""
    return {
        "version": VERSION,
        "verdict": found.verdict.value,
        "replays": found.rules.replays,
        "false_alarms": found.rules.alpha,
        "fail_on": "harm" if found.rules.harm_only else "any",
        "cost_usd": _usd(found.cost_usd),
        "endpoints": [_endpoint(one) for one in found.endpoints],
    }


def _endpoint(one: "EndpointGate") -> dict[str, Any]:
    return {
        "endpoint": one.name,
        "verdict": one.verdict.value,
        "why": one.why or None,
        "notes": list(one.notes),
        "asked": one.asked,
        "answered": one.answered,
        "cost_usd": _usd(one.cost_usd),
        "metrics": [_metric(row) for row in one.metrics],
    }


def _usd(cost: float | None) -> float | None:
    return None if cost is None else round(cost, 6)


def _metric(row: "MetricGate") -> dict[str, Any]:
    effect = row.look.effect if row.look else None
    return {
        "metric": row.metric.name,
        "verdict": row.verdict.value,
        "fails": row.fails,
        "why": row.why or None,
        "before": effect.before if effect else None,
        "after": effect.after if effect else None,
        "difference": effect.after - effect.before if effect else None,
        "interval": list(effect.interval) if effect else None,
        "p": row.p,
        "exact": row.look.exact if row.look else None,
        "compared": row.compared,
        "of": row.of,
        "sees": {"broken_probes": row.sees_broken, "shift": row.sees_shift},
        "probes": [
            {"probe": one.probe.rpartition("@")[0], "before": one.before, "after": one.after, "q": one.q}
            for one in (row.look.moved[:_MOST_MOVED] if row.look else ())
            if one.before != one.after
        ],
    }


def junit(found: "Gate") -> str:
    """Return the result as JUnit XML: a suite an endpoint, a case a metric.

    A metric that fails the gate and moved is a failure, what could not be found out an error, what is not compared
    skipped.
    """
    root = Element("testsuites", name="driftwatch gate")
    for one in found.endpoints:
        _suite(SubElement(root, "testsuite", name=one_line(one.name, _LINE)), one, found)
    for kind in ("tests", "failures", "errors", "skipped"):
        root.set(kind, str(sum(int(suite.get(kind, "0")) for suite in root)))
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _suite(suite: Element, one: "EndpointGate", found: "Gate") -> None:
    name = one_line(one.name, _LINE)
    if one.verdict.value == "unknown":
        case = SubElement(suite, "testcase", classname=name, name="could be found out")
        SubElement(case, "error", message=one_line(one.why, _LINE))
    for row in one.metrics:
        case = SubElement(suite, "testcase", classname=name, name=one_line(row.metric.name, _LINE))
        said = one_line(row.why or sentence(row), _LINE)
        if found.rules.is_drift(row.metric, row.verdict):
            SubElement(case, "failure", message=said).text = one_line(", ".join(moved_named(row)), _LINE)
        elif row.verdict.value == "unscored":
            SubElement(case, "error" if row.fails else "skipped", message=said)
        elif row.verdict.value == "not compared":
            SubElement(case, "skipped", message=said)
        else:
            SubElement(case, "system-out").text = said
    suite.set("tests", str(len(suite)))
    for kind, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(kind, str(len(suite.findall(f"testcase/{tag}"))))


def sentence(row: "MetricGate") -> str:
    """Return how a metric moved, with its interval and how often chance does this."""
    if row.look is None or row.look.effect is None:
        return row.verdict.value
    effect, unit = row.look.effect, f" {row.metric.unit}" if row.metric.unit else ""
    low, high = effect.interval
    change = f"{number(effect.before)} → {number(effect.after)}{unit} ({low:+.2g} to {high:+.2g})"
    return f"{row.verdict.value}: {change}, p {chance(row.p)}"


def chance(p: float | None) -> str:
    """Return a corrected p-value for people.

    Examples
    --------
    >>> chance(0.0312), chance(1e-9), chance(None)
    ('0.031', '< 0.0001', '-')
    """
    return "-" if p is None else "< 0.0001" if p < 1e-4 else f"{p:.2g}"


def sees(row: "MetricGate") -> str:
    """Return what would have been seen: how many probes must break, and which change of the mean is enough."""
    if row.look is None:
        return "-"
    parts = [f"{row.sees_broken} broken" if row.sees_broken else "nothing"]
    if row.sees_broken and row.sees_shift is not None:
        parts.append(f"mean ±{number(row.sees_shift)}")
    return ", ".join(parts)


def moved_named(row: "MetricGate", most: int = MOVED_NAMED) -> list[str]:
    """Return the probes that moved most, the strongest evidence first."""
    moved = [one for one in (row.look.moved if row.look else ()) if one.before != one.after]
    return [f"{one.probe.rpartition('@')[0]} {number(one.before)} → {number(one.after)}" for one in moved[:most]]
