"""One canonical event on one line, in words a reviewer reads aloud."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from wfcheck.checker.report.escape import visible
from wfcheck.checker.report.plain import plain
from wfcheck.checker.traces.event import Event

_VALUE = 100
_LINE = 240


def describe(event: Event) -> str:
    """What happened, without its place."""
    text = " ".join(word for word in _words(event) if word)
    return visible(text, limit=_LINE)


def where(event: Event) -> str:
    """`file:line`, or nothing where the event does not know."""
    return f"{visible(event.source.file)}:{event.source.line}" if event.source else ""


def _words(event: Event) -> list[str]:
    actor = f"by {event.actor}" if event.actor else ""
    match event.kind:
        case "call" | "approve" | "deny":
            return [event.kind, _call(event), actor]
        case "result":
            return ["result of", event.tool or event.call or "?", "->", _value(event.result) or "nothing"]
        case "fail":
            return ["fail", event.tool or event.call or "?", _value(event.error)]
        case "message":
            return ["message", f"from {event.actor or '?'} to {event.to or '?'}", _content(event)]
        case "remember" | "recall":
            return [event.kind, event.store or "?", _content(event)]
        case "llm" if event.text is None and event.result is None:
            return [event.kind, event.step or "", "chooses what to do next"]
        case "step":
            return [event.kind, event.step or "", _content(event) or "begins"]
        case "llm" | "release":
            return [event.kind, event.step or "", _content(event)]
        case "input" if event.step:
            return [event.kind, f"{event.step}: {_content(event)}", actor]
        case "input" | "say" | "ask":
            return [event.kind, _content(event), actor]
        case _:
            return [event.kind, event.error or event.text or ""]


def _call(event: Event) -> str:
    return f"{event.tool or '?'}({_arguments(event.arguments)})"


def _arguments(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}: {_value(value)}" for name, value in arguments.items() if value is not None)


def _content(event: Event) -> str:
    return _value(event.text if event.text is not None else event.result)


def _value(value: object) -> str:
    if value is None:
        return ""
    text = _literal(plain(value))
    return text if len(text) <= _VALUE else text[: _VALUE - 1] + "…"


def _literal(value: Any) -> str:
    """As a `.wf` file would have it: names of fields without quotes."""
    match value:
        case dict():
            return "{" + ", ".join(f"{_field(n)}: {_literal(v)}" for n, v in value.items()) + "}"
        case list():
            return "[" + ", ".join(_literal(v) for v in value) + "]"
        case None:
            return "none"
        case _:
            return json.dumps(value, ensure_ascii=False)


def _field(name: str) -> str:
    return name if name.isidentifier() else json.dumps(name, ensure_ascii=False)
