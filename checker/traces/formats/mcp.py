"""Logs of MCP traffic: JSON-RPC messages, bare or inside a log record, of one or several sessions.

Calls of tools and reads of resources are calls; what the user and the model said, approvals and ends do not show, nor do calls of
tools that no server of the log has: those that it lists, and those that were called, show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import attrs

from wfcheck.checker.traces.building import UNSTEPPED, Record, RunBuilder, Source, arguments_of
from wfcheck.checker.traces.event import Completeness, Json
from wfcheck.checker.traces.messages import opened, plain, text_of
from wfcheck.checker.traces.reading import MalformedError
from wfcheck.checker.traces.records import grouped, malformed, name_of, spread
from wfcheck.checker.traces.times import iso, nanoseconds
from wfcheck.checker.traces.trace import Item, Problem

NAME = "mcp"
COMPLETENESS: Mapping[str, Completeness] = {
    **UNSTEPPED, "input": "absent", "llm": "absent", "say": "absent", "end": "absent", "call": "truncated",
}  # fmt: skip
_WRAPPED: Final = ("message", "msg", "payload", "data", "body", "rpc", "request", "response")
_TIMES, _SESSIONS = (
    ("timestamp", "time", "ts", "@timestamp"),
    ("session", "sessionId", "session_id", "connection"),
)
_CALLS = {"resources/read": "uri", "prompts/get": "name"}


def recognises(value: Json) -> bool:
    """A message, or a record that wraps one."""
    if isinstance(value, list):
        return bool(value) and recognises(value[0])
    return isinstance(value, dict) and (_is_rpc(value) or bool(_inner(value)))


def _is_rpc(value: Json) -> bool:
    return isinstance(value, dict) and value.get("jsonrpc") == "2.0"


def _inner(value: dict[str, Json]) -> list[tuple[str, Json]]:
    """The wrapped messages with their pointers; a record may hold a request and its response, or a list of messages."""
    found: list[tuple[str, Json]] = []
    for key in _WRAPPED:
        held = opened(value.get(key))
        if _is_rpc(held):
            found.append((f"/{key}", held))
    return found


def read(records: Iterable[Record | Problem], source: Source) -> Iterator[Item]:
    """One run per session."""
    found = grouped(spread(records), lambda r: _session(r, source), source)
    yield from found.problems
    for key, group in found.groups.items():
        log = _Log(RunBuilder(source.file))
        for record in group:
            log.record(record)
        timed = {} if log.timed else {"time": "absent"}
        served = dict.fromkeys((f"call.{tool}" for tool in sorted(log.served)), "full")
        shown: dict[str, Completeness] = {**COMPLETENESS, **timed, **served}  # type: ignore[dict-item]
        name = name_of(source, key, len(found.groups))
        yield from log.builder.finish(name, NAME, shown, source.lenient, found.losses, group[0].line)


def _session(record: Record, source: Source) -> str | Problem:
    if isinstance(record.value, list) or not recognises(record.value):
        return malformed(record, source, "not a message of JSON-RPC 2.0")
    return next(
        (str(record.value[k])[:200] for k in _SESSIONS if isinstance(record.value.get(k), str | int)), ""
    )


@attrs.define
class _Log:
    builder: RunBuilder
    timed: bool = False
    methods: dict[str, str] = attrs.field(factory=dict)
    served: set[str] = attrs.field(factory=set)

    def record(self, record: Record) -> None:
        value = record.value
        time = next((_time(value[key]) for key in _TIMES if key in value), None)
        self.timed = self.timed or time is not None
        self.builder.at(record.line, record.pointer)
        for below, message in [("", value)] if _is_rpc(value) else _inner(value):
            try:
                self._message(message, below, {"time": time})
            except MalformedError as error:
                self.builder.problem(error.code, str(error), below)

    def _message(self, message: dict[str, Json], below: str, shared: dict[str, Any]) -> None:
        identity = _identity(message)
        method = message.get("method")
        if isinstance(method, str):
            params = message.get("params")
            self._request(method, identity, params if isinstance(params, dict) else {}, below, shared)
        elif "result" in message or "error" in message:
            self._response(message, identity, below, shared)
        else:
            raise MalformedError("WF707", "a message must have a `method`, a `result` or an `error`")

    def _request(
        self, method: str, identity: str | None, params: dict[str, Json], below: str, shared: dict[str, Any]
    ) -> None:
        if method == "tools/call" or method in _CALLS:
            if identity is None:
                raise MalformedError("WF707", f"a request `{method}` needs its `id`")
            tool = params.get("name") if method == "tools/call" else method
            if not isinstance(tool, str) or not tool:
                raise MalformedError("WF707", "a call must name its tool")
            given = (
                params.get("arguments")
                if method == "tools/call"
                else {_CALLS[method]: params.get(_CALLS[method])}
            )
            self.served.add(tool)
            self.builder.call(tool, identity, f"{below}/params", args_requested=arguments_of(given), **shared)
        else:
            if identity is not None:
                self.methods[identity] = method
            if method == "elicitation/create":
                self.builder.add("ask", f"{below}/params", text=text_of(params.get("message")), **shared)

    def _response(
        self, message: dict[str, Json], identity: str | None, below: str, shared: dict[str, Any]
    ) -> None:
        if identity is not None and identity not in self.builder.pending:
            method = self.methods.pop(identity, "")
            self.served |= _listed(message.get("result")) if method == "tools/list" else set()
            if method:
                return
        opened_ = self.builder.close(identity or "", below=f"{below}/id")
        if opened_ is None:
            return
        result, error = message.get("result"), message.get("error")
        if isinstance(error, dict):
            self.builder.answer(opened_, None, text_of(error.get("message")) or "error", below, **shared)
        elif isinstance(result, dict) and result.get("isError") is True:
            text = text_of(plain(result.get("content")))
            self.builder.answer(opened_, text, text or "error", below, **shared)
        else:
            self.builder.answer(opened_, _content(result), None, below, **shared)


def _listed(result: Json) -> set[str]:
    """The names in an answer of `tools/list`."""
    tools = result.get("tools") if isinstance(result, dict) else None
    names = (tool.get("name") for tool in tools if isinstance(tool, dict)) if isinstance(tools, list) else ()
    return {name for name in names if isinstance(name, str) and name}


def _content(result: Json) -> Json:
    """The structured content where there is any, else the text."""
    if not isinstance(result, dict):
        return result
    structured = result.get("structuredContent")
    if structured is not None:
        return structured
    contents = result.get("content", result.get("contents"))
    return plain(contents) if contents is not None else result


def _identity(message: dict[str, Json]) -> str | None:
    found = message.get("id")
    return str(found)[:200] if isinstance(found, str | int) and not isinstance(found, bool) else None


def _time(value: Json) -> str | None:
    if isinstance(value, str) and not value.isdigit():
        return value[:100]
    seconds = nanoseconds(value)
    return iso(seconds if seconds is not None else nanoseconds(value, "ms"))
