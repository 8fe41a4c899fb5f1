"""Process-mining logs as tables: one record a line with a case, an activity and (mostly) a time; runs are the cases.

The columns are known by the names that tools give them. Records of one case stand in the order of the file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import attrs

from wfcheck.checker.traces.building import Record, RunBuilder, Source
from wfcheck.checker.traces.event import Completeness
from wfcheck.checker.traces.formats.process_events import COMPLETENESS, Activity, add_activity
from wfcheck.checker.traces.reading import Line
from wfcheck.checker.traces.records import grouped, name_of
from wfcheck.checker.traces.trace import Item, Problem

NAME = "csv"
_CASE: Final = ("case:concept:name", "case_id", "caseid", "case id", "case", "trace_id", "trace")
_ACTIVITY: Final = ("concept:name", "activity", "activity name", "activity_name", "event", "task")
_TIME: Final = ("time:timestamp", "timestamp", "time", "complete timestamp", "end_time", "datetime", "date")
_ACTOR: Final = ("org:resource", "resource", "user", "actor")
_TRANSITION: Final = ("lifecycle:transition", "lifecycle", "transition")
_DELIMITERS = ",;\t|"
_FIELD_LIMIT = 1 << 20


@attrs.frozen
class Columns:
    """The header: all names, and which column is what."""

    names: tuple[str, ...]
    case: int
    activity: int
    time: int | None
    actor: int | None
    transition: int | None
    delimiter: str


def columns_of(line: bytes) -> Columns | None:
    """The columns if the line is the header of such a table."""
    try:
        text = line.decode("utf-8-sig").strip("\r\n")
    except UnicodeDecodeError:
        return None
    if len(text) > 10_000 or text[:1] in "{[<":
        return None
    delimiter = max(_DELIMITERS, key=text.count)
    try:
        names = tuple(next(csv.reader([text], delimiter=delimiter), []))
    except csv.Error:
        return None
    found = {name.strip().lower(): index for index, name in reversed(list(enumerate(names)))}
    places = [
        next((found[n] for n in kind if n in found), None)
        for kind in (_CASE, _ACTIVITY, _TIME, _ACTOR, _TRANSITION)
    ]
    case, activity, time, actor, transition = places
    if case is None or activity is None or case == activity:
        return None
    return Columns(names, case, activity, time, actor, transition, delimiter)


def read(lines: Iterable[Line | Problem], columns: Columns, source: Source) -> Iterator[Item]:
    """One run per case. `lines` begins after the header."""
    found = grouped(_rows(lines, columns, source), lambda r: str(r.value[columns.case])[:200], source)
    yield from found.problems
    for key, group in found.groups.items():
        builder = RunBuilder(source.file)
        for record in group:
            builder.at(record.line, "")
            _row(builder, record.value, columns)
        shown: Mapping[str, Completeness] = (
            COMPLETENESS if columns.time is not None else {**COMPLETENESS, "time": "absent"}
        )
        if columns.transition is None:
            shown = {**shown, "fail": "absent"}
        name = name_of(source, key, len(found.groups))
        yield from builder.finish(name, NAME, shown, source.lenient, found.losses, group[0].line)


def _rows(lines: Iterable[Line | Problem], columns: Columns, source: Source) -> Iterator[Record | Problem]:
    """The rows; a quoted field may go on over lines."""
    pending: list[str] = []
    first = last = quotes = size = 0
    for line in lines:
        text = _text(line, source)
        if isinstance(text, Problem):
            yield text
            continue
        assert isinstance(line, Line)
        if not pending:
            first, quotes, size = line.number, 0, 0
        pending += [""] * (line.number - last - 1) if pending else []
        pending.append(text)
        last, quotes, size = line.number, quotes + text.count('"'), size + len(text) + 1
        if quotes % 2 == 0 or size > _FIELD_LIMIT:
            yield _one("\n".join(pending), first, columns, source)
            pending = []
    if pending:
        yield Problem("WF707", "the table ends inside a quoted field", source.file, first)


def _text(line: Line | Problem, source: Source) -> str | Problem:
    if isinstance(line, Problem):
        return line
    try:
        return line.data.decode("utf-8")
    except UnicodeDecodeError:
        return Problem("WF702", "not UTF-8 text", source.file, line.number)


def _one(text: str, number: int, columns: Columns, source: Source) -> Record | Problem:
    if "\0" in text:
        return Problem("WF702", "a NUL byte in a text file", source.file, number)
    try:
        row = next(csv.reader(io.StringIO(text, newline=""), delimiter=columns.delimiter, strict=True), [])
    except csv.Error:
        return Problem("WF707", "not a row of a table: quotes do not match", source.file, number)
    if len(row) != len(columns.names):
        message = f"a row of {len(row)} fields in a table of {len(columns.names)} columns"
        return Problem("WF707", message, source.file, number)
    if not row[columns.case].strip() or not row[columns.activity].strip():
        return Problem("WF707", "a row must name its case and its activity", source.file, number)
    return Record(row, number)


def _row(builder: RunBuilder, row: list[str], columns: Columns) -> None:
    taken = {columns.case, columns.activity, columns.time, columns.actor, columns.transition}
    rest = {name: row[i] for i, name in enumerate(columns.names) if i not in taken and name.strip()}
    time, actor, transition = (
        None if index is None else row[index].strip() or None
        for index in (columns.time, columns.actor, columns.transition)
    )
    add_activity(builder, Activity(row[columns.activity].strip(), time, actor, transition, dict(rest)))
