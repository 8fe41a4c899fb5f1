"""Runs exported from LangSmith: one run a line, a list of runs, or trees with `child_runs`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from wfcheck.checker.traces.building import Record, Source
from wfcheck.checker.traces.dumped import Unstructured, parse_dumped
from wfcheck.checker.traces.event import Json
from wfcheck.checker.traces.formats.otel_attributes import loose_arguments
from wfcheck.checker.traces.formats.span_runs import Reading, read_runs, whole
from wfcheck.checker.traces.messages import messages_of, text_of
from wfcheck.checker.traces.reading import MalformedError
from wfcheck.checker.traces.records import malformed, spread
from wfcheck.checker.traces.span_tree import Span, SpanKind
from wfcheck.checker.traces.spans import COMPLETENESS
from wfcheck.checker.traces.times import nanoseconds
from wfcheck.checker.traces.trace import Item, Problem

NAME = "langsmith"
_KINDS: Final[dict[str, SpanKind]] = {"llm": "llm", "tool": "tool", "retriever": "tool"}
_TREE_DEPTH = 200


def recognises(value: Json) -> bool:
    """A run, or a list of runs."""
    if isinstance(value, list):
        return bool(value) and recognises(value[0])
    if isinstance(value, dict) and isinstance(value.get("runs"), list):
        return recognises(value["runs"])
    return isinstance(value, dict) and isinstance(value.get("run_type"), str) and "id" in value


def read(records: Iterable[Record | Problem], source: Source) -> Iterator[Item]:
    """One run per thread or trace."""
    runs = _runs(spread(records, "runs"), source)
    yield from read_runs(runs, source, Reading(NAME, COMPLETENESS, _trace, _session, _span))


def _runs(records: Iterable[Record | Problem], source: Source) -> Iterator[Record | Problem]:
    """The runs of trees one by one; a child is of the trace of its root."""
    for record in records:
        if isinstance(record, Problem):
            yield record
        elif not recognises(record.value) or not isinstance(record.value, dict):
            yield malformed(record, source, "not a run")
        else:
            yield from _tree(record, _trace(record), None)


def _tree(record: Record, trace: str | None, parent: str | None) -> Iterator[Record]:
    stack: list[tuple[Record, str | None, int]] = [(record, parent, 0)]
    while stack:
        at, above, depth = stack.pop()
        children = at.value.get("child_runs")
        value = {**at.value, "trace_id": trace}
        if above is not None and not value.get("parent_run_id"):
            value["parent_run_id"] = above
        yield Record(value, at.line, at.pointer)
        if isinstance(children, list) and depth < _TREE_DEPTH:
            for index in reversed(range(len(children))):
                if isinstance(children[index], dict):
                    child = Record(children[index], at.line, f"{at.below('child_runs')}/{index}")
                    stack.append((child, str(at.value.get("id")), depth + 1))


def _trace(record: Record) -> str | None:
    found = record.value.get("trace_id") or record.value.get("id")
    return found if isinstance(found, str) and found else None


def _session(record: Record) -> str | None:
    extra = record.value.get("extra")
    metadata = extra.get("metadata") if isinstance(extra, dict) else None
    for key in ("thread_id", "session_id", "conversation_id"):
        if isinstance(metadata, dict) and isinstance(metadata.get(key), str):
            return str(metadata[key])
    return None


def _span(record: Record) -> Span:
    value = record.value
    identity, name = value.get("id"), value.get("name")
    if not isinstance(identity, str) or not isinstance(name, str):
        raise MalformedError("WF707", "a run needs its `id` and `name` as text")
    kind = _KINDS.get(str(value.get("run_type")), "other")
    start = whole(nanoseconds(value.get("start_time"), "ms"), "start_time")
    end, parent = nanoseconds(value.get("end_time"), "ms"), value.get("parent_run_id")
    inputs, outputs = value.get("inputs"), value.get("outputs")
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
    error = text_of(value.get("error")) or None
    if kind == "llm":
        heard, said = messages_of(inputs, "user"), messages_of(outputs, "assistant")
        return Span(*shared, None, tuple(heard), tuple(said), error=error)
    if kind == "other":
        return Span(*shared)
    result = outputs.get("output", outputs) if isinstance(outputs, dict) else outputs
    call, result = unwrapped(result)
    return Span(
        *shared,
        None,
        call=call,
        arguments=arguments(inputs),
        result=result,
        shows_result=outputs is not None,
        error=error,
    )


def arguments(inputs: Json) -> dict[str, Json] | None:
    """The arguments of a tool: LangChain prints them as a dictionary under `input`."""
    if isinstance(inputs, dict) and len(inputs) == 1 and isinstance(inputs.get("input"), str):
        printed = parse_dumped(inputs["input"])
        if not isinstance(printed, Unstructured) and isinstance(printed, dict):
            return printed
    return loose_arguments(inputs)


def unwrapped(result: Json) -> tuple[str | None, Json]:
    """The call that a serialised tool message answers, and its content."""
    body = result.get("kwargs", result) if isinstance(result, dict) else None
    if not isinstance(body, dict) or "content" not in body or not ({"tool_call_id", "type"} & body.keys()):
        return None, result
    call = body.get("tool_call_id")
    return call if isinstance(call, str) and call else None, body["content"]
