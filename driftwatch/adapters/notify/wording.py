"""The words of a message, from its frozen payload: one wording for Slack, terminal and webhook.

Every function returns plain text; whoever puts it into a markup escapes it there, once.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import floor, log10
from typing import Any

from driftwatch.adapters.notify.ourselves import OURSELVES
from driftwatch.adapters.notify.report_words import report_lines
from driftwatch.domain.judge_drift import GENERATION, OBSERVED
from driftwatch.domain.legible import legible, one_line
from driftwatch.domain.listing import counted

Payload = Mapping[str, Any]

PROBES = "probes"
"""The part of our fingerprint that is the golden set's."""
EXPLAIN_NOTHING = (PROBES, "price")
"""Parts that explain no drift: an edited probe is another probe to every stream, and a price moves only cost."""
POSSIBLE_REPEAT = "possible repeat"
"""Begins the remark on a message that may have arrived before."""
_COUNT = ("No", "One", "Two", "Three")
_NO_DRIFT = ("RESOLVED", "ACCEPTED", "LOCAL_CHANGE", "JUDGE_DRIFT", "NO_DATA", "ENDPOINT_REMOVED")
"""Reasons whose message is not about a behaviour that differs now."""
_OPENING = {
    "WORSE": "worse: ",
    "RECURRED": "again: ",
    "FLAPPING": "comes and goes: ",
    "REPEAT_DUE": "still: ",
    "SILENCE_ENDED": "silence ended, still: ",
}


def render_text(payload: Payload, *, possible_repeat: bool = False) -> str:
    """Return the message for a terminal: the three lines that matter, then old and new answers.

    Examples
    --------
    >>> print(render_text({"kind": "budget", "reason": "BUDGET_EXHAUSTED", "endpoint": "support-bot",
    ...     "at": "2026-10-14T09:00:00+00:00", "spent_usd": 5.0, "limit_usd": 5}))
    support-bot · budget exhausted: 5.00 of 5.00 USD spent today
    No paid call is made until 00:00 UTC; raise budget.usd_per_day to go on sooner.
    """
    if payload["kind"] == "report":
        lines = report_lines(payload, remark=remarks(payload, possible_repeat=possible_repeat))
        return "\n".join(one_line(line) for line in (headline(payload), *lines))
    way_on = " → ".join(part for part in (movers(payload), actions(payload)) if part)
    lines = [headline(payload) + since(payload), evidence(payload), way_on]
    lines += [also(payload), note(payload), remarks(payload, possible_repeat=possible_repeat)]
    for moved in moved_probes(payload):
        lines += [
            f"  {moved['probe']} {when}: {one_line(moved[key])}"
            for when, key in (("before", "old_answer"), ("now", "new_answer"))
            if key in moved
        ]
    return "\n".join(one_line(line) for line in lines if line)


def headline(payload: Payload) -> str:
    """Return what changed: endpoint, metric, before → after."""
    if payload["kind"] in OURSELVES:
        return OURSELVES[payload["kind"]].headline(payload)
    return f"{payload['endpoint']} · {_OPENING.get(payload['reason'], '')}{_news(payload)}"


def since(payload: Payload) -> str:
    """Return the onset with its interval, and how many replays tell it; empty where unknown."""
    if not _drifting(payload):
        return ""
    finding = payload["findings"][0]
    words = _interval(finding)
    at = _moment(payload["at"])
    if "onset" in finding:
        onset = _moment(finding["onset"])
        words += f" since {_day(onset, at)} {_time(onset)} UTC"
        if "onset_early" in finding and finding["onset_early"] != finding.get("onset_late"):
            words += f" (between {_between(finding)})"
    if "replays" in payload:
        count = counted(payload["replays"], "replay")
        words += f", {count}" if words else f" ({count})"
    return words


def evidence(payload: Payload) -> str:
    """Return statistic against threshold, how often chance does this, and our side."""
    if payload["kind"] in OURSELVES:
        return OURSELVES[payload["kind"]].evidence(payload)
    sentences = []
    if _drifting(payload):
        finding = payload["findings"][0]
        if "statistic" in finding and "threshold" in finding:
            words = f"{_chart(finding)} {finding['statistic']:.1f} ≥ {finding['threshold']:.1f}"
            if "arl" in finding:
                words += f"; by chance about once in {finding['arl']:,.0f} replays"
            sentences.append(words + ".")
        sentences.append(second_state(finding))
    elif payload["kind"] == "drift" and payload["reason"] != "NO_DATA" and payload.get("findings"):
        sentences.append(_was(payload))
    sentences += [state_seen(payload), recurrence(payload)]
    if _ongoing(payload) and payload["kind"] == "drift":
        sentences.append(our_side(payload))
    return " ".join(s for s in sentences if s)


def _was(payload: Payload) -> str:
    """Say what ended: the end may stand in the place of the page, where nothing else tells it any more."""
    finding = payload["findings"][0]
    begun = ""
    if "onset" in finding:
        onset = _moment(finding["onset"])
        begun = f" since {_day(onset, _moment(payload['at']))} {_time(onset)} UTC"
    return f"It was about: {_movement(finding)}{begun}."


def second_state(finding: Payload) -> str:
    """Return which share of the answers comes from a second state; empty where nothing proves one.

    Examples
    --------
    >>> second_state({"second_state": 0.14, "second_state_low": 0.09, "second_state_high": 0.2})
    'About 14 % of answers come from a second state (9 to 20 %).'
    """
    numbers = [finding.get(f"second_state{end}") for end in ("", "_low", "_high")]
    if None in numbers:
        return ""
    share, low, high = (f"{100 * value:.0f}" for value in numbers if value is not None)
    return f"About {share} % of answers come from a second state ({low} to {high} %)."


def state_seen(payload: Payload) -> str:
    """Return whether the endpoint was seen in this state before; empty where nothing tells, or an end has told it.

    Examples
    --------
    >>> state_seen({"at": "2026-10-20T06:00:00Z", "reason": "FIRST", "seen": {"verdict": "known", "name": "B",
    ...     "first_seen": "2026-10-14T06:00:00Z"}})
    'State B again (first seen Wed 14 Oct 06:00 UTC).'
    """
    seen = payload.get("seen", {})
    if seen.get("verdict") == "known" and "first_seen" in seen:
        first = _moment(seen["first_seen"])
        return f"State {seen['name']} again (first seen {_day(first, _moment(payload['at']))} {_time(first)} UTC)."
    said = {"new": "A new state.", "baseline": "Back to baseline."}
    return said.get(seen.get("verdict"), "") if payload["reason"] != "RESOLVED" else ""


def recurrence(payload: Payload) -> str:
    """Return in which incident this state was met before, and how often; empty for the first time.

    Examples
    --------
    >>> recurrence({"recurrence_of": "inc-4", "visits": 3})
    'Visit 3 of a state told of in inc-4; nobody is woken before it has stood for a week.'
    """
    if "recurrence_of" not in payload:
        return ""
    told = f"Visit {payload['visits']} of a state told of in {payload['recurrence_of']}"
    quiet = payload.get("reason", "RECURRED") in ("RECURRED", "FLAPPING")
    waits = "; nobody is woken before it has stood for a week" if quiet else ""
    return f"{told}{waits}."


def our_side(payload: Payload) -> str:
    """Return which of our own fingerprints were compared.

    Examples
    --------
    >>> ours = {"probes": "3f2a90c1d2e3", "driver": "driver 1.4.0", "sampling": "77aa00bb11cc"}
    >>> our_side({"fingerprint": ours})
    'Our side unchanged: probes 3f2a, driver 1.4.0, sampling.'
    >>> our_side({"fingerprint": ours, "changed": ["probes"]})
    'Our side unchanged: driver 1.4.0, sampling. Probes added or edited since have a baseline of their own.'
    """
    parts = payload.get("fingerprint")
    changed = payload.get("changed", ())
    # A judge that changed has judged streams begin a baseline of their own, and moves no other.
    judges = [part for part in changed if part.startswith(GENERATION)]
    moving = [part for part in changed if part not in (*EXPLAIN_NOTHING, *judges)]
    if moving:
        return f"Our side changed since the baseline: {', '.join(moving)}."
    if not parts:
        return ""
    # docs/decisions/0003.
    edited = " Probes added or edited since have a baseline of their own." if PROBES in changed else ""
    edited += " Judged scores have one of their own since the judge changed." if judges else ""
    first = [name for name in (PROBES, "driver", "sampling") if name in parts and name not in changed]
    names = first + sorted(name for name in {*parts} - {*first, *changed} if not name.startswith(OBSERVED))
    same = f"Our side unchanged: {', '.join(_part(name, parts[name]) for name in names)}." if names else ""
    return f"{same}{edited}".strip()


def movers(payload: Payload) -> str:
    """Return the probes that moved most, by name."""
    names = [moved["probe"] for moved in moved_probes(payload)]
    if not names:
        return ""
    noun = "probe" if len(names) == 1 else "probes"
    count = _COUNT[len(names)] if len(names) < len(_COUNT) else str(len(names))
    return f"{count} {noun} moved most: {', '.join(names)}"


def moved_probes(payload: Payload) -> Sequence[Payload]:
    """Return the probes that moved most; none once the incident has ended."""
    return payload.get("moved", ()) if _drifting(payload) else ()


def actions(payload: Payload) -> str:
    """Return what can be done now: ``driftwatch`` and the verbs that fit the incident's state."""
    return f"driftwatch {' · '.join(verbs(payload))}" if "incident" in payload else ""


def verbs(payload: Payload) -> Sequence[str]:
    """Return what fits the incident's state; nothing where there is no incident."""
    if "incident" not in payload:
        return ()
    show = f"show {payload['incident']}"
    if payload["state"] in ("resolved", "accepted"):
        return (show,)
    acknowledge = () if payload["state"] == "acknowledged" else ("ack",)
    accept = ("accept",) if payload["kind"] == "drift" else ()
    return (show, *acknowledge, "silence", *accept)


def also(payload: Payload) -> str:
    """Return the other streams that alarm, and the other endpoints that are told of together with this one."""
    others = payload.get("findings", ())[1:] if _drifting(payload) else ()
    more = f", and {payload['more_findings']} more" if payload.get("more_findings") else ""
    streams = f"Also: {', '.join(f'{_movement(f)} ({_chart(f)})' for f in others)}{more}." if others else ""
    return " ".join(part for part in (streams, _together(payload)) if part)


def _together(payload: Payload) -> str:
    """Name the endpoints of the group that are told of in this message."""
    told = payload.get("also", ())
    if not told:
        return ""
    more = f", and {payload['more_also']} more" if payload.get("more_also") else ""
    return f"With it: {', '.join(map(_sibling, told))}{more}."


def _sibling(told: Payload) -> str:
    moved = f" {_movement(told['findings'][0])}" if told.get("findings") else ""
    return f"{one_line(str(told['endpoint']), 60)}{moved} ({told.get('incident', '')})"


def note(payload: Payload) -> str:
    """Return attribution, the vendor's announcement, what a person said, and what is to do next."""
    words = []
    if _drifting(payload):
        why = [payload.get("attribution", "").capitalize(), payload.get("detail", "")]
        words.append(f"{': '.join(w for w in why if w)}.")
        if payload.get("parent"):
            words.append(f"Covered by the page of {payload['parent']}.")
    if payload.get("comment"):
        words.append(f"{payload.get('by', 'somebody')}: {payload['comment']}")
    if payload.get("advice"):
        words.append(payload["advice"])
    return " ".join(words)


def remarks(payload: Payload, *, possible_repeat: bool) -> str:
    """Return what the reader must know about the message itself: repeated, late, or on another route."""
    words = []
    if possible_repeat:
        words.append(f"{POSSIBLE_REPEAT}: an earlier attempt may have arrived")
    if payload.get("delayed_min"):
        words.append(f"delayed by {payload['delayed_min']} min")
    if payload.get("instead_of"):
        words.append(f"sent here because route {payload['instead_of']} did not take it")
    if payload.get("after_fallback"):
        words.append(f"sent here because route {payload['after_fallback']} did not take what came before")
    return "; ".join(words)


# -- pieces -------------------------------------------------------------------------------------


def _drifting(payload: Payload) -> bool:
    return bool(payload.get("findings")) and _ongoing(payload)


def _ongoing(payload: Payload) -> bool:
    return payload["reason"] not in _NO_DRIFT


def _news(payload: Payload) -> str:
    reason, name = payload["reason"], payload.get("incident", "")
    by = f" by {payload['by']}" if payload.get("by") else ""
    detail = payload.get("detail")
    said = {
        "RESOLVED": f"{name} resolved{by or ': ' + (detail or 'calm again')}",
        # What is wrong stays the news: the message that is kept up to date says this from now on.
        "ACKNOWLEDGED": f"acknowledged{by}: {_wrong(payload)}",
        "ACCEPTED": f"{name} accepted{by} as the new baseline{_for_some(payload)}",
        "ENDPOINT_REMOVED": f"{name} closed: {detail}",
        "JUDGE_DRIFT": f"{name} taken back: {detail or 'its judge drifted'}",
        "LOCAL_CHANGE": f"{name} ended: {detail or 'our side changed'}; a new baseline begins",
    }
    if reason in said:
        return said[reason]
    return _wrong(payload)


def _for_some(payload: Payload) -> str:
    probes = payload.get("accepted_probes", ())
    return f" of {', '.join(probes[:3])}{' and others' if len(probes) > 3 else ''}" if probes else ""


def _wrong(payload: Payload) -> str:
    if payload.get("findings") and payload["reason"] != "NO_DATA":
        return _movement(payload["findings"][0])
    return str(payload.get("detail") or payload.get("attribution") or "changed")


def _movement(finding: Payload) -> str:
    before, after, unit = finding.get("before"), finding.get("after"), finding.get("unit", "")
    direction = finding.get("direction", 0)
    if before is not None and after is not None:
        direction = after - before
    verb = "fell" if direction < 0 else "rose" if direction > 0 else "moved"
    if before is None or after is None:
        return f"{finding['metric']} {verb}"
    old, new = _numbers(before, after)
    return f"{finding['metric']} {verb} {old} → {new}{' ' + unit if unit else ''}"


def _interval(finding: Payload) -> str:
    if finding.get("before") is None or "effect_low" not in finding or "effect_high" not in finding:
        return ""
    low, high = _numbers(finding["before"] + finding["effect_low"], finding["before"] + finding["effect_high"])
    return f" ({low} to {high})" if low.startswith("-") or high.startswith("-") else f" ({low}-{high})"


def _numbers(first: float, second: float) -> tuple[str, str]:
    """Format two numbers alike, with as many decimals as it takes to tell them apart.

    Examples
    --------
    >>> _numbers(0.91, 0.78), _numbers(0.9121, 0.9119), _numbers(412.3, 655.0)
    (('0.91', '0.78'), ('0.9121', '0.9119'), ('412', '655'))
    >>> _numbers(-0.0028, -0.0067)
    ('-0.003', '-0.007')
    """
    size = max(abs(first), abs(second))
    decimals = 2 if size < 10 else 1 if size < 100 else 0
    if first != second:
        decimals = max(decimals, min(6, -floor(log10(abs(first - second)) + 1e-9)))
    return f"{first:,.{decimals}f}", f"{second:,.{decimals}f}"


def _chart(finding: Payload) -> str:
    name: str = finding["chart"]
    return name.upper() if len(name) <= 5 else name


def _part(name: str, value: str) -> str:
    hashed = len(value) >= 8 and all(c in "0123456789abcdef" for c in value)
    if hashed:
        return f"{name} {value[:4]}" if name == "probes" else name
    return value if value.startswith(name) else f"{name} {value}"


def _moment(value: str) -> datetime:
    return datetime.fromisoformat(value).astimezone(UTC)


def _day(moment: datetime, at: datetime) -> str:
    year = "" if abs(at - moment) < timedelta(days=180) else f" {moment.year}"
    return f"{moment:%a} {moment.day} {moment:%b}{year}"


def _between(finding: Payload) -> str:
    onset, early, late = (_moment(finding[key]) for key in ("onset", "onset_early", "onset_late"))
    ends = (_time(m) if m.date() == onset.date() else f"{_day(m, onset)} {_time(m)}" for m in (early, late))
    return " and ".join(ends)


def _time(moment: datetime) -> str:
    """Return the time of day; seconds only where there are some."""
    return f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"


def excerpt(text: str, limit: int) -> str:
    """Return an answer as it may be shown in a preformatted block."""
    return legible(text, limit) or "(empty)"
