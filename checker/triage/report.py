"""Signs of trouble in many runs, as text and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from wfcheck.checker.report.escape import counted, visible
from wfcheck.checker.report.plain import plain
from wfcheck.checker.report.style import Style
from wfcheck.checker.triage.run import Found, Triage

_WORDS = {
    "repeated": "the same call {count} times in a row",
    "drifting": "{count} calls in a row, never with the same arguments",
    "oscillating": "two calls by turns, {count} times",
    "failing": "{count} failures in a row",
    "exhausted": "a budget was used up",
    "unverified": "the run ends although its last call failed or did not return",
}


def write_triage(report: Triage, shown: str, style: Style, version: str) -> str:
    """The whole report; `shown` is `text` or `json`."""
    return _json(report, version) if shown == "json" else "\n".join(_text(report, style)) + "\n"


def _text(report: Triage, style: Style) -> Iterator[str]:
    for one in report.found:
        words = _WORDS[one.signal.kind].format(count=one.signal.count)
        span = f"events {one.signal.first} to {one.signal.last}"
        yield f"{style.paint('yellow', one.signal.kind)}  {visible(one.signal.subject, limit=80)}: {words}"
        yield f"    {visible(one.trace)}, {span}  {style.paint('dim', one.place)}"
    listed = (
        ", ".join(f"{kind} {count}" for kind, count in sorted(_counts(report).items()))
        or "no sign of trouble"
    )
    left_out = f"; {counted(len(report.skipped), 'problem')} skipped" if report.skipped else ""
    signs = len({one.trace for one in report.found})
    yield f"{counted(report.traces, 'run')} looked at, {signs} with signs: {listed}{left_out}"


def _counts(report: Triage) -> Counter[str]:
    return Counter(one.signal.kind for one in report.found)


def _json(report: Triage, version: str) -> str:
    counts = {kind: _counts(report)[kind] for kind in _WORDS}
    value = {
        "schema": "wfcheck.triage/1", "version": version, "signals": [_one(one) for one in report.found],
        "summary": {"traces": report.traces, "skipped": len(report.skipped), **counts},
    }  # fmt: skip
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _one(found: Found) -> dict[str, Any]:
    signal, source = found.signal, found.source
    return {
        "trace": plain(found.trace), "signal": signal.kind, "subject": plain(signal.subject), "count": signal.count,
        "first": signal.first, "last": signal.last, "heuristic": True,
        "source": None if source is None else plain({"file": source.file, "line": source.line, "pointer": source.pointer}),
    }  # fmt: skip
