"""OpenTelemetry spans: OTLP/JSON (one export request a line or a file) and one span an object, as SDKs and Phoenix print them.

Both the GenAI conventions and OpenInference are read; a file counts as OpenInference where its first span of a known kind
has `openinference.span.kind`. Content is recorded only if the instrumentation was told to: what is missing is unknown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from wfcheck.checker.traces.building import Record, Source
from wfcheck.checker.traces.event import Json
from wfcheck.checker.traces.formats.otel_attributes import error_of, meaning, session_of
from wfcheck.checker.traces.formats.span_runs import Reading, read_runs, whole
from wfcheck.checker.traces.reading import MalformedError
from wfcheck.checker.traces.records import malformed, spread
from wfcheck.checker.traces.span_tree import Span
from wfcheck.checker.traces.spans import COMPLETENESS
from wfcheck.checker.traces.times import nanoseconds
from wfcheck.checker.traces.trace import Item, Problem

NAME, INFERENCE = "otel-genai", "openinference"
_VALUE_DEPTH = 60


def recognises(value: Json) -> bool:
    """An export request, one of its spans, or a span as an SDK prints it."""
    if isinstance(value, list):
        return bool(value) and recognises(value[0])
    if not isinstance(value, dict):
        return False
    return isinstance(value.get("resourceSpans"), list) or _is_flat(value) or _is_plain(value)


def _is_flat(value: dict[str, Json]) -> bool:
    """A span as an SDK prints it."""
    context = value.get("context")
    return isinstance(context, dict) and isinstance(context.get("trace_id"), str) and "attributes" in value


def _is_plain(value: dict[str, Json]) -> bool:
    """A span of OTLP on its own."""
    return "spanId" in value and "traceId" in value and "startTimeUnixNano" in value


def read(records: Iterable[Record | Problem], source: Source) -> Iterator[Item]:
    """One run per conversation or trace."""
    spans = _spans(spread(records), source)
    head: list[Record | Problem] = []
    name = NAME
    for span in spans:
        head.append(span)
        known = (
            []
            if isinstance(span, Problem)
            else [k for k in _attributes(span.value) if k.startswith(("gen_ai.", "openinf"))]
        )
        if known:
            name = INFERENCE if any(k.startswith("openinf") for k in known) else NAME
            break
    reading = Reading(name, COMPLETENESS, _trace, lambda r: session_of(_attributes(r.value)), _span)
    yield from read_runs(chain(head, spans), source, reading)


def _spans(records: Iterable[Record | Problem], source: Source) -> Iterator[Record | Problem]:
    for record in records:
        if isinstance(record, Problem):
            yield record
        elif not isinstance(record.value, dict) or not recognises(record.value):
            yield malformed(record, source, "not a span or an export request")
        elif "resourceSpans" in record.value:
            yield from _nested(record, source, ("resourceSpans", "scopeSpans", "spans"))
        else:
            yield record


def _nested(record: Record, source: Source, path: tuple[str, ...]) -> Iterator[Record | Problem]:
    if not path:
        yield (
            record
            if isinstance(record.value, dict)
            else malformed(record, source, "a span must be an object")
        )
        return
    value = record.value if isinstance(record.value, dict) else {}
    held = value.get(path[0], value.get("instrumentationLibrarySpans") if path[0] == "scopeSpans" else None)
    if not isinstance(held, list):
        yield malformed(record, source, f"`{path[0]}` must be a list")
        return
    for index, item in enumerate(held):
        yield from _nested(Record(item, record.line, f"{record.below(path[0])}/{index}"), source, path[1:])


def _trace(record: Record) -> str | None:
    context = record.value.get("context")
    found = context.get("trace_id") if isinstance(context, dict) else record.value.get("traceId")
    return found if isinstance(found, str) and found else None


def _span(record: Record) -> Span:
    value = record.value
    flat = _is_flat(value)
    attributes = _attributes(value)
    identity = value["context"].get("span_id") if flat else value.get("spanId")
    name = value.get("name")
    if not isinstance(identity, str) or not isinstance(name, str):
        raise MalformedError("WF707", "a span needs its id and its `name` as text")
    start, end = ("start_time", "end_time") if flat else ("startTimeUnixNano", "endTimeUnixNano")
    meant = meaning(name, attributes, _events(value.get("events")))
    parent = value.get("parent_id" if flat else "parentSpanId")
    status = value.get("status")
    status = status if isinstance(status, dict) else {}
    code = value.get("status_code", status.get("status_code", status.get("code")))
    return Span(
        record.line, record.pointer, identity, parent if isinstance(parent, str) and parent else None, meant.kind, meant.name,
        whole(nanoseconds(value.get(start), "ns"), start), nanoseconds(value.get(end), "ns") or None, None, meant.heard,
        meant.said, meant.call, meant.arguments, meant.result, meant.shows_result,
        error_of(code, status.get("message", status.get("description", value.get("status_message"))), attributes),
    )  # fmt: skip


def _attributes(value: Json) -> Mapping[str, Json]:
    """The attributes by name: a list of keys and typed values (OTLP), an object, or nested objects (Phoenix)."""
    given = value.get("attributes") if isinstance(value, dict) else None
    if isinstance(given, list):
        pairs = (item for item in given if isinstance(item, dict) and isinstance(item.get("key"), str))
        return {item["key"]: _typed(item.get("value"), 0) for item in pairs}
    return dict(_flattened(given, "", 0)) if isinstance(given, dict) else {}


def _flattened(value: dict[str, Json], prefix: str, depth: int) -> Iterator[tuple[str, Json]]:
    for key, item in value.items():
        name = f"{prefix}{key}"
        if (
            isinstance(item, dict)
            and depth < 20
            and not name.endswith((".messages", ".arguments", ".result", ".value"))
        ):
            yield from _flattened(item, f"{name}.", depth + 1)
        elif isinstance(item, list) and name in (
            "llm.input_messages",
            "llm.output_messages",
            "retrieval.documents",
        ):
            for index, member in enumerate(item):
                inner = member if isinstance(member, dict) else {"content": member}
                yield from _flattened(inner, f"{name}.{index}.", depth + 1)
        else:
            yield name, item


def _typed(value: Json, depth: int) -> Json:
    """A value of OTLP. Raises MalformedError for one nested too deeply."""
    if depth > _VALUE_DEPTH:
        raise MalformedError("WF705", "an attribute is nested too deeply")
    if not isinstance(value, dict) or len(value) != 1:
        return None
    kind, held = next(iter(value.items()))
    match kind:
        case "arrayValue" if isinstance(held, dict) and isinstance(held.get("values"), list):
            return [_typed(item, depth + 1) for item in held["values"]]
        case "kvlistValue" if isinstance(held, dict) and isinstance(held.get("values"), list):
            pairs = (p for p in held["values"] if isinstance(p, dict) and isinstance(p.get("key"), str))
            return {pair["key"]: _typed(pair.get("value"), depth + 1) for pair in pairs}
        case "intValue" if isinstance(held, str):
            return (
                int(held)
                if held.lstrip("-").isascii() and held.lstrip("-").isdigit() and len(held) < 25
                else None
            )
        case _:
            return held


def _events(value: Json) -> Iterator[tuple[str, Mapping[str, Json]]]:
    for item in value if isinstance(value, list) else ():
        if isinstance(item, dict) and isinstance(item.get("name"), str):
            yield item["name"], _attributes(item)
