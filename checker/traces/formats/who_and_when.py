"""Failure logs of the Who&When collection: a question and a `history` of `{role, content}`, with a `name` where a group chat ran.

An agent's entry is an `llm` of that agent. An entry with a code block that the terminal answers is also a `call` of the terminal; its
answer is a `result`, or a `fail` where the exit code is not 0. Whatever else the terminal says is a `message`. Calls that agents
make inside themselves, arguments, times and decisions are not in these logs; annotations (`mistake_step`, ..) are not read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from wfcheck.checker.traces.building import UNSTEPPED, Record, RunBuilder, Source
from wfcheck.checker.traces.event import Completeness, Json
from wfcheck.checker.traces.records import malformed, spread
from wfcheck.checker.traces.trace import Item, Problem

NAME = "who-and-when"
COMPLETENESS: Mapping[str, Completeness] = {
    **{kind: shown for kind, shown in UNSTEPPED.items() if kind != "message"},
    "time": "absent",
    "args_executed": "absent",
    "say": "absent",
    "call": "truncated",
}
_TERMINALS: Mapping[str, Completeness] = {"call.Computer_terminal": "full", "call.ComputerTerminal": "full"}
_LABELS = ("mistake_step", "mistake_agent", "question_ID", "is_correct")
_EXIT = re.compile(r"\s*exitcode: (-?\d{1,9})\b")
_CODE = re.compile(r"```(?:\w{1,20})?[ \t]*\n(.*?)```", re.DOTALL)
_HUMAN: Final = ("human", "user")
_OVER = "TERMINATE"


def recognises(value: Json) -> bool:
    """A log: a list `history` beside a question or annotations."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("history"), list)
        and isinstance(value.get("question"), str)
        and any(key in value for key in _LABELS)
    )


def read(records: Iterable[Record | Problem], source: Source) -> Iterator[Item]:
    """One run per log."""
    for record in spread(records):
        if isinstance(record, Problem):
            yield record
        elif not recognises(record.value):
            yield malformed(record, source, "not a log with `question` and `history`")
        else:
            builder = RunBuilder(source.file, record.line, record.pointer)
            shown = _run(builder, record)
            name = f"{source.file}#{record.pointer or record.line}"
            yield from builder.finish(name, NAME, shown, source.lenient, start=record.line)


def _run(builder: RunBuilder, record: Record) -> Mapping[str, Completeness]:
    builder.at(record.line, record.below("question"))
    builder.add("input", actor="user", text=record.value["question"])
    history = record.value["history"]
    below = record.below("history")
    for index, entry in enumerate(history):
        builder.at(record.line, f"{below}/{index}")
        following = history[index + 1] if index + 1 < len(history) else None
        _entry(builder, entry, following)
    if history and _speaker(history[-1]) is not None and _OVER in history[-1]["content"]:
        builder.add("end")
        return {**COMPLETENESS, **_ran(builder)}
    return {**COMPLETENESS, **_ran(builder), "end": "absent"}


def _ran(builder: RunBuilder) -> Mapping[str, Completeness]:
    """Every run of the terminal shows, unless one shows by its output alone."""
    remarks = (e for e in builder.events if e.kind == "message" and e.text is not None)
    return {} if any(_EXIT.match(e.text or "") for e in remarks) else _TERMINALS


def _speaker(entry: Json) -> str | None:
    """Who wrote an entry; None where it is none."""
    if not isinstance(entry, dict) or not isinstance(entry.get("content"), str):
        return None
    name = entry.get("name") or entry.get("role")
    return name if isinstance(name, str) and name else None


def _terminal(name: str) -> bool:
    return "terminal" in name.lower()


def _entry(builder: RunBuilder, entry: Json, following: Json) -> None:
    name = _speaker(entry)
    if name is None:
        builder.problem("WF707", "an entry must be an object with text `role` and `content`")
        return
    text: str = entry["content"]
    if _terminal(name):
        _output(builder, name, text)
    elif name in _HUMAN:
        builder.add("input", actor="user", text=text)
    else:
        builder.add("llm", agent=name, actor=name, text=text)
        answered = _speaker(following)
        blocks = _CODE.findall(text)
        if blocks and answered is not None and _terminal(answered) and _EXIT.match(following["content"]):
            arguments = {"code": "\n".join(blocks)}
            builder.call(answered, None, agent=name, actor=name, args_requested=arguments)


def _output(builder: RunBuilder, name: str, text: str) -> None:
    """The terminal's answer to the code before it, or a remark of its own."""
    code = _EXIT.match(text)
    opened = builder.close(None, name) if code is not None and builder.oldest(name) is not None else None
    if opened is None or code is None:
        builder.add("message", actor=name, text=text)
    else:
        builder.answer(opened, text, None if int(code[1]) == 0 else text)
