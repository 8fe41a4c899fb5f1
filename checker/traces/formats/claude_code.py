"""Session transcripts of Claude Code: JSON Lines, one message or note a line, of one or several sessions; or `loglines`.

What the user rejected is a `deny`. What permission rules and hooks refused shows as a failed call, and what they or the user
permitted does not show at all. Lines of side chains belong to a sub-agent: what it is told is text of a model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import attrs

from wfcheck.checker.traces.building import UNSTEPPED, Record, RunBuilder, Source
from wfcheck.checker.traces.event import Completeness, Json
from wfcheck.checker.traces.messages import Answer, Message, messages_of
from wfcheck.checker.traces.reading import MalformedError
from wfcheck.checker.traces.records import grouped, malformed, name_of, spread
from wfcheck.checker.traces.trace import Item, Problem

NAME = "claude-code"
COMPLETENESS: Mapping[str, Completeness] = {
    **UNSTEPPED, "args_executed": "absent", "end": "absent",
}  # fmt: skip
_SENDING: Final = ("Task", "Agent")
_SPOKEN = ("user", "assistant")
_NOTES: Final = (
    "summary", "system", "file-history-snapshot", "queue-operation", "progress", "attachment", "custom-title", "agent-name",
    "ai-title", "last-prompt", "permission-mode", "tag", "pr-link", "mode", "agent-color",
)  # fmt: skip
_REJECTED = "User rejected tool use"


def recognises(value: Json) -> bool:
    """A line of a transcript, or the object that holds all of them."""
    if not isinstance(value, dict):
        return False
    if isinstance(value.get("loglines"), list):
        return True
    kind = value.get("type")
    spoken = (
        kind in _SPOKEN and "message" in value and bool({"uuid", "sessionId", "timestamp"} & value.keys())
    )
    noted = bool({"leafUuid", "sessionId", "messageId", "snapshot"} & value.keys())
    return spoken or (isinstance(kind, str) and kind in _NOTES and noted)


def read(records: Iterable[Record | Problem], source: Source) -> Iterator[Item]:
    """One run per session."""
    found = grouped(spread(records, "loglines"), lambda r: _session(r, source), source)
    yield from found.problems
    sessions = {key: group for key, group in found.groups.items() if key}
    orphans = found.groups.get("", [])
    if not sessions and any(r.value.get("type") in _SPOKEN for r in orphans):
        sessions = {"": orphans}
    for key, group in sessions.items():
        builder = RunBuilder(source.file)
        _Session(builder).read(group)
        name = name_of(source, key, len(sessions))
        shown = _shown(builder, group)
        yield from builder.finish(name, NAME, shown, source.lenient, found.losses, group[0].line)


def _shown(builder: RunBuilder, records: list[Record]) -> Mapping[str, Completeness]:
    """What agents did that were sent out is often in files of their own."""
    sent = any(event.kind == "call" and event.tool in _SENDING for event in builder.events)
    apart = sent and not any(record.value.get("isSidechain") is True for record in records)
    return {**COMPLETENESS, "call": "truncated"} if apart else COMPLETENESS


def _session(record: Record, source: Source) -> str | Problem:
    value = record.value
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str) or (kind in _SPOKEN and not isinstance(value.get("message"), dict)):
        return malformed(record, source, "not a line of a transcript: no `type` or no `message`")
    if kind not in _SPOKEN and kind not in _NOTES:
        return malformed(record, source, f"unknown type `{kind[:40]}` of a line", "/type")
    session = value.get("sessionId", "")
    return (
        session
        if isinstance(session, str)
        else malformed(record, source, "`sessionId` must be text", "/sessionId")
    )


@attrs.define
class _Session:
    builder: RunBuilder
    turn: tuple[str, int] | None = None  # id of the model's message at hand, index of its event

    def read(self, records: list[Record]) -> None:
        """The events of all lines; the lines of one message of the model are one `llm`."""
        for index, record in enumerate(records):
            if record.value["type"] in _SPOKEN:
                self.builder.at(record.line, record.pointer)
                self._line(record.value, _identity(record.value) == _next(records, index))

    def _line(self, value: dict[str, Json], goes_on: bool) -> None:
        message = value["message"]
        try:
            found = messages_of({"role": value["type"], **message}, value["type"])
        except MalformedError as error:
            self.builder.problem(error.code, str(error), "/message")
            return
        if not isinstance(message.get("content"), str | list):
            self.builder.problem("WF707", "`content` must be text or a list of blocks", "/message/content")
            return
        shared = {"time": _text(value.get("timestamp")), "agent": _agent(value), "id": self._fresh(value)}
        for part in found:
            if value["type"] == "assistant":
                self._assistant(part, shared, _identity(value), goes_on)
            else:
                self._user(part, value, shared)

    def _fresh(self, value: dict[str, Json]) -> str | None:
        identity = _text(value.get("uuid"))
        return identity if all(e.id != identity for e in self.builder.events[-8:]) else None

    def _assistant(self, part: Message, shared: dict[str, Any], identity: str | None, goes_on: bool) -> None:
        if self.turn is None or identity is None or self.turn[0] != identity or part.text:
            self.builder.add("llm", "/message", text=part.text, **shared)
            self.turn = (identity or "", len(self.builder.events) - 1)
        shared = {**shared, "id": None}
        for request in part.requests:
            self.builder.call(
                request.tool, request.id, "/message", args_requested=request.arguments, **shared
            )
        if part.text and not part.requests and not goes_on and shared["agent"] is None:
            self.builder.add("say", "/message", text=part.text, **shared)

    def _user(self, part: Message, value: dict[str, Json], shared: dict[str, Any]) -> None:
        for answer in part.answers:
            self._answer(answer, value, {**shared, "id": None})
        if not part.text:
            return
        if shared["agent"] is not None:
            self.builder.add("llm", "/message", text=part.text, **shared)
        elif value.get("isMeta") is True or value.get("isCompactSummary") is True:
            self._unsaid(part, value, shared)
        else:
            self.builder.add("input", "/message", actor="user", text=part.text, **shared)

    def _unsaid(self, part: Message, value: dict[str, Json], shared: dict[str, Any]) -> None:
        """What stands in the user's place but was written by the program, or (a summary) by the model."""
        if value.get("isCompactSummary") is True:
            self.builder.add("llm", "/message", text=part.text, **shared)
        else:
            self.builder.add("message", "/message", actor="system", text=part.text, **shared)

    def _answer(self, answer: Answer, value: dict[str, Json], shared: dict[str, Any]) -> None:
        opened = self.builder.close(answer.id or "", below="/message")
        if opened is None:
            return
        if answer.error is not None and value.get("toolUseResult") == _REJECTED:
            self.builder.deny(opened, actor="user")
        else:
            error = answer.error and (str(answer.result or "") or answer.error)
            self.builder.answer(opened, answer.result, error, "/message", **shared)


def _identity(value: dict[str, Json]) -> str | None:
    message = value["message"] if value.get("type") == "assistant" else None
    return _text(message.get("id")) if isinstance(message, dict) else None


def _next(records: list[Record], index: int) -> str | None:
    """The id of the model's message on the next line that is spoken, or None; no id is never the same."""
    later = next((r.value for r in records[index + 1 : index + 20] if r.value["type"] in _SPOKEN), None)
    return "" if later is None else _identity(later) or ""


def _agent(value: dict[str, Json]) -> str | None:
    if value.get("isSidechain") is not True:
        return None
    return _text(value.get("agentId")) or "sidechain"


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) and value else None
