"""Spans of any tracing system as one run: model and tool spans in the order of their starts and ends.

A call stands where its tool span starts, with the arguments that the model asked for and those that ran; a call that a model
asked for and no span shows stands at the end of the model's span. A user's message is an `input` only where the agent that the
user talks to (that of the first model span) hears it; what other agents hear is text of a model (`llm`)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from wfcheck.checker.traces.building import HIDDEN_RESULT, NO_DECISIONS, RunBuilder
from wfcheck.checker.traces.event import Completeness
from wfcheck.checker.traces.messages import Answer, Message
from wfcheck.checker.traces.span_tree import HISTORY, Span, Tree
from wfcheck.checker.traces.times import iso

COMPLETENESS: Mapping[str, Completeness] = NO_DECISIONS
UNKNOWN_TOOL = "unknown tool"
_TRANSCRIPT = re.compile(
    r"\brole['\"]?\s*[=:]|^\s*(?:system|developer|user|human|assistant|ai|tool|function)\s*:",
    re.IGNORECASE | re.MULTILINE,
)


def read_spans(builder: RunBuilder, spans: Sequence[Span]) -> dict[str, Completeness]:
    """Add the events of the spans of one run. What they do not show, beyond what the format never shows."""
    run = _Run(builder, Tree(_once(builder, spans)))
    for moment, span, ends in _moments(run.tree.spans):
        builder.at(span.line, span.pointer)
        run.end(span, moment) if ends else run.start(span, moment)
    if spans and all(span.end is not None for span in run.tree.spans):
        builder.add("end", time=iso(max(span.end or 0 for span in run.tree.spans)))
    else:
        run.hidden.add("end")
    if builder.unanswered():
        run.hidden.add("result")
    return dict.fromkeys(sorted(run.hidden), "absent")


def blind(spans: Sequence[Span]) -> bool:
    """Whether calls may be missing altogether: there are no spans of tools, and a model's answer, or every model, is not recorded."""
    models = [span for span in spans if span.kind == "llm"]
    silent = any(not span.said and not span.error for span in models)
    return (silent or not models) and all(span.kind != "tool" for span in spans)


def _once(builder: RunBuilder, spans: Sequence[Span]) -> list[Span]:
    seen: dict[str, Span] = {}
    for span in spans:
        if span.id in seen:
            builder.at(span.line, span.pointer)
            builder.problem("WF708", f"the span `{span.id[:60]}` is recorded twice")
        else:
            seen[span.id] = span
    return list(seen.values())


def _moments(spans: Sequence[Span]) -> Iterator[tuple[int, Span, bool]]:
    """Starts and ends in order; at one moment what ends comes first, but nothing ends before it started."""
    keyed: list[tuple[int, int, int]] = []
    for index, span in enumerate(spans):
        keyed.append((span.start, 1, index))
        if span.end is not None:
            keyed.append((max(span.start, span.end), 0 if span.end > span.start else 2, index))
    for moment, phase, index in sorted(keyed):
        yield moment, spans[index], phase != 1


@attrs.define
class _Run:
    builder: RunBuilder
    tree: Tree
    heard: Counter[tuple[str, str]] = attrs.field(factory=Counter)
    said: Counter[str] = attrs.field(factory=Counter)
    named: dict[str, str] = attrs.field(factory=dict)  # id of a call before this run: its tool
    answered: set[str] = attrs.field(factory=set)
    called: set[str] = attrs.field(factory=set)
    spoken: set[str] = attrs.field(factory=set)
    calls: dict[str, tuple[str, str, int]] = attrs.field(factory=dict)
    hidden: set[str] = attrs.field(factory=set)
    facing: str | None = None
    begun: bool = False

    def start(self, span: Span, moment: int) -> None:
        if span.kind == "llm":
            self._hear(span, moment)
        elif span.kind == "tool" or span.id in self.tree.requested:
            self._call(span, moment)
        elif span.kind == "other":
            self.builder.add(
                "step", step=span.name, id=span.id, parent=span.parent, **self._shared(span, moment)
            )

    def end(self, span: Span, moment: int) -> None:
        if span.kind == "llm":
            self._say(span, moment)
        elif span.id in self.calls:
            hidden = None if span.shows_result or span.error else dict(HIDDEN_RESULT)
            self.hidden |= {"content"} if hidden else set()
            shared = self._shared(span, moment)
            self.builder.answer(
                self.calls.pop(span.id), span.result, span.error, completeness=hidden, **shared
            )

    def _shared(self, span: Span, moment: int) -> dict[str, Any]:
        return {"agent": self.tree.agent(span), "run": span.run, "time": iso(moment)}

    def _faces_user(self, span: Span) -> bool:
        if self.tree.under_tool(span):
            return False
        if not self.begun:
            self.begun, self.facing = True, self.tree.agent(span)
        return self.tree.agent(span) == self.facing

    def _hear(self, span: Span, moment: int) -> None:
        """Messages that no earlier model span heard, as often."""
        first, facing = not self.begun, self._faces_user(span)
        now: Counter[tuple[str, str]] = Counter()
        self.hidden |= set() if span.heard or not facing else {"input"}
        for message in span.heard:
            self.named.update({r.id: r.tool for r in message.requests if r.id})
            for answer in message.answers:
                self._told(answer, {"run": span.run, "time": iso(moment)})
            if not message.text:
                continue
            now[message.role, message.text] += 1
            if now[message.role, message.text] > self.heard[message.role, message.text]:
                self.heard[message.role, message.text] += 1
                unclear = message.bare and not (first and not _TRANSCRIPT.search(message.text))
                self.hidden |= {"input"} if unclear and facing else set()
                self._heard(span, message, facing and not unclear, moment)

    def _heard(self, span: Span, message: Message, facing: bool, moment: int) -> None:
        """What other agents write is text of a model: it neither grants a value nor clears one."""
        shared: dict[str, Any] = {"text": message.text, "run": span.run, "time": iso(moment)}
        if message.role == "user" and facing:
            self.builder.add("input", actor="user", **shared)
        elif message.role == "system":
            self.builder.add("message", actor="system", to=self.tree.agent(span), **shared)
        elif not self.said[message.text]:
            self.builder.add("llm", step=HISTORY, agent=self.tree.caller(span), **shared)

    def _told(self, answer: Answer, shared: dict[str, Any]) -> None:
        """The answer of a call that has no span of its own. Of a call before this run only the result is told."""
        pending, given = self.builder.pending, answer.id
        asked = given if given is not None else self.builder.oldest(answer.tool) if answer.tool else None
        if asked is not None and asked in pending:
            self.builder.answer(pending.pop(asked), answer.result, answer.error, **shared)
            self.answered.add(given or "")
        elif given is not None and given not in self.answered:
            self.answered.add(given)
            tool = answer.tool or self.named.get(given, UNKNOWN_TOOL)
            self.builder.add("result", tool=tool, result=answer.result, **shared)
        elif given is None and answer.tool is not None and answer.tool not in self.called:
            self.called.add(answer.tool)
            self.builder.add("result", tool=answer.tool, result=answer.result, **shared)

    def _say(self, span: Span, moment: int) -> None:
        if span.id in self.spoken:
            return
        self.spoken.add(span.id)
        text = "\n".join(m.text for m in span.said if m.text)
        shared = self._shared(span, moment)
        self.hidden |= set() if span.said or span.error else {"say"}
        self.said.update(m.text for m in span.said)
        self.builder.add("llm", text=text, id=span.id, parent=span.parent, **shared)
        for index, request in enumerate(span.requests):
            self.called.add(request.tool)
            if (span.id, index) not in self.tree.carried:
                self.builder.call(request.tool, request.id, args_requested=request.arguments, **shared)
        if text and not span.requests and self._faces_user(span):
            self.builder.add("say", text=text, **shared)

    def _call(self, span: Span, moment: int) -> None:
        """The call of a tool span; a model that streams may still be speaking when the tool starts."""
        model, request = self.tree.requested.get(span.id, (None, None))
        if model is not None and model.id not in self.spoken:
            self.builder.at(model.line, model.pointer)
            self._say(model, moment)
            self.builder.at(span.line, span.pointer)
        name = request.tool if request is not None and span.name.endswith(request.tool) else span.name
        given = span.call or (request.id if request else None)
        executed, requested = span.arguments, request.arguments if request else None
        opened = self.builder.call(
            name, None if given in self.builder.used else given, id=span.id, parent=span.parent,
            args_requested=requested, args_executed=requested if requested == {"input": executed} else executed,
            **self._shared(span, moment),
        )  # fmt: skip
        if opened is not None:
            self.calls[span.id] = self.builder.pending.popitem()[1]
        self.answered.add(given or "")
        self.called.add(name)
