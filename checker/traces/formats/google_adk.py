"""Sessions that the Agent Development Kit saves (`events`), and its evaluation sets (`eval_cases`).

An event of the author `user` is an input; events of agents hold text, calls and answers. Evaluation sets show calls without
their results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from wfcheck.checker.traces.building import HIDDEN_RESULT, UNSTEPPED, Record, RunBuilder, Source
from wfcheck.checker.traces.event import Completeness, Json
from wfcheck.checker.traces.messages import messages_of
from wfcheck.checker.traces.reading import MalformedError
from wfcheck.checker.traces.records import malformed, spread
from wfcheck.checker.traces.times import iso, nanoseconds
from wfcheck.checker.traces.trace import Item, Problem

NAME = "google-adk"
COMPLETENESS: Mapping[str, Completeness] = {
    **UNSTEPPED, "args_executed": "absent", "end": "absent", "fail": "absent",
}  # fmt: skip
_EVALUATED: Mapping[str, Completeness] = {**COMPLETENESS, "result": "absent", "content": "absent"}


def recognises(value: Json) -> bool:
    """A session or an evaluation set."""
    if not isinstance(value, dict):
        return False
    if isinstance(value.get("eval_cases"), list):
        return True
    events = value.get("events")
    return (
        isinstance(events, list)
        and "id" in value
        and all(isinstance(e, dict) and "author" in e for e in events[:1])
    )


def read(records: Iterable[Record | Problem], source: Source) -> Iterator[Item]:
    """One run per session or evaluation case."""
    for record in spread(records):
        if isinstance(record, Problem):
            yield record
        elif not recognises(record.value):
            yield malformed(record, source, "not a session")
        elif "eval_cases" in record.value:
            for index, case in enumerate(record.value["eval_cases"]):
                yield from _case(Record(case, record.line, f"{record.below('eval_cases')}/{index}"), source)
        else:
            builder = RunBuilder(source.file)
            _session(builder, record)
            name = source.file if not record.pointer else f"{source.file}#{record.pointer}"
            yield from builder.finish(name, NAME, COMPLETENESS, source.lenient, start=record.line)


def _session(builder: RunBuilder, record: Record) -> None:
    for index, event in enumerate(record.value["events"]):
        builder.at(record.line, f"{record.below('events')}/{index}")
        author = event.get("author") if isinstance(event, dict) else None
        if not isinstance(author, str):
            builder.problem("WF707", "an event must be an object with a text `author`")
        else:
            _content(
                builder, event.get("content"), author, {"time": iso(nanoseconds(event.get("timestamp")))}
            )


def _content(builder: RunBuilder, content: Json, author: str, shared: dict[str, Any]) -> None:
    try:
        found = messages_of(content, "user" if author == "user" else "assistant")
    except MalformedError as error:
        builder.problem(error.code, str(error))
        return
    for message in found:
        for answer in message.answers:
            opened = builder.close(answer.id, answer.tool)
            if opened is not None:
                builder.answer(opened, answer.result, answer.error, agent=author, **shared)
        if author == "user" and message.text:
            builder.add("input", actor="user", text=message.text, **shared)
        elif message.text or message.requests:
            builder.add("llm", text=message.text, agent=author, **shared)
        for request in message.requests:
            builder.call(request.tool, request.id, args_requested=request.arguments, agent=author, **shared)
        if author != "user" and message.text and not message.requests:
            builder.add("say", text=message.text, agent=author, **shared)


def _case(record: Record, source: Source) -> Iterator[Item]:
    case = record.value
    turns = case.get("conversation") if isinstance(case, dict) else None
    if not isinstance(turns, list):
        yield malformed(record, source, "an evaluation case needs its `conversation`")
        return
    builder = RunBuilder(source.file)
    for index, turn in enumerate(turns):
        builder.at(record.line, f"{record.pointer}/conversation/{index}")
        if not isinstance(turn, dict):
            builder.problem("WF707", "a turn must be an object")
            continue
        _turn(builder, turn)
    yield from builder.finish(
        f"{source.file}#{record.pointer}", NAME, _EVALUATED, source.lenient, start=record.line
    )


def _turn(builder: RunBuilder, turn: dict[str, Json]) -> None:
    shared: dict[str, Any] = {"time": iso(nanoseconds(turn.get("creation_timestamp")))}
    _content(builder, turn.get("user_content"), "user", shared)
    data = turn.get("intermediate_data")
    uses = data.get("tool_uses") if isinstance(data, dict) else None
    for index, use in enumerate(uses if isinstance(uses, list) else ()):
        name = use.get("name") if isinstance(use, dict) else None
        args = use.get("args") if isinstance(use, dict) else None
        if not isinstance(name, str) or not isinstance(args, dict | None):
            builder.problem(
                "WF707",
                "a use of a tool needs its `name` and `args`",
                f"/intermediate_data/tool_uses/{index}",
            )
            continue
        builder.call(name, None, args_requested=args or {}, completeness=dict(HIDDEN_RESULT), **shared)
    _content(builder, turn.get("final_response"), "model", shared)
