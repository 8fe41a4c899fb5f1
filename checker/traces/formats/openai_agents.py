"""The OpenAI Agents SDK: exported traces and spans (one an object), and the saved state of a run (`RunState`).

A saved state says what was decided about a call, not by whom: its approvals are events without an actor, and rules that ask
for an approval are not judged by them. A call that still waits for a decision has not run and is no event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from wfcheck.checker.traces.building import UNSTEPPED, Record, RunBuilder, Source
from wfcheck.checker.traces.event import Completeness, Json
from wfcheck.checker.traces.formats.otel_attributes import loose_arguments
from wfcheck.checker.traces.formats.span_runs import Reading, read_runs, whole
from wfcheck.checker.traces.messages import Message, messages_of, text_of
from wfcheck.checker.traces.reading import MalformedError
from wfcheck.checker.traces.records import malformed, spread
from wfcheck.checker.traces.span_tree import Span, SpanKind
from wfcheck.checker.traces.spans import COMPLETENESS
from wfcheck.checker.traces.times import nanoseconds
from wfcheck.checker.traces.trace import Item, Problem

NAME, STATE = "openai-agents", "openai-agents-state"
STATE_COMPLETENESS: Mapping[str, Completeness] = {**UNSTEPPED, "time": "absent", "fail": "absent"}
_KINDS: Final[dict[str, SpanKind]] = {
    "function": "tool", "generation": "llm", "response": "llm", "agent": "agent",
}  # fmt: skip
_VERSIONS = ("1.",)
_PASSED_OVER = frozenset({"reasoning_item", "handoff_call_item", "handoff_output_item", "tool_search_call_item",
                          "tool_search_output_item", "mcp_list_tools_item", "compaction_item"})  # fmt: skip


def recognises(value: Json) -> bool:
    """A trace, a span, a batch of them, or a saved state."""
    if isinstance(value, list):
        return bool(value) and recognises(value[0])
    if not isinstance(value, dict):
        return False
    if isinstance(value.get("data"), list) and "traceId" not in value:
        return bool(value["data"]) and _exported(value["data"][0])
    return _exported(value) or is_state(value)


def _exported(value: Json) -> bool:
    return isinstance(value, dict) and (
        (value.get("object") == "trace.span" and "span_data" in value)
        or (value.get("object") == "trace" and "workflow_name" in value)
    )


def is_state(value: Json) -> bool:
    """A saved state of a run."""
    return isinstance(value, dict) and "$schemaVersion" in value


def read(records: Iterable[Record | Problem], source: Source) -> Iterator[Item]:
    """One run per group, trace or saved state."""
    groups: dict[str, str] = {}
    spans: list[Record | Problem] = []
    for record in spread(records, "data"):
        if isinstance(record, Problem):
            spans.append(record)
        elif is_state(record.value):
            yield from _read_state(record, source)
        elif not _exported(record.value):
            spans.append(malformed(record, source, "not a trace or a span"))
        elif record.value["object"] == "trace":
            if isinstance(record.value.get("group_id"), str) and isinstance(record.value.get("id"), str):
                groups[record.value["id"]] = record.value["group_id"]
        else:
            spans.append(record)
    if spans:
        reading = Reading(NAME, COMPLETENESS, _trace, lambda r: groups.get(_trace(r) or ""), _span)
        yield from read_runs(spans, source, reading)


def _trace(record: Record) -> str | None:
    found = record.value.get("trace_id")
    return found if isinstance(found, str) and found else None


def _span(record: Record) -> Span:
    value, data = record.value, record.value["span_data"]
    identity = value.get("id")
    if not isinstance(data, dict) or not isinstance(identity, str):
        raise MalformedError("WF707", "a span needs its `id` and `span_data`")
    kind = _KINDS.get(str(data.get("type")), "other")
    start, end = whole(nanoseconds(value.get("started_at")), "started_at"), nanoseconds(value.get("ended_at"))
    parent, name = value.get("parent_id"), data.get("name")
    name = name if isinstance(name, str) and name else str(data.get("type"))
    failed = value.get("error")
    error = text_of(failed.get("message", failed) if isinstance(failed, dict) else failed) or None
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
        heard = messages_of(data.get("input"), "user")
        said = messages_of(data.get("output", data.get("response")), "assistant")
        return Span(*shared, None, tuple(heard), tuple(said))
    if kind == "tool":
        given, output = loose_arguments(data.get("input")), data.get("output")
        return Span(
            *shared, None, arguments=given, result=output, shows_result=output is not None, error=error
        )
    return Span(*shared)


def _read_state(record: Record, source: Source) -> Iterator[Item]:
    value = record.value
    version = value["$schemaVersion"]
    if (
        not isinstance(version, str)
        or not version.startswith(_VERSIONS)
        or not isinstance(value.get("current_agent"), dict)
    ):
        yield malformed(record, source, "not a saved state of a version that is read", "/$schemaVersion")
        return
    builder = RunBuilder(source.file)
    _state(builder, record)
    name = source.file if not record.pointer else f"{source.file}#{record.pointer}"
    shown: dict[str, Completeness] = {**STATE_COMPLETENESS, "end": "absent"}
    yield from builder.finish(name, STATE, shown, source.lenient, start=record.line)


def _state(builder: RunBuilder, record: Record) -> None:
    value = record.value
    builder.at(record.line, f"{record.pointer}/original_input")
    try:
        for message in messages_of(value.get("original_input"), "user"):
            _opening(builder, message)
    except MalformedError as error:
        builder.problem(error.code, str(error))
    key = "session_items" if value.get("session_items") else "generated_items"
    items = value.get(key) or []
    if not isinstance(items, list):
        builder.problem("WF707", f"`{key}` must be a list")
        return
    decided = _decisions(value)
    waiting = _waiting(items)
    for index, item in enumerate(items):
        builder.at(record.line, f"{record.pointer}/{key}/{index}")
        try:
            _item(builder, item, decided, waiting)
        except MalformedError as error:
            builder.problem(error.code, str(error))


def _opening(builder: RunBuilder, message: Message) -> None:
    if message.role == "user":
        builder.add("input", actor="user", text=message.text)
    elif message.role == "system":
        builder.add("message", actor="system", text=message.text)
    else:
        _spoken(builder, message, None)


def _decisions(value: dict[str, Json]) -> dict[str, bool]:
    """Calls by their id: approved or not. What was decided for a tool as a whole is listed under no call."""
    context = value.get("context")
    approvals = context.get("approvals") if isinstance(context, dict) else None
    decided: dict[str, bool] = {}
    for entry in approvals.values() if isinstance(approvals, dict) else ():
        for verdict in ("approved", "rejected"):
            listed = entry.get(verdict) if isinstance(entry, dict) else None
            for call in listed if isinstance(listed, list) else ():
                decided[str(call)] = verdict == "approved"
    return decided


def _raw(item: Json) -> dict[str, Json]:
    raw = item.get("raw_item") if isinstance(item, dict) else None
    return raw if isinstance(raw, dict) else {}


def _waiting(items: list[Json]) -> set[str]:
    """Calls for which an approval was asked and that have no output."""
    asked = {
        str(_raw(i).get("call_id"))
        for i in items
        if isinstance(i, dict) and i.get("type") == "tool_approval_item"
    }
    return asked - {
        str(_raw(i).get("call_id")) for i in items if str(_raw(i).get("type")).endswith("_output")
    }


def _item(builder: RunBuilder, item: Json, decided: dict[str, bool], waiting: set[str]) -> None:
    if (
        not isinstance(item, dict)
        or not isinstance(item.get("type"), str)
        or not isinstance(item.get("raw_item"), dict)
    ):
        raise MalformedError("WF707", "an item needs its `type` and `raw_item`")
    agent = item.get("agent")
    shared: dict[str, Any] = {
        "agent": agent["name"] if isinstance(agent, dict) and isinstance(agent.get("name"), str) else None
    }
    raw, kind = item["raw_item"], item["type"]
    if kind in _PASSED_OVER or kind == "tool_approval_item":
        return
    if kind == "tool_call_item" and raw.get("type") == "program":
        _program(builder, raw, shared)
    elif kind == "tool_call_item":
        _requested(builder, item, shared, decided, waiting)
    elif kind == "tool_call_output_item":
        _output(builder, item, shared, decided)
    elif kind == "message_output_item":
        for message in messages_of(raw, "assistant"):
            _spoken(builder, message, shared["agent"])
    else:
        builder.add("step", step=kind[:200], **shared)


def _program(builder: RunBuilder, raw: dict[str, Json], shared: dict[str, Any]) -> None:
    builder.call("program", raw.get("call_id"), args_requested={"code": raw.get("code")}, **shared)


def _requested(
    builder: RunBuilder,
    item: dict[str, Json],
    shared: dict[str, Any],
    decided: dict[str, bool],
    waiting: set[str],
) -> None:
    raw = item["raw_item"]
    named = {"name": item.get("tool_name"), **{k: v for k, v in raw.items() if v is not None}}
    for message in messages_of([{**named, "type": raw.get("type") or "function_call"}], "assistant"):
        for request in message.requests:
            call = request.id or ""
            if decided.get(call) is False:
                builder.add("deny", tool=request.tool, args_requested=request.arguments, **shared)
            elif call not in waiting or call in decided:
                if call in decided:
                    builder.add("approve", tool=request.tool, args_requested=request.arguments)
                builder.call(request.tool, request.id, args_requested=request.arguments, **shared)
        if not message.requests:
            raise MalformedError("WF707", "a call must name its function")


def _output(
    builder: RunBuilder, item: dict[str, Json], shared: dict[str, Any], decided: dict[str, bool]
) -> None:
    raw = item["raw_item"]
    if decided.get(str(raw.get("call_id"))) is False:
        return
    opened = builder.close(raw.get("call_id"), below="/raw_item/call_id")
    if opened is not None:
        builder.answer(opened, item.get("output", raw.get("output")), None, **shared)


def _spoken(builder: RunBuilder, message: Message, agent: str | None) -> None:
    builder.add("llm", text=message.text, agent=agent)
    for request in message.requests:
        builder.call(request.tool, request.id, args_requested=request.arguments, agent=agent)
    for answer in message.answers:
        opened = builder.close(answer.id, answer.tool)
        if opened is not None:
            builder.answer(opened, answer.result, answer.error)
    if message.text and not message.requests:
        builder.add("say", text=message.text, agent=agent)
