"""Logs of AgentSPEX: `trace.jsonl` (tool calls and answers of the model) and the event log between `<<<EVENT>>>` marks.

Steps are `step` events. Who approved or denied, and what the user said, is not in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from wfcheck.checker.traces.building import NO_DECISIONS, Record, RunBuilder, Source, arguments_of
from wfcheck.checker.traces.event import Completeness, Json
from wfcheck.checker.traces.messages import messages_of, text_of
from wfcheck.checker.traces.reading import Line, MalformedError
from wfcheck.checker.traces.records import malformed
from wfcheck.checker.traces.times import iso, nanoseconds
from wfcheck.checker.traces.trace import Item, Problem

NAME = "agentspex"
COMPLETENESS: Mapping[str, Completeness] = {
    **NO_DECISIONS, "input": "absent", "say": "absent",
}  # fmt: skip
OPEN, CLOSE = b"<<<EVENT>>>", b"<<</EVENT>>>"
_CALLS = ("tool_call_start", "inline_tool_call_start")
_ANSWERS = ("tool_call_end", "inline_tool_call_end")
_STEPS = ("step_start", "module_start", "parallel_call_start")


def marked(line: bytes) -> bool:
    """Whether a line is of the event log with its marks."""
    return line.lstrip().startswith(OPEN)


def unmarked(line: Line) -> Line:
    """The JSON between the marks; the place of what follows stays in that line."""
    return Line(line.file, line.number, line.data.strip().removeprefix(OPEN).removesuffix(CLOSE))


def recognises(value: Json) -> bool:
    """A line of either log."""
    if not isinstance(value, dict):
        return False
    kind = value.get("type")
    if kind == "tool":
        return isinstance(value.get("name"), str) and {"seq", "arguments"} <= value.keys()
    if kind == "llm_response" and "iteration" in value and "content" in value:
        return True
    return (
        isinstance(kind, str)
        and isinstance(value.get("data"), dict)
        and isinstance(value.get("timestamp"), str)
    )


def read(records: Iterable[Record | Problem], source: Source) -> Iterator[Item]:
    """One run per file."""
    log, losses = _Log(RunBuilder(source.file)), []
    for record in records:
        problem = record if isinstance(record, Problem) else log.line(record, source)
        if problem is not None:
            yield problem
            losses.append(f"line {problem.line}: {problem.message}")
    shown: dict[str, Completeness] = {**COMPLETENESS} if log.ended else {**COMPLETENESS, "end": "absent"}
    if log.builder.unanswered():
        shown["result"] = "absent"
    yield from log.builder.finish(source.file, NAME, shown, source.lenient, tuple(losses))


@attrs.define
class _Log:
    builder: RunBuilder
    ended: bool = False

    def line(self, record: Record, source: Source) -> Problem | None:
        value = record.value
        if not recognises(value):
            return malformed(record, source, "not a line of an AgentSPEX log")
        self.builder.at(record.line, record.pointer)
        try:
            if isinstance(value.get("data"), dict):
                self._event(value["type"], value["data"], {"time": value["timestamp"]})
            else:
                self._trace(value)
        except MalformedError as error:
            return malformed(record, source, str(error), code=error.code)
        return None

    def _trace(self, value: dict[str, Json]) -> None:
        """A line of `trace.jsonl`: a call together with its result, or an answer of the model."""
        time = iso(nanoseconds(value.get("ts")))
        if value["type"] == "llm_response":
            said = messages_of({"role": "assistant", **_without_type(value)}, "assistant")
            self.builder.add("llm", text="\n".join(m.text for m in said), step=_step(value), time=time)
            return
        result = value.get("result")
        error = result.get("error") if isinstance(result, dict) else None
        executed = arguments_of(value["arguments"])
        self.builder.call(value["name"], None, args_executed=executed, time=time)
        opened = self.builder.close(None)
        if opened is not None:
            self.builder.answer(opened, result, text_of(error), time=time)

    def _event(self, kind: str, data: dict[str, Json], shared: dict[str, Any]) -> None:
        if kind in _CALLS:
            self.builder.call(
                _name(data), _call_id(data), "/data", args_requested=arguments_of(data.get("args")),
                step=_step(data), **shared,
            )  # fmt: skip
        elif kind in _ANSWERS:
            opened = self.builder.close(_call_id(data), below="/data")
            if opened is not None:
                self.builder.answer(
                    opened, data.get("result"), data.get("error"), "/data", step=_step(data), **shared
                )
        elif kind == "llm_response":
            self.builder.add("llm", "/data", text=text_of(data.get("content")), step=_step(data), **shared)
        elif kind in _STEPS:
            self.builder.add("step", "/data", step=text_of(data.get("name")) or _step(data), **shared)
        elif kind == "workflow_end":
            self.ended = True
            self.builder.add("end", "/data", **shared)


def _without_type(value: dict[str, Json]) -> dict[str, Json]:
    return {key: item for key, item in value.items() if key != "type"}


def _name(data: dict[str, Json]) -> str:
    name = data.get("name")
    if not isinstance(name, str) or not name:
        raise MalformedError("WF707", "a call must name its tool")
    return name


def _call_id(data: dict[str, Json]) -> str:
    return "/".join(text_of(data.get(key)) for key in ("step_id", "iteration", "call", "name"))


def _step(data: dict[str, Json]) -> str | None:
    return text_of(data.get("step_id")) or None
