"""Observations exported from Langfuse: a trace with its observations, a list of them, or one a line.

An observation counts as a tool where its type says so, or where the attributes of the instrumentation below it do, or where a
model asked for a tool of its name; other spans are steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from wfcheck.checker.traces.building import Record, Source
from wfcheck.checker.traces.dumped import Unstructured, parse_dumped
from wfcheck.checker.traces.event import Json
from wfcheck.checker.traces.formats.langsmith import unwrapped
from wfcheck.checker.traces.formats.otel_attributes import kind_of, loose_arguments
from wfcheck.checker.traces.formats.span_runs import Reading, read_runs, whole
from wfcheck.checker.traces.messages import messages_of, opened, plain, text_of
from wfcheck.checker.traces.reading import MalformedError
from wfcheck.checker.traces.records import malformed, spread
from wfcheck.checker.traces.span_tree import Span, SpanKind
from wfcheck.checker.traces.spans import COMPLETENESS
from wfcheck.checker.traces.times import nanoseconds
from wfcheck.checker.traces.trace import Item, Problem

NAME = "langfuse"
_KINDS: Final[dict[str, SpanKind]] = {
    "GENERATION": "llm",
    "TOOL": "tool",
    "RETRIEVER": "tool",
    "AGENT": "agent",
}


def recognises(value: Json) -> bool:
    """A trace with observations, a list of observations, or one."""
    if isinstance(value, list):
        return bool(value) and recognises(value[0])
    if not isinstance(value, dict):
        return False
    for key in ("observations", "data"):
        if isinstance(value.get(key), list):
            return all(isinstance(o, dict) and _is_observation(o) for o in value[key][:1])
    return _is_observation(value)


def _is_observation(value: dict[str, Json]) -> bool:
    return "traceId" in value and "startTime" in value and isinstance(value.get("type"), str)


def read(records: Iterable[Record | Problem], source: Source) -> Iterator[Item]:
    """One run per session or trace."""
    observations = _observations(spread(records), source)
    yield from read_runs(observations, source, Reading(NAME, COMPLETENESS, _trace, _session, _span))


def _observations(records: Iterable[Record | Problem], source: Source) -> Iterator[Record | Problem]:
    for record in records:
        if isinstance(record, Problem):
            yield record
        elif not recognises(record.value):
            yield malformed(record, source, "not an observation")
        elif _is_observation(record.value):
            yield record
        else:
            key = "observations" if isinstance(record.value.get("observations"), list) else "data"
            session = _trace_session(record.value)
            for index, item in enumerate(record.value[key]):
                inner = Record(item, record.line, f"{record.below(key)}/{index}")
                if not isinstance(item, dict) or not _is_observation(item):
                    yield malformed(inner, source, "not an observation")
                else:
                    value = item if session is None else {"sessionId": session, **item}
                    yield Record(value, record.line, inner.pointer)


def _trace_session(value: dict[str, Json]) -> str | None:
    trace = value.get("trace")
    found = trace.get("sessionId") if isinstance(trace, dict) else value.get("sessionId")
    return found if isinstance(found, str) and found else None


def _trace(record: Record) -> str | None:
    found = record.value.get("traceId")
    return found if isinstance(found, str) and found else None


def _session(record: Record) -> str | None:
    found = record.value.get("sessionId")
    return found if isinstance(found, str) and found else None


def _attributes(value: dict[str, Json]) -> Mapping[str, Json]:
    metadata = opened(value.get("metadata"))
    attributes = opened(metadata.get("attributes")) if isinstance(metadata, dict) else None
    return attributes if isinstance(attributes, dict) else {}


def _span(record: Record) -> Span:
    value = record.value
    identity = value.get("id")
    if not isinstance(identity, str):
        raise MalformedError("WF707", "an observation needs its `id` as text")
    attributes = _attributes(value)
    kind = _KINDS.get(value["type"], "other")
    kind = kind_of(attributes) if kind == "other" and value["type"] == "SPAN" else kind
    start, end = whole(nanoseconds(value.get("startTime")), "startTime"), nanoseconds(value.get("endTime"))
    parent = value.get("parentObservationId")
    name = _name(kind, value, attributes)
    shared = (
        record.line,
        record.pointer,
        identity,
        parent if isinstance(parent, str) else None,
        kind,
        name,
        start,
        end,
    )
    if kind == "llm":
        heard, said = messages_of(value.get("input"), "user"), messages_of(value.get("output"), "assistant")
        return Span(*shared, None, tuple(heard), tuple(said))
    if kind == "agent":
        return Span(*shared)
    given = attributes.get("gen_ai.tool.call.id")
    call, result = unwrapped(opened(value.get("output")))
    inner = result.get("content") if isinstance(result, dict) and result.keys() == {"content"} else None
    error = text_of(value.get("statusMessage")) or "error" if value.get("level") == "ERROR" else None
    return Span(
        *shared, None, call=call or (given if isinstance(given, str) and given else None),
        arguments=loose_arguments(_python_dict(value.get("input"))), result=plain(inner if inner is not None else result),
        shows_result=value.get("output") is not None, error=error,
    )  # fmt: skip


def _python_dict(value: Json) -> Json:
    if not isinstance(value, str) or not value.startswith("{'"):
        return value
    printed = parse_dumped(value)
    return value if isinstance(printed, Unstructured) else printed


def _name(kind: SpanKind, value: dict[str, Json], attributes: Mapping[str, Json]) -> str:
    keys = (
        ("gen_ai.tool.name", "tool.name")
        if kind == "tool"
        else ("gen_ai.agent.name", "agent_name")
        if kind == "agent"
        else ()
    )
    own = next(
        (attributes[k] for k in keys if isinstance(attributes.get(k), str) and attributes[k]),
        value.get("name"),
    )
    if not isinstance(own, str) or not own:
        return value["type"].lower() if isinstance(value["type"], str) else ""
    return own.removeprefix("execute_tool ") if kind == "tool" else own
