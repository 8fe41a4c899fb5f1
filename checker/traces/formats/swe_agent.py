"""Trajectories of SWE-agent (`.traj`): the steps in `trajectory`, what the model was told first in `history`.

With function calling a step's call has the name and arguments that `history` records. Without, an action is a line for the
shell: a call of `bash` with its `command`, as first words of shell lines tell little. Observations are results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from wfcheck.checker.traces.building import UNSTEPPED, Record, RunBuilder, Source
from wfcheck.checker.traces.event import Completeness, Json
from wfcheck.checker.traces.messages import Request, messages_of
from wfcheck.checker.traces.reading import MalformedError
from wfcheck.checker.traces.records import malformed, spread
from wfcheck.checker.traces.trace import Item, Problem

NAME = "swe-agent"
COMPLETENESS: Mapping[str, Completeness] = {
    **UNSTEPPED, "time": "absent", "args_executed": "absent", "fail": "absent", "say": "absent",
}  # fmt: skip
_CUT: Mapping[str, Completeness] = {**COMPLETENESS, "call": "truncated"}
SHELL = "bash"


def recognises(value: Json) -> bool:
    """A trajectory."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("trajectory"), list)
        and ("history" in value or "info" in value)
    )


def read(records: Iterable[Record | Problem], source: Source) -> Iterator[Item]:
    """One run per trajectory."""
    for record in spread(records):
        if isinstance(record, Problem):
            yield record
        elif not recognises(record.value):
            yield malformed(record, source, "not a trajectory")
        else:
            builder = RunBuilder(source.file, record.line, record.pointer)
            shown = _run(builder, record)
            name = source.file if not record.pointer else f"{source.file}#{record.pointer}"
            yield from builder.finish(name, NAME, shown, source.lenient, start=record.line)


def _run(builder: RunBuilder, record: Record) -> Mapping[str, Completeness]:
    history = record.value.get("history")
    answers = _opening(builder, record, history if isinstance(history, list) else [])
    steps = record.value["trajectory"]
    functions = any(a.get("tool_calls") for a in answers)
    structured = functions and len(answers) == len(steps)
    shown: Mapping[str, Completeness] = COMPLETENESS if structured or not functions else _CUT
    for index, step in enumerate(steps):
        builder.at(record.line, f"{record.pointer}/trajectory/{index}")
        _step(builder, step, answers[index] if structured else None)
    info = record.value.get("info")
    if isinstance(info, dict) and info.get("exit_status") is not None:
        builder.at(record.line, f"{record.pointer}/info")
        builder.add("end", decision=str(info["exit_status"])[:200])
        return shown
    open_: Mapping[str, Completeness] = {**shown, "end": "absent"}
    return open_


def _opening(builder: RunBuilder, record: Record, history: list[Json]) -> list[dict[str, Json]]:
    """Add what was said before the first answer; the answers of the model themselves. Demonstrations never happened."""
    answers: list[dict[str, Json]] = []
    for index, message in enumerate(history):
        builder.at(record.line, f"{record.pointer}/history/{index}")
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            builder.problem("WF707", "a message must be an object with a text `role`")
        elif message.get("is_demo"):
            continue
        elif message["role"] == "assistant":
            answers.append(message)
        elif not answers:
            text = "\n".join(
                m.text for m in messages_of({"role": "user", "content": message.get("content")}, "user")
            )
            kind = "input" if message["role"] == "user" else "message"
            builder.add(kind, actor="user" if kind == "input" else "system", text=text)  # type: ignore[arg-type]
    return answers


def _step(builder: RunBuilder, step: Json, answer: dict[str, Json] | None) -> None:
    if not isinstance(step, dict) or not isinstance(step.get("action"), str):
        builder.problem("WF707", "a step must be an object with a text `action`")
        return
    try:
        requests = [r for m in messages_of(answer, "assistant") for r in m.requests] if answer else []
    except MalformedError as error:
        builder.problem(error.code, str(error))
        return
    response = step.get("response")
    builder.add("llm", text=response if isinstance(response, str) else None)
    if not step["action"].strip():
        return
    for request in requests or [Request(SHELL, None, {"command": step["action"].strip("\n")})]:
        builder.call(request.tool, None, "/action", args_requested=request.arguments)
        opened = builder.close(None, request.tool)
        if opened is not None:
            builder.answer(opened, step.get("observation"), None, "/observation")
