"""RESULTS.md from the run lengths: delays, ratios to the oracle, rhythm, and what produced them."""

import importlib.metadata
import math
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.detection import in_control, in_control_long, match
from benchmarks.detection.practices import PRACTICES
from benchmarks.detection.run import AS_USED, LEARNED, OURS, OWN, RIVALS, TOLD, Store
from benchmarks.detection.scenarios import FAMILIES, NULL, QUIET_ROWS, ROWS, Scenario

HERE = Path(__file__).parent


def render(store: Store) -> str:
    """The whole page."""
    methods = store.content["methods"]
    peers = [m for m in methods if m not in ("oracle", OURS, OWN, *RIVALS) and not m.endswith(AS_USED)]
    parts = [
        "# How soon a change is found",
        _preface(store),
        "## Ours, the oracle and the best of the others",
        _summary(methods, peers),
        "## How near anybody comes who is told less",
        _rivals(methods),
        "## Every method: mean delay in replays",
        _everything(methods, [m for m in ("oracle", OURS, OWN) if m in methods] + peers),
        "## Rhythm that is no change: share of deployments with a false alarm in 500 replays",
        _rhythm(methods, peers),
        "driftwatch takes a rhythm off, which its mirror does not: docs/explanation/engine.md has what whole detectors did here.",
        "## The practices as used, untuned: replays to a false alarm (median)",
        _as_used(methods),
        "## In control",
        _in_control(),
        "## What was run",
        _versions(),
        _counts(methods),
        _unmatched(store),
    ]
    return "\n\n".join(parts) + "\n"


def _in_control() -> str:
    """Of the mixture by its mirror, and of whole detectors as far as they were measured."""
    text = (
        "ARL of the mixture in replays, by its compiled mirror (`python -m benchmarks.detection.in_control_long`): nothing is "
        "latched or distrusted. Run lengths are cut at the horizon and enter as an exponential law's. *flaky* is pass/fail "
        "without a probe that always passes; *waits* (gamma laws), *tails* (Student's, four degrees), *tokens* (negative "
        "binomial counts), *novelty* (distances, many of them said again), *wild* (Student's, one degree) and *three* (three "
        "values, evenly) are measures of laws that no threshold was fitted to; a dash was not measured since its threshold "
        "is calibrated on the stream.\n\n"
    )
    text += in_control_long.table(in_control_long.kept())
    whole = in_control.kept()
    return text + ("\n\nWhole detectors:\n\n" + in_control.table(whole) if whole else "")


def cell(methods: dict, method: str, row: Scenario, first: int | None = None) -> tuple[float, float]:
    """Mean delay and standard error, of the first deployments or all; NaN where not measured."""
    found = methods.get(method, {}).get(row.name)
    return match.delay(found["lengths"][:first], row.horizon)[:2] if found else (math.nan, math.nan)


def beside(methods: dict, method: str, other: str, row: Scenario) -> float:
    """Ratio of two delays on the deployments that both were run on; NaN where one was not."""
    if not all(row.name in methods.get(name, {}) for name in (method, other)):
        return math.nan
    first = min(len(methods[name][row.name]["lengths"]) for name in (method, other))
    return cell(methods, method, row, first)[0] / cell(methods, other, row, first)[0]


def geometric(ratios: list[float]) -> float:
    ratios = [r for r in ratios if math.isfinite(r)]
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else math.nan


def _preface(store: Store) -> str:
    arl = store.content["arl"]
    return (
        f"Mean delay in replays ± standard error. 60 probes, baseline 30, change 50 replays later; deployments that alarmed before it are "
        f"left out, and a change not found within the horizon (200 replays, or the length of a passing change) costs the horizon. "
        f"Every method, ours and the oracle included, is tuned on null streams of the same kind of metric so that "
        f"{match.target(arl):.0%} of deployments alarm within {NULL} replays, as at an ARL of {arl:g}. Seeds are fixed. "
        f"`driftwatch, own threshold` is what the product does untuned. The oracle knows every probe's law before and after. "
        f"driftwatch's rows but latency are the mixture's by its compiled mirror (--mirror), which refuses no stream and knows no hours; its weights "
        f"were chosen on other deployments of these rows."
    )


def _summary(methods: dict, peers: list[str]) -> str:
    lines = [
        "| change | oracle | driftwatch | x oracle | own threshold | best other | x oracle |",
        "|---|---|---|---|---|---|---|",
    ]
    ratios: dict[str, list[float]] = {"ours": [], "own": [], "best": []}
    for row in ROWS:
        best = min(((d, m) for m in peers if math.isfinite(d := cell(methods, m, row)[0])), default=(math.nan, ""))
        bound, mine, own = (cell(methods, m, row) for m in ("oracle", OURS, OWN))
        for name, value in (("ours", mine[0]), ("own", own[0]), ("best", best[0])):
            ratios[name].append(value / bound[0])
        lines.append(
            f"| {row.name} | {_shown(bound)} | **{_shown(mine)}** | {mine[0] / bound[0]:.2f} | {_shown(own)} "
            f"| {best[0]:.1f} {best[1]} | {best[0] / bound[0]:.2f} |"
        )
    lines.append(
        f"| geometric mean | | | **{geometric(ratios['ours']):.2f}** | {geometric(ratios['own']):.2f} x | picked per row "
        f"| {geometric(ratios['best']):.2f} |"
    )
    return "\n".join(lines)


def _rivals(methods: dict) -> str:
    """What the oracle's head start is made of: laws that nobody has, and a change that nobody knows."""
    names = ("oracle", TOLD, LEARNED, OURS)
    text = (
        "Both bet on every row of their kind of metric evenly and do not know which it is, which probes move, or in which direction (told.py). "
        f"*{TOLD}* has every probe's law before, exactly. *{LEARNED}* knows the family of the laws and from which population probes are drawn, and "
        "learns each probe from the replays before, as a parametric Bayesian (learned.py); it promises nothing where answers have another law. "
        "Of latency there is one row, so that only its direction is unknown. Ratios are of the deployments that both were run on.\n"
    )
    lines = [
        text,
        f"| change | oracle | {TOLD} | x oracle | {LEARNED} | x oracle | driftwatch | x laws | x family |",
        "|---" * 9 + "|",
    ]
    pairs = ((TOLD, "oracle"), (LEARNED, "oracle"), (OURS, TOLD), (OURS, LEARNED))
    ratios = [[beside(methods, one, other, row) for row in ROWS] for one, other in pairs]
    for i, row in enumerate(ROWS):
        bound, laws, family, ours = (_shown(cell(methods, name, row)) for name in names)
        a, b, c, d = (f"{found[i]:.2f}" if math.isfinite(found[i]) else "-" for found in ratios)
        lines.append(f"| {row.name} | {bound} | {laws} | {a} | {family} | {b} | {ours} | {c} | {d} |")
    a, b, c, d = (f"**{geometric(found):.2f}**" for found in ratios)
    return "\n".join([*lines, f"| geometric mean | | | {a} | | {b} | | {c} | {d} |"])


def _everything(methods: dict, names: list[str]) -> str:
    head = ["| method | " + " | ".join(row.name for row in ROWS) + " | x oracle |", "|---" * (len(ROWS) + 2) + "|"]
    ranked = sorted(names, key=lambda m: geometric(_ratios(methods, m)))
    for method in ranked:
        cells = [_shown(cell(methods, method, row)) for row in ROWS]
        head.append(f"| {method} | " + " | ".join(cells) + f" | {geometric(_ratios(methods, method)):.2f} |")
    return "\n".join(head)


def _rhythm(methods: dict, peers: list[str]) -> str:
    lines = [
        "| method | " + " | ".join(row.name for row in QUIET_ROWS) + " | matched on nulls without rhythm |",
        "|---|---|---|---|",
    ]
    for method in [m for m in (OURS, OWN) if m in methods] + peers:
        found = [methods[method].get(row.name) for row in QUIET_ROWS]
        if all(found):
            shares = [f"{match.before(f['lengths'], NULL):.0%}" for f in found]
            lines.append(
                f"| {method} | {' | '.join(shares)} | {found[0]['false_alarms']:.0%}, {found[1]['false_alarms']:.0%} |"
            )
    return "\n".join(lines)


def _as_used(methods: dict) -> str:
    lines = ["| practice | " + " | ".join(FAMILIES) + " |", "|---" * (len(FAMILIES) + 1) + "|"]
    for name in (m for m in methods if m.endswith(AS_USED)):
        cells = []
        for family in FAMILIES:
            lengths = methods[name].get(family, {}).get("lengths", [])
            middle = sorted(NULL + 1 if n is None else n for n in lengths)[len(lengths) // 2] if lengths else 0
            cells.append("-" if not lengths else f"over {NULL}" if middle > NULL else str(middle))
        lines.append(
            f"| {name.removesuffix(AS_USED)} (level {next(iter(methods[name].values()))['level']:.3g}) | {' | '.join(cells)} |"
        )
    return "\n".join(lines)


def _counts(methods: dict) -> str:
    """Deployments per row, by method."""
    by_count: dict[int, list[str]] = {}
    for name, rows in methods.items():
        if not name.endswith(AS_USED):
            by_count.setdefault(min(len(r["lengths"]) for r in rows.values()), []).append(name)
    return (
        "Deployments per row: " + "; ".join(f"{n}: {', '.join(names)}" for n, names in sorted(by_count.items())) + "."
    )


def _unmatched(store: Store) -> str:
    """Who could not be tuned to the false alarms of the others, and so is not to be compared with them."""
    wanted, found = match.target(store.content["arl"]), []
    for name, rows in store.content["methods"].items():
        if name != OWN and not name.endswith(AS_USED):
            short = {
                row.family: f["false_alarms"]
                for row in ROWS
                if (f := rows.get(row.name)) and abs(f["false_alarms"] - wanted) > 0.05
            }
            found += [f"{name} on {family} ({share:.0%})" for family, share in short.items()]
    note = "A stream that fails driftwatch's own check may not page, so that no level reaches the target there."
    return (
        f"No setting reaches the false-alarm probability: {', '.join(found)}. {note}"
        if found
        else "All methods are matched."
    )


def _ratios(methods: dict, method: str) -> list[float]:
    return [cell(methods, method, row)[0] / cell(methods, "oracle", row)[0] for row in ROWS]


def _shown(found: tuple[float, float]) -> str:
    return f"{found[0]:.1f} ± {found[1]:.1f}" if math.isfinite(found[0]) else "-"


def _versions() -> str:
    ours = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("numpy", "scipy"))
    pins = [line for line in (HERE / "peers.txt").read_text().splitlines() if line and not line.startswith("#")]
    today = datetime.now(UTC).date()
    return (
        f"`python -m benchmarks.detection`, rendered {today}; {ours}. Peers: {', '.join(pins)}.\n\n"
        "Forms: means are replay means in baseline standard deviations, answers every answer likewise; lengths and latencies as logarithms. "
        f"Practices ({', '.join(PRACTICES)}) are written in practices.py. R's cpm itself was not at hand."
    )
