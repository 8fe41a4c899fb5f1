"""How two runs differ, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from wfcheck.checker.report.escape import counted, visible
from wfcheck.checker.report.plain import plain
from wfcheck.checker.report.style import Style
from wfcheck.checker.report.text_events import describe, where
from wfcheck.checker.tracediff.compare import Difference, Side
from wfcheck.checker.tracediff.decisions import Decision, Observation

_KINDS = {
    "same": ("green", "the runs decide alike"),
    "silent": ("yellow", "the same steps with other arguments"),
    "detour": ("yellow", "the runs part and meet again"),
    "structural": ("red", "the runs part for good"),
}


def write_difference(difference: Difference, shown: str, style: Style, version: str) -> str:
    """The whole report; `shown` is `text` or `json`."""
    return _json(difference, version) if shown == "json" else "\n".join(_text(difference, style)) + "\n"


def _text(difference: Difference, style: Style) -> Iterator[str]:
    color, words = _KINDS[difference.kind]
    yield f"{style.paint(color, difference.kind)}: {words}, after {counted(difference.agreed, 'decision')} in common"
    for letter, side in (("A", difference.a), ("B", difference.b)):
        yield f"  {letter} {visible(side.trace.name)}: {counted(side.decisions, 'decision')}"
        if difference.kind != "same":
            yield from _side(side, style)


def _side(side: Side, style: Style) -> Iterator[str]:
    if side.told is not None:
        yield _line("was told", side.told, style)
    if side.diverging is None:
        yield "    ends here"
    else:
        yield _line("decides", side.diverging, style)
    if side.rejoining is not None:
        yield _line("agrees again", side.rejoining, style)


def _line(label: str, found: Decision | Observation, style: Style) -> str:
    place = where(found.event)
    return f"    {label:<13} event {found.index}  {describe(found.event)}" + (
        f"  {style.paint('dim', place)}" if place else ""
    )


def _json(difference: Difference, version: str) -> str:
    value = {
        "schema": "wfcheck.tracediff/1", "version": version, "kind": difference.kind, "agreed": difference.agreed,
        "a": _side_json(difference.a), "b": _side_json(difference.b),
    }  # fmt: skip
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _side_json(side: Side) -> dict[str, Any]:
    return {
        "trace": plain(side.trace.name), "decisions": side.decisions, "diverging": _event_json(side.diverging),
        "rejoining": _event_json(side.rejoining), "told": _event_json(side.told),
    }  # fmt: skip


def _event_json(found: Decision | Observation | None) -> dict[str, Any] | None:
    if found is None:
        return None
    event, source = found.event, found.event.source
    return {
        "event": found.index, "kind": event.kind, "tool": plain(event.tool), "arguments": plain(event.arguments),
        "result": plain(event.result), "text": plain(event.text), "error": plain(event.error),
        "source": None if source is None else plain({"file": source.file, "line": source.line, "pointer": source.pointer}),
    }  # fmt: skip
