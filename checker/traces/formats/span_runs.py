"""Spans of a file to runs: gathered by session (else by trace), read in the order of time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import attrs

from wfcheck.checker.traces.building import Record, RunBuilder, Source
from wfcheck.checker.traces.event import Completeness
from wfcheck.checker.traces.reading import MalformedError
from wfcheck.checker.traces.records import Grouped, grouped, malformed
from wfcheck.checker.traces.span_tree import Span
from wfcheck.checker.traces.spans import blind, read_spans
from wfcheck.checker.traces.trace import Item, Problem

_BLIND = "what models answered is not recorded, and tools have no spans: calls may be missing"


@attrs.frozen
class Reading:
    """How one tracing system is read: the trace and session of a record, and its span. `span` raises MalformedError."""

    name: str
    completeness: Mapping[str, Completeness]
    trace: Callable[[Record], str | None]
    session: Callable[[Record], str | None]
    span: Callable[[Record], Span | None]


def read_runs(records: Iterable[Record | Problem], source: Source, how: Reading) -> Iterator[Item]:
    """One run per session or trace of the file."""
    found = grouped(
        records, lambda r: how.trace(r) or malformed(r, source, "a span must name its trace"), source
    )
    yield from found.problems
    groups = _by_session(found, how)
    for key, group in groups.items():
        builder = RunBuilder(source.file)
        spans = _spans(builder, group, how, several=len({how.trace(r) for r in group}) > 1)
        shown: dict[str, Completeness] = {**how.completeness, **read_spans(builder, spans)}
        if blind(spans):
            shown["call"] = "truncated"
        losses = (*found.losses, *([_BLIND] if blind(spans) else ()))
        name = source.file if len(groups) == 1 else f"{source.file}#{key}"
        yield from builder.finish(name, how.name, shown, source.lenient, losses, group[0].line)


def _by_session(found: Grouped, how: Reading) -> dict[str, list[Record]]:
    """A trace is of the session that any of its spans names."""
    groups: dict[str, list[Record]] = {}
    for trace, records in found.groups.items():
        session = next((s for r in records if (s := how.session(r)) is not None), None)
        groups.setdefault(trace if session is None else f"session {session}", []).extend(records)
    return groups


def _spans(builder: RunBuilder, records: list[Record], how: Reading, several: bool) -> list[Span]:
    spans = []
    for record in records:
        builder.at(record.line, record.pointer)
        try:
            span = how.span(record)
        except MalformedError as error:
            builder.problem(error.code, str(error))
            continue
        if span is not None:
            run = how.trace(record) if several else None
            spans.append(attrs.evolve(span, line=record.line, pointer=record.pointer, run=run))
    return spans


def whole(value: int | None, field: str) -> int:
    """A time that must be there. Raises MalformedError."""
    if value is None:
        raise MalformedError("WF707", f"a span needs its `{field}` as a time")
    return value
