"""From paths to traces: files, folders, globs, standard input; the format is recognised by what the file holds."""

from __future__ import annotations

import glob
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

from wfcheck.checker.traces import native, openai
from wfcheck.checker.traces.building import Record, Source
from wfcheck.checker.traces.event import Event, Json
from wfcheck.checker.traces.formats import (
    agentspex,
    chat_observations,
    claude_code,
    csv_log,
    google_adk,
    guard_log,
    langfuse,
    langsmith,
    mcp,
    openai_agents,
    otlp,
    swe_agent,
    who_and_when,
    xes,
)
from wfcheck.checker.traces.reading import (
    LINE_LIMIT,
    READ_ERRORS,
    Line,
    Lines,
    decode_line,
    open_bytes,
    too_long,
)
from wfcheck.checker.traces.records import records_of
from wfcheck.checker.traces.trace import Closed, Item, Opened, Piece, Problem, Trace
from wfcheck.dsl.diagnostic import Severity

_PACKINGS = ("", ".gz", ".zst")
_ENDINGS = (".jsonl", ".ndjson", ".json", ".traj", ".xes", ".csv", ".tsv", ".events")
SUFFIXES = tuple(ending + packing for ending in _ENDINGS for packing in _PACKINGS)
_LINE_SUFFIXES = (".jsonl", ".ndjson")
_HELP = (
    "read are wftrace files, decision logs of guards, OpenAI-style message lists, Claude Code sessions, OTLP/JSON with GenAI or "
    "OpenInference spans, exports of LangSmith, Langfuse and the OpenAI Agents SDK, Google ADK sessions, SWE-agent trajectories, "
    "AgentSPEX logs, MCP logs, Who&When logs, observations as normalised chats, XES and CSV event logs"
)
Reader: TypeAlias = Callable[[Iterable["Record | Problem"], Source], Iterator[Item]]
# Read in this order: a format whose mark is a word of its own comes before those known by the shape of their messages.
FORMATS: Final[tuple[tuple[Callable[[Json], bool], Reader], ...]] = (
    (otlp.recognises, otlp.read),
    (openai_agents.recognises, openai_agents.read),
    (langsmith.recognises, langsmith.read),
    (langfuse.recognises, langfuse.read),
    (swe_agent.recognises, swe_agent.read),
    (claude_code.recognises, claude_code.read),
    (google_adk.recognises, google_adk.read),
    (mcp.recognises, mcp.read),
    (agentspex.recognises, agentspex.read),
    (who_and_when.recognises, who_and_when.read),
    (chat_observations.recognises, chat_observations.read),
)


def read_traces(
    paths: Sequence[str | Path], *, lenient: bool = False, limit: int = LINE_LIMIT
) -> Iterator[Item]:
    """The traces below `paths` (files, folders, globs, `-`), one after another, and every problem met on the way.

    Nothing is raised for bad input; a line or document longer than `limit` bytes is a problem."""
    events: dict[Opened, list[Event]] = {}
    for piece in stream_traces(paths, lenient=lenient, limit=limit):
        match piece:
            case (trace, more):
                events.setdefault(trace, []).extend(more)
            case Closed():
                yield from _whole(piece, events, lenient)
                events.clear()
            case Trace() | Problem():
                yield piece
            case _:
                continue


def _whole(closed: Closed, events: dict[Opened, list[Event]], lenient: bool) -> Iterator[Trace]:
    for t in closed.traces:
        if not t.broken or lenient:
            made = tuple(events.get(t, ()))
            yield Trace(t.name, t.file, t.line, t.format, made, t.completeness, closed.losses)


def stream_traces(
    paths: Sequence[str | Path], *, lenient: bool = False, limit: int = LINE_LIMIT
) -> Iterator[Piece]:
    """The same, event by event where the format lets that be; other traces are whole. A trace with an event out of order is told as
    `broken` when its file is closed."""
    for path in paths:
        for file in expand(str(path)):
            if isinstance(file, Problem):
                yield file
            else:
                yield from _read_file(file, lenient, limit)


def read_part(
    path: str, start: int = 0, end: int | None = None, line: int = 1, *, lenient: bool = False
) -> Iterator[Piece]:
    """The traces of one file; with `end`, those of its lines between two bytes, the first of which has the number `line`. Only a file
    that is `sliceable` has such parts."""
    if end is None:
        yield from _read_file(path, lenient, LINE_LIMIT)
        return
    try:
        with Path(path).open("rb") as stream:
            stream.seek(start)
            lines = Lines(stream, path, LINE_LIMIT, line, end - start)
            yield from _run_lines(lines, path, lenient)
    except OSError as error:
        yield Problem("WF701", f"cannot read `{path}`: {(error.strerror or str(error)).lower()}", path)


def sliceable(path: str) -> bool:
    """Whether each line of the file is a run of its own, so that parts of it can be read apart."""
    if not path.endswith(_LINE_SUFFIXES):
        return False
    try:
        with open_bytes(path) as stream:
            if not isinstance(stream, io.BufferedReader) or not isinstance(stream.raw, io.FileIO):
                return False
            first = next(iter(Lines(stream, path, LINE_LIMIT)), None)
    except READ_ERRORS:
        return False
    value = None if first is None or isinstance(first, Problem) else decode_line(first)
    if value is None or isinstance(value, Problem) or native.recognises(value) or openai.is_preface(value):
        return False
    if any(recognises(value) for recognises, _ in FORMATS):
        return False
    return openai.recognises(value) and not openai.is_message(value)


def expand(path: str) -> Iterator[str | Problem]:
    """The files that a path names."""
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
        endings = ", ".join(_ENDINGS[:-1])
        yield Problem("WF701", missing, path, help=f"traces end in {endings}, or in .gz or .zst after that")


def _read_file(path: str, lenient: bool, limit: int) -> Iterator[Piece]:
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
        yield Problem(code, f"cannot read `{name}`: {reason[:1].lower()}{reason[1:]}", name)
        yield Closed(())
        return
    if empty:
        yield Problem("WF711", f"`{name}` holds no trace", name, severity=Severity.WARNING)


def _read_stream(stream: BinaryIO, file: str, lenient: bool, limit: int) -> Iterator[Piece]:
    source = Source(file, lenient, limit)
    peek = getattr(stream, "peek", None)
    if peek is not None and xes.recognises(peek(256)[:256]):
        yield from xes.read(stream, source)
        return
    lines = Lines(stream, file, limit)
    head: list[Line | Problem] = []
    for line in lines:
        head.append(line)
        if not isinstance(line, Problem):
            if agentspex.marked(line.data):
                yield from agentspex.read(records_of(_unmarked(chain(head, lines))), source)
                return
            columns = csv_log.columns_of(line.data) if len(head) == 1 else None
            if columns is not None:
                yield from csv_log.read(iter(lines), columns, source)
                return
        value = line if isinstance(line, Problem) else decode_line(line)
        if not isinstance(value, Problem):
            yield from _dispatch(value, head, lines, source)
            return
        if not _base(file).endswith(_LINE_SUFFIXES):
            yield from _document(line, iter(lines), source)
            return
    yield from (_as_problem(line) for line in head)


def _base(file: str) -> str:
    return file.removesuffix(".gz").removesuffix(".zst")


def _unmarked(lines: Iterable[Line | Problem]) -> Iterator[Line | Problem]:
    return (line if isinstance(line, Problem) else agentspex.unmarked(line) for line in lines)


def _as_problem(line: Line | Problem) -> Problem:
    value = line if isinstance(line, Problem) else decode_line(line)
    assert isinstance(value, Problem)
    return value


def _dispatch(value: Json, head: list[Line | Problem], rest: Lines, source: Source) -> Iterator[Piece]:
    """Read the lines as the format that the first value shows; a line that describes the file shows none."""
    if native.recognises(value):
        yield from native.stream_native(head, rest.blocks(), source.file, source.limit)
        return
    lines = chain(head, rest)
    if guard_log.recognises(value):
        yield from guard_log.stream(lines, source)
        return
    if openai.is_preface(value):
        yield from (_as_problem(line) for line in head[:-1])
        yield from _after_preface(rest, source)
        return
    for recognises, read in FORMATS:
        if recognises(value):
            yield from read(records_of(lines), source)
            return
    if openai.recognises(value):
        single = openai.is_message(value)
        read_openai = _message_lines if single else _run_lines
        yield from read_openai(lines, source.file, source.lenient)
    else:
        yield _unknown(source.file, 1)


def _unknown(file: str, line: int) -> Problem:
    return Problem("WF706", "not a trace that is understood", file, line, help=_HELP)


def _after_preface(rest: Lines, source: Source) -> Iterator[Piece]:
    for line in rest:
        value = line if isinstance(line, Problem) else decode_line(line)
        if not isinstance(value, Problem) and not openai.is_preface(value):
            yield from _dispatch(value, [line], rest, source)
            return
        if isinstance(value, Problem):
            yield value
    yield _unknown(source.file, 1)


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


def _document(first: Line | Problem, rest: Iterable[Line | Problem], source: Source) -> Iterator[Item]:
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
        if size > source.limit:
            yield too_long(source.file, first.number, source.limit)
            return
        pieces += [gap, line.data]
        number = line.number
    yield from _one(Line(source.file, first.number, b"".join(pieces)), source)


def _one(whole: Line, source: Source) -> Iterator[Item]:
    value = decode_line(whole)
    if isinstance(value, Problem):
        yield value
        return
    for recognises, read in FORMATS:
        if recognises(value):
            yield from read(iter([Record(value, whole.number)]), source)
            return
    if openai.recognises(value):
        yield from openai.read_value(value, source.file, whole.number, source.lenient)
    else:
        yield _unknown(source.file, whole.number)
