"""Signs of trouble in many runs, as text and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from wfcheck.checker.report.escape import counted, visible
from wfcheck.checker.report.plain import plain
from wfcheck.checker.report.style import Style
from wfcheck.checker.report.text_events import where
from wfcheck.checker.traces.event import EventSource
from wfcheck.checker.traces.trace import Trace
from wfcheck.checker.triage.signals import Signal

_WORDS = {
    "repeated": "the same call {count} times in a row",
    "drifting": "{count} calls in a row, never with the same arguments",
    "oscillating": "two calls by turns, {count} times",
    "failing": "{count} failures in a row",
    "exhausted": "a budget was used up",
    "unverified": "the run ends although its last call failed or did not return",
}


@attrs.frozen
class Found:
    """A sign, the trace that shows it and where it begins."""

    trace: str
    signal: Signal
    place: str
    source: EventSource | None


def found_in(trace: Trace, signal: Signal) -> Found:
    """The sign with its place."""
    event = trace.events[signal.first]
    return Found(trace.name, signal, where(event), event.source)


def write_triage(
    found: Sequence[Found], traces: int, skipped: int, shown: str, style: Style, version: str
) -> str:
    """The whole report; `shown` is `text` or `json`."""
    if shown == "json":
        return _json(found, traces, skipped, version)
    return "\n".join(_text(found, traces, skipped, style)) + "\n"


def _text(found: Sequence[Found], traces: int, skipped: int, style: Style) -> Iterator[str]:
    for one in found:
        words = _WORDS[one.signal.kind].format(count=one.signal.count)
        span = f"events {one.signal.first} to {one.signal.last}"
        yield f"{style.paint('yellow', one.signal.kind)}  {visible(one.signal.subject, limit=80)}: {words}"
        yield f"    {visible(one.trace)}, {span}  {style.paint('dim', one.place)}"
    kinds = Counter(one.signal.kind for one in found)
    listed = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())) or "no sign of trouble"
    left_out = f"; {counted(skipped, 'problem')} skipped" if skipped else ""
    yield f"{counted(traces, 'run')} looked at, {len({one.trace for one in found})} with signs: {listed}{left_out}"


def _json(found: Sequence[Found], traces: int, skipped: int, version: str) -> str:
    kinds = Counter(one.signal.kind for one in found)
    value = {
        "schema": "wfcheck.triage/1", "version": version, "signals": [_one(one) for one in found],
        "summary": {"traces": traces, "skipped": skipped, **{kind: kinds[kind] for kind in _WORDS}},  # type: ignore[index]
    }  # fmt: skip
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _one(found: Found) -> dict[str, Any]:
    signal, source = found.signal, found.source
    return {
        "trace": plain(found.trace), "signal": signal.kind, "subject": plain(signal.subject), "count": signal.count,
        "first": signal.first, "last": signal.last, "heuristic": True,
        "source": None if source is None else plain({"file": source.file, "line": source.line, "pointer": source.pointer}),
    }  # fmt: skip
