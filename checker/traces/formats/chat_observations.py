"""Observations of model calls as normalised chats: an object of `{input, output}` by observation, each `{success, data}` with a list of
messages, or `{success, error}` where a shape was not understood.

Messages that were heard before are one event, and so is an answer that an enclosing observation repeats. Who called whom, times, names
of agents and failures are not in this form. What was not understood is lost: nothing is said to hold of such a run, and inputs,
results and what was said count as absent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import attrs

from wfcheck.checker.traces.building import UNSTEPPED, Record, RunBuilder, Source
from wfcheck.checker.traces.event import Completeness, Json
from wfcheck.checker.traces.messages import Answer, Message, messages_of
from wfcheck.checker.traces.reading import MalformedError
from wfcheck.checker.traces.records import malformed
from wfcheck.checker.traces.trace import Item, Problem

NAME = "chat-observations"
COMPLETENESS: Mapping[str, Completeness] = {
    **UNSTEPPED, "time": "absent", "args_executed": "absent", "fail": "absent", "end": "absent",
}  # fmt: skip
_BROKEN: Mapping[str, Completeness] = {
    **COMPLETENESS,
    "input": "absent",
    "result": "absent",
    "llm": "absent",
    "say": "absent",
}


def recognises(value: Json) -> bool:
    """An object of observations."""
    return isinstance(value, dict) and bool(value) and all(map(_observation, value.values()))


def _observation(value: Json) -> bool:
    if not isinstance(value, dict) or not value or not value.keys() <= {"input", "output"}:
        return False
    return all(isinstance(side, dict) and isinstance(side.get("success"), bool) for side in value.values())


def read(records: Iterable[Record | Problem], source: Source) -> Iterator[Item]:
    """One run per object."""
    for record in records:
        if isinstance(record, Problem):
            yield record
        elif not recognises(record.value):
            yield malformed(record, source, "not an object of observations")
        else:
            run = _Run(RunBuilder(source.file, record.line, record.pointer))
            for key, observation in record.value.items():
                run.observation(record, key, observation)
            name = f"{source.file}#{record.line}"
            shown = _BROKEN if run.losses else COMPLETENESS
            losses = tuple(run.losses)
            yield from run.builder.finish(name, NAME, shown, source.lenient, losses, start=record.line)


@attrs.define
class _Run:
    builder: RunBuilder
    heard: Counter[tuple[str, str]] = attrs.field(factory=Counter)
    said: set[str] = attrs.field(factory=set)
    called: set[str] = attrs.field(factory=set)
    answered: set[str] = attrs.field(factory=set)
    losses: list[str] = attrs.field(factory=list)

    def observation(self, record: Record, key: str, observation: dict[str, Json]) -> None:
        """What it heard, then what it answered."""
        for side, take in (("input", self._hear), ("output", self._say)):
            place = f"{record.below(key)}/{side}"
            value = observation.get(side)
            if value is None or not value["success"]:
                self.losses.append(f"`{place}` was not understood by its normaliser")
                continue
            self.builder.at(record.line, place)
            try:
                take(messages_of(value.get("data"), "user" if side == "input" else "assistant"))
            except MalformedError as error:
                self.builder.problem(error.code, str(error))

    def _hear(self, messages: list[Message]) -> None:
        now: Counter[tuple[str, str]] = Counter()
        for message in messages:
            for answer in message.answers:
                self._told(answer)
            told = (message.role, message.text)
            now[told] += 1
            if message.text and now[told] > self.heard[told]:
                self.heard[told] += 1
                self._new(message)

    def _new(self, message: Message) -> None:
        if message.role == "user":
            self.builder.add("input", actor="user", text=message.text)
        elif message.role == "system":
            self.builder.add("message", actor="system", text=message.text)
        elif message.text not in self.said:
            self.said.add(message.text)
            self.builder.add("llm", text=message.text)

    def _told(self, answer: Answer) -> None:
        asked = answer.id if answer.id is not None else self.builder.oldest(answer.tool)
        if asked is not None and asked in self.builder.pending:
            self.builder.answer(self.builder.pending.pop(asked), answer.result, answer.error)
            self.answered.add(asked)

    def _say(self, messages: list[Message]) -> None:
        for message in messages:
            requests = [r for r in message.requests if r.id is None or r.id not in self.called]
            fresh = bool(message.text) and message.text not in self.said
            if not (requests or fresh):
                continue
            self.said.add(message.text)
            self.builder.add("llm", text=message.text)
            for request in requests:
                self.called.add(request.id or "")
                self.builder.call(request.tool, request.id, args_requested=request.arguments)
            if message.text and not message.requests:
                self.builder.add("say", text=message.text)
