"""XES logs, read as a stream: no entities, no document type, nothing from elsewhere; depth, names and text bounded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO
from xml.parsers import expat

import attrs

from wfcheck.checker.traces.building import RunBuilder, Source
from wfcheck.checker.traces.event import Completeness, Json
from wfcheck.checker.traces.formats.process_events import COMPLETENESS, Activity, add_activity
from wfcheck.checker.traces.reading import DEPTH_LIMIT, MalformedError, decode
from wfcheck.checker.traces.trace import Item, Problem

NAME = "xes"
_CHUNK = 1 << 16
_SIMPLE = frozenset({"string", "date", "int", "float", "boolean", "id"})
_TAKEN = frozenset({"concept:name", "time:timestamp", "org:resource", "lifecycle:transition"})


def recognises(head: bytes) -> bool:
    """Whether a file begins like XML."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<" and not head.lstrip().startswith(b"<<<")


def read(stream: BinaryIO, source: Source) -> Iterator[Item]:
    """One run per trace of the log, as soon as it is complete."""
    reader = _Log(source)
    parser = reader.parser
    try:
        while chunk := stream.read(_CHUNK):
            parser.Parse(chunk, False)
            reader.pulse(len(chunk))
            yield from reader.take()
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        yield from reader.take()
        words = expat.errors.messages.get(error.code, "malformed")
        yield Problem("WF703", f"not XML: {words}", source.file, error.lineno)
    except (ValueError, LookupError) as error:
        yield from reader.take()
        if not isinstance(error, MalformedError):
            error = MalformedError("WF702", "not in an encoding that is read")
        yield Problem(error.code, str(error), source.file, parser.CurrentLineNumber)
    else:
        yield from reader.take()
        if not reader.is_log:
            yield Problem("WF706", "not a trace that is understood: XML, but no XES log", source.file, 1)


@attrs.define
class _Log:
    source: Source
    done: list[Item] = attrs.field(factory=list)
    path: list[str] = attrs.field(factory=list)
    fields: dict[str, Json] = attrs.field(factory=dict)
    case: str | None = None
    builder: RunBuilder | None = None
    start: int = 1
    count: int = 0
    is_log: bool = False
    staged: bool = False  # an event told where in its life cycle an activity was
    event_line: int = 1
    held: int = 0
    parser: expat.XMLParserType = attrs.field(factory=lambda: expat.ParserCreate(), repr=False)

    def __attrs_post_init__(self) -> None:
        self.parser.StartElementHandler = self._open
        self.parser.EndElementHandler = self._close
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.parser.ExternalEntityRefHandler = None

    def take(self) -> list[Item]:
        """What was completed since the last call."""
        done, self.done = self.done, []
        return done

    def pulse(self, size: int) -> None:
        """Count the bytes of the trace at hand. Raises MalformedError beyond the limit."""
        self.held += size
        if self.held > self.source.limit:
            raise MalformedError("WF704", f"a trace of the log is longer than {self.source.limit} bytes")

    def _refuse(self, *_: object) -> None:
        raise MalformedError("WF707", "a log must not declare a document type or entities")

    def _open(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2] if ":" in name else name
        if len(self.path) >= DEPTH_LIMIT:
            raise MalformedError("WF705", f"nested deeper than {DEPTH_LIMIT} levels")
        above = self.path[-1] if self.path else ""
        self.path.append(name)
        if len(self.path) == 1:
            self.is_log = name == "log"
        elif name == "trace" and above == "log":
            self.builder, self.case, self.start = (
                RunBuilder(self.source.file),
                None,
                self.parser.CurrentLineNumber,
            )
        elif name == "event" and above in ("trace", "log"):
            self.fields, self.event_line = {}, self.parser.CurrentLineNumber
        elif name in _SIMPLE and "key" in attributes:
            self._attribute(name, above, attributes)

    def _attribute(self, kind: str, above: str, attributes: dict[str, str]) -> None:
        key, value = attributes["key"], attributes.get("value", "")
        if above == "event":
            self.fields[key] = _typed(kind, value)
        elif above == "trace" and key == "concept:name":
            self.case = value[:200]

    def _close(self, name: str) -> None:
        self.path.pop()
        name = name.rpartition(":")[2] if ":" in name else name
        above = self.path[-1] if self.path else ""
        if name == "event" and above == "trace" and self.builder is not None:
            self.builder.at(self.event_line, "")
            self._event(self.builder)
        elif name == "event" and above == "log":
            self.done.append(
                Problem("WF707", "an event outside of a trace", self.source.file, self.event_line)
            )
        elif name == "trace" and above == "log" and self.builder is not None:
            self.count += 1
            run = f"{self.source.file}#{self.case or self.count}"
            shown: dict[str, Completeness] = {**COMPLETENESS}
            if not self.staged:
                shown["fail"] = "absent"
            self.done += self.builder.finish(run, NAME, shown, self.source.lenient, start=self.start)
            self.builder = None
        if above == "log":
            self.held = 0

    def _event(self, builder: RunBuilder) -> None:
        activity = self.fields.get("concept:name", self.fields.get("Activity"))
        if not isinstance(activity, str) or not activity:
            builder.problem("WF707", "an event must name its activity (`concept:name`)")
            return
        builder_time, resource = self.fields.get("time:timestamp"), self.fields.get("org:resource")
        transition = self.fields.get("lifecycle:transition")
        self.staged = self.staged or isinstance(transition, str)
        add_activity(builder, Activity(
            activity, builder_time if isinstance(builder_time, str) else None,
            resource if isinstance(resource, str) else None, transition if isinstance(transition, str) else None,
            {key: value for key, value in self.fields.items() if key not in _TAKEN},
        ))  # fmt: skip


def _typed(kind: str, value: str) -> Json:
    """A value of XES: numbers exact, truth values; what is not of its kind stays text."""
    if kind == "boolean" and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    if kind in ("int", "float"):
        try:
            found = decode(value.strip().encode())
        except MalformedError:
            return value
        return value if isinstance(found, str | list | dict) else found
    return value
