"""From paths to traces: files, folders, globs, standard input; the format is recognised by what the file holds."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from wfcheck.checker.traces import native, openai
from wfcheck.checker.traces.event import Json
from wfcheck.checker.traces.reading import (
    LINE_LIMIT,
    READ_ERRORS,
    Line,
    decode_line,
    open_bytes,
    read_lines,
    too_long,
)
from wfcheck.checker.traces.trace import Item, Problem, Trace
from wfcheck.dsl.diagnostic import Severity

SUFFIXES = (".jsonl", ".ndjson", ".json", ".jsonl.gz", ".ndjson.gz", ".json.gz")
_LINE_SUFFIXES = (".jsonl", ".ndjson")
_FORMATS = "a wftrace file or an OpenAI-style message list"


def read_traces(
    paths: Sequence[str | Path], *, lenient: bool = False, limit: int = LINE_LIMIT
) -> Iterator[Item]:
    """The traces below `paths` (files, folders, globs, `-`), one after another, and every problem met on the way.

    Nothing is raised for bad input; a line or document longer than `limit` bytes is a problem."""
    for path in paths:
        for file in _expand(str(path)):
            if isinstance(file, Problem):
                yield file
            else:
                yield from _read_file(file, lenient, limit)


def _expand(path: str) -> Iterator[str | Problem]:
    if path == "-" or Path(path).is_file():
        yield path
        return
    if Path(path).is_dir():
        files = sorted(str(p) for p in Path(path).rglob("*") if p.is_file() and p.name.endswith(SUFFIXES))
        missing = f"no trace below the folder `{path}`"
    else:
        files = sorted(glob.glob(path, recursive=True))  # noqa: PTH207 (absolute patterns)
        missing = f"there is no file `{path}`"
    yield from files
    if not files:
        yield Problem("WF701", missing, path, help="traces end in .jsonl or .json, or in .gz after that")


def _read_file(path: str, lenient: bool, limit: int) -> Iterator[Item]:
    name = "<stdin>" if path == "-" else path
    empty = True
    try:
        with open_bytes(path) as stream:
            for item in _read_stream(stream, name, lenient, limit):
                empty = False
                yield item
    except READ_ERRORS as error:
        reason = getattr(error, "strerror", None) or str(error)
        code = "WF701" if isinstance(error, OSError) and error.errno else "WF713"
        yield Problem(code, f"cannot read `{name}`: {reason.lower()}", name)
        return
    if empty:
        yield Problem("WF711", f"`{name}` holds no trace", name, severity=Severity.WARNING)


def _read_stream(stream: BinaryIO, file: str, lenient: bool, limit: int) -> Iterator[Item]:
    lines = read_lines(stream, file, limit)
    base = file.removesuffix(".gz")
    head: list[Line | Problem] = []
    for line in lines:
        head.append(line)
        value = line if isinstance(line, Problem) else decode_line(line)
        if not isinstance(value, Problem):
            yield from _dispatch(value, chain(head, lines), file, lenient)
            return
        if not base.endswith(_LINE_SUFFIXES):
            yield from _document(line, lines, file, lenient, limit)
            return
    yield from (_as_problem(line) for line in head)


def _as_problem(line: Line | Problem) -> Problem:
    value = line if isinstance(line, Problem) else decode_line(line)
    assert isinstance(value, Problem)
    return value


def _dispatch(value: Json, lines: Iterable[Line | Problem], file: str, lenient: bool) -> Iterator[Item]:
    if native.recognises(value):
        yield from native.read_native(lines, file, lenient)
    elif openai.recognises(value):
        single = openai.is_message(value)
        yield from _message_lines(lines, file, lenient) if single else _run_lines(lines, file, lenient)
    else:
        yield Problem("WF706", f"not a trace that is understood; expected {_FORMATS}", file, 1)


def _run_lines(lines: Iterable[Line | Problem], file: str, lenient: bool) -> Iterator[Item]:
    for line in lines:
        value = line if isinstance(line, Problem) else decode_line(line)
        if isinstance(value, Problem):
            yield value
        else:
            assert isinstance(line, Line)
            yield from openai.read_value(value, file, line.number, lenient)


def _message_lines(lines: Iterable[Line | Problem], file: str, lenient: bool) -> Iterator[Item]:
    """A chat log with one message a line is one run; a line that cannot be read breaks it."""
    messages: list[Json] = []
    places: list[tuple[int, str]] = []
    problems: list[Problem] = []
    for line in lines:
        value = line if isinstance(line, Problem) else decode_line(line)
        if isinstance(value, Problem):
            problems.append(value)
        else:
            assert isinstance(line, Line)
            messages.append(value)
            places.append((line.number, ""))
    yield from problems
    if problems and not lenient:
        return
    losses = tuple(f"line {p.line}: {p.message}" for p in problems)
    for item in openai.read_messages(messages, places, file, file, lenient):
        yield _with_losses(item, losses)


def _with_losses(item: Item, losses: tuple[str, ...]) -> Item:
    if isinstance(item, Problem) or not losses:
        return item
    return Trace(
        item.name, item.file, item.line, item.format, item.events, item.completeness, item.losses + losses
    )


def _document(
    first: Line | Problem, rest: Iterable[Line | Problem], file: str, lenient: bool, limit: int
) -> Iterator[Item]:
    """A file that is one JSON value over several lines."""
    if isinstance(first, Problem):
        yield first
        return
    pieces, size, number = [first.data], len(first.data), first.number
    for line in rest:
        if isinstance(line, Problem):
            yield line
            return
        gap = b"\n" * (line.number - number)
        size += len(line.data) + len(gap)
        if size > limit:
            yield too_long(file, first.number, limit)
            return
        pieces += [gap, line.data]
        number = line.number
    value = decode_line(Line(file, first.number, b"".join(pieces)))
    if isinstance(value, Problem):
        yield value
    elif openai.recognises(value):
        yield from openai.read_value(value, file, first.number, lenient)
    else:
        yield Problem("WF706", f"not a trace that is understood; expected {_FORMATS}", file, first.number)
