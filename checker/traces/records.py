"""Lines to records, records to groups: what formats of one JSON value a line have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import attrs

from wfcheck.checker.traces.building import Record, Source
from wfcheck.checker.traces.event import Json
from wfcheck.checker.traces.reading import Line, decode_line
from wfcheck.checker.traces.trace import Problem

HELD = 4


def records_of(lines: Iterable[Line | Problem]) -> Iterator[Record | Problem]:
    """Each line's value, or the located problem."""
    for line in lines:
        value = line if isinstance(line, Problem) else decode_line(line)
        if isinstance(value, Problem):
            yield value
        else:
            assert isinstance(line, Line)
            yield Record(value, line.number)


def spread(records: Iterable[Record | Problem], *keys: str) -> Iterator[Record | Problem]:
    """Lists taken apart into their elements, and objects that hold such a list under one of `keys`."""
    for record in records:
        if isinstance(record, Problem):
            yield record
        elif isinstance(record.value, list):
            for index, item in enumerate(record.value):
                yield Record(item, record.line, record.below(index))
        elif isinstance(record.value, dict) and (key := _listed(record.value, keys)) is not None:
            for index, item in enumerate(record.value[key]):
                yield Record(item, record.line, f"{record.below(key)}/{index}")
        else:
            yield record


def _listed(value: dict[str, Json], keys: tuple[str, ...]) -> str | None:
    return next((key for key in keys if isinstance(value.get(key), list)), None)


@attrs.define
class Grouped:
    """The records of a file by the run they belong to, in the order of the first of each; what could not be read may belong
    to any of them."""

    groups: dict[str, list[Record]] = attrs.field(factory=dict)
    problems: list[Problem] = attrs.field(factory=list)

    @property
    def losses(self) -> tuple[str, ...]:
        """What is missing from every run."""
        return tuple(f"line {p.line}: {p.message}" for p in self.problems)


def grouped(
    records: Iterable[Record | Problem], key: Callable[[Record], str | Problem], source: Source
) -> Grouped:
    """Gather the runs of a file. At most `HELD` times the bytes allowed for a line are kept (as a JSON estimate)."""
    result, held = Grouped(), 0
    for record in records:
        found = record if isinstance(record, Problem) else key(record)
        if isinstance(found, Problem):
            result.problems.append(found)
            continue
        assert isinstance(record, Record)
        held += size_of(record.value)
        if held > HELD * source.limit:
            message = f"runs that are mixed in one file take more than {HELD * source.limit} bytes"
            result.problems.append(
                Problem("WF704", message, source.file, record.line, help="split the file by run")
            )
            break
        result.groups.setdefault(found, []).append(record)
    return result


def size_of(value: Json) -> int:
    """About how many bytes a value takes as text."""
    total, level = 0, [value]
    while level:
        item = level.pop()
        if isinstance(item, dict):
            total += sum(len(k) + 4 for k in item)
            level.extend(item.values())
        elif isinstance(item, list):
            total += len(item) + 2
            level.extend(item)
        else:
            total += len(item) if isinstance(item, str) else 8
    return total


def malformed(record: Record, source: Source, message: str, below: str = "", code: str = "WF707") -> Problem:
    """A record of the wrong shape."""
    return Problem(code, message, source.file, record.line, record.pointer + below)


def name_of(source: Source, key: str, count: int) -> str:
    """The name of a run: the file, and where it holds several the key of the run."""
    return f"{source.file}#{key}" if count > 1 else source.file
