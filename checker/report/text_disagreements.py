"""Records of one run that disagree, in words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, assert_never

from wfcheck.checker.evidence.records import Disagreement
from wfcheck.checker.report.escape import visible
from wfcheck.checker.report.plain import plain
from wfcheck.checker.traces.event import EventSource, Json

_VALUE = 60


def write_disagreements(found: Sequence[Disagreement]) -> list[str]:
    """One line for each: the run, where the trace says it, what differs, and the other record."""
    return [_line(one) for one in found]


def _line(one: Disagreement) -> str:
    at = f"event {one.event}  {_place(one.source)}  " if one.event is not None else ""
    other = _place(one.recorded) or visible(one.file)
    return f"{visible(one.trace)}  {at}{words(one)}  {other}"


def words(one: Disagreement) -> str:
    """What disagrees, without the places."""
    subject = f"`{visible(one.subject, limit=_VALUE)}`"
    name = f"`{visible(one.name or '', limit=_VALUE)}`"
    match one.kind:
        case "hidden":
            return f"{subject} was called{_given(one.found)}, and the trace does not show it"
        case "not-done":
            return f"{subject} is said to have been done{_given(one.claimed)}, and the log does not have it"
        case "denied-but-done":
            return f"{subject} is said to have been denied{_given(one.claimed)}, and the log has it done"
        case "arguments":
            return f"{name} of {subject} is {_value(one.claimed)}, and {_value(one.found)} in the log"
        case "outcome":
            return f"{subject} is said to be {visible(str(one.claimed))}, and is {visible(str(one.found))} in the log"
        case "result":
            return f"the result of {subject} is {_value(one.claimed)}, and {_value(one.found)} in the log"
        case "order":
            return f"{subject} comes earlier in the log than calls that came before it"
        case "state":
            return f"{subject} left {_value(one.claimed)} at {name}, and the end has {_value(one.found)}"
        case "changed":
            return f"{name} was {_value(one.claimed)} and is {_value(one.found)}, and no call of the trace explains it"
        case _:
            assert_never(one.kind)


def _given(value: Json) -> str:
    if not isinstance(value, dict) or not value:
        return ""
    listed = ", ".join(
        f"{visible(str(n), limit=_VALUE)}: {_value(v)}" for n, v in value.items() if v is not None
    )
    return f" with {listed}" if listed else ""


def _value(value: Json) -> str:
    if value is None:
        return "nothing"
    told: Any = plain(value)
    return visible(json.dumps(told, ensure_ascii=False), limit=_VALUE)


def _place(source: EventSource | None) -> str:
    if source is None:
        return ""
    pointer = f" {visible(source.pointer, limit=80)}" if source.pointer else ""
    return f"{visible(source.file)}:{source.line}{pointer}"
