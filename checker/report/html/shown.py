"""Untrusted text as the page may hold it: inert lines of bounded length, and events as plain objects with short keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wfcheck.checker.annotations import Group
from wfcheck.checker.replay.result import Mark
from wfcheck.checker.replay.timeline import Clip, Moment
from wfcheck.checker.report.escape import visible
from wfcheck.checker.report.sources import Sources
from wfcheck.checker.traces.event import EventSource
from wfcheck.dsl.source import Span

LONGEST = 8_000
_NAME = 300
_MOST_LINES = 12
_LINE = 200


def shown(text: str, limit: int = LONGEST) -> str:
    """Lines stay lines, tabs are blanks; everything else that cannot be seen is an escape."""
    cut = text if len(text) <= limit else text[:limit] + "…"
    return "\n".join(visible(line.replace("\t", "    ")) for line in cut.replace("\r\n", "\n").split("\n"))


def name(text: str) -> str:
    """A name or a path, on one line."""
    return visible(text, limit=_NAME)


def filled(fields: dict[str, Any]) -> dict[str, Any]:
    """Without what says nothing: None, False, empty texts and empty lists. A zero stays."""
    return {key: value for key, value in fields.items() if value or (value == 0 and value is not False)}


def clip_json(clip: Clip) -> Any:
    """The text; of one that was cut, the text and its whole length (null: nobody counted)."""
    text = shown(clip.text)
    return text if clip.whole else [text, clip.length]


def moment_json(moment: Moment, places: list[list[int]]) -> dict[str, Any]:
    """An event: index, kind, subject, actor, agent, time, values, place in the input, nodes of drawings."""
    fields: dict[str, Any] = {
        "i": moment.index,
        "k": name(moment.kind),
        "s": name(moment.subject),
        "a": moment.actor and name(moment.actor),
        "g": moment.agent and name(moment.agent),
        "t": moment.time and name(moment.time),
        "v": [[name(key), clip_json(clip)] for key, clip in moment.values],
        "more": moment.more or None,
        "at": source_text(moment.source),
        "p": places,
        "r": " ".join(
            f"{word} {name(text)}"
            for word, text in (("run", moment.run), ("session", moment.session))
            if text
        ),
    }
    return filled(fields)


def source_text(source: EventSource | None) -> str:
    """`file:line pointer`, or nothing."""
    if source is None:
        return ""
    pointer = f" {visible(source.pointer, limit=120)}" if source.pointer else ""
    return f"{name(source.file)}:{source.line}{pointer}"


def mark_json(mark: Mark | None) -> list[Any] | None:
    """The index of a marked event and where it was read."""
    return None if mark is None else [mark.event, source_text(mark.source)]


def groups_json(groups: Iterable[Group]) -> list[list[str]]:
    """Results by risk, failure and harm: the axis, the value, how many there are of each verdict, and the rules that need attention."""
    return [
        [
            group.axis,
            name(group.value),
            ", ".join(f"{count} {verdict.lower()}" for verdict, count in group.counts.items()),
            ", ".join(map(name, group.attention)),
        ]
        for group in groups
    ]


def place(span: Span) -> str:
    """`file:line:column`."""
    return f"{name(span.file)}:{span.line}:{span.column}"


def excerpt(span: Span, sources: Sources) -> dict[str, Any] | None:
    """The lines of a span and those indented below its first; the column and the length of what it names."""
    source = sources(span.file)
    if source is None:
        return None
    last = source.position(len(source.text))[0]
    if span.line > last:
        return None
    first = source.line_text(span.line)
    depth = len(first) - len(first.lstrip())
    rows = [first]
    for line in range(span.line + 1, min(last, span.line + _MOST_LINES - 1) + 1):
        text = source.line_text(line)
        deeper = text.strip() and len(text) - len(text.lstrip()) > depth
        if line > span.end_line and not deeper:
            break
        rows.append(text)
    cut = [shown(row[:_LINE] + ("…" if len(row) > _LINE else "")) for row in rows]
    return {"at": place(span), "line": span.line, "rows": cut}
