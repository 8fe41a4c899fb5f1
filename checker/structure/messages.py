"""Messages that nobody sends (WF615), and such as are only sent behind the `receive` that waits for them (WF616).

What may happen is a least fixpoint: a `receive` lets its branch go on once a `send` that it could take may have happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from wfcheck.dsl import core
from wfcheck.dsl.diagnostic import Diagnostic, Label, Severity
from wfcheck.dsl.source import Span
from wfcheck.dsl.walk import blocks, statements

USER = "user"


@attrs.frozen
class Message:
    """`to` None: to anybody."""

    sender: str
    to: str | None
    span: Span


@attrs.frozen
class Wait:
    """A `receive`: who reads, and from whom (None: from anybody)."""

    reader: str
    sender: str | None
    span: Span

    def takes(self, message: Message) -> bool:
        """Whether the message could be the one."""
        return message.to in (None, self.reader) and self.sender in (None, message.sender)


@attrs.define
class _Flow:
    """What may have been sent, and which waits were come to."""

    outside: tuple[Message, ...]
    sent: list[Message] = attrs.field(factory=list)
    waits: dict[core.NodeId, Wait] = attrs.field(factory=dict)

    def block(self, body: core.Block, actor: str) -> bool:
        """Whether the end may be reached."""
        return all(self.statement(statement, actor) for statement in body)

    def statement(self, statement: core.Statement, actor: str) -> bool:
        """Whether the run may go on behind the statement."""
        match statement:
            case core.Receive(id=node, principal=sender, span=span):
                wait = self.waits.setdefault(node, Wait(actor, sender, span))
                return any(map(wait.takes, (*self.outside, *self.sent)))
            case core.If(then=then, otherwise=otherwise):
                return any(self._each(actor, then, otherwise))
            case core.Parallel(branches=branches):
                return all(self._each(actor, *branches))
            case core.Scope(body=body, principal=principal):
                return self.block(body, principal or actor)
            case core.Retry(body=body, handler=handler):
                return any(self._each(actor, body, handler or ()))
            case core.Stop() | core.Return():
                return False
            case _:
                self._send(_messages(statement, actor))
                for inner in blocks(statement):
                    self.block(inner, actor)
                return True

    def _each(self, actor: str, *bodies: core.Block) -> list[bool]:
        """All are walked, whatever the first ones say."""
        return [self.block(body, actor) for body in bodies]

    def _send(self, messages: Iterable[Message]) -> None:
        self.sent += [m for m in messages if m not in self.sent]


def check(program: core.Program, workflow: core.Workflow) -> Iterator[Diagnostic]:
    """Every `receive` of the workflow that waits for ever."""
    if not any(isinstance(s, core.Receive) for s in statements(workflow.body)):
        return
    others = (w for w in program.workflows.values() if w is not workflow)
    flow = _Flow(tuple(m for w in others for m in _all(w)))
    before = -1
    while len(flow.sent) > before:
        before = len(flow.sent)
        flow.block(workflow.body, workflow.principal or USER)
    inside = list(_all(workflow))
    for wait in flow.waits.values():
        if not any(map(wait.takes, (*flow.outside, *flow.sent))) and not _from_people(program, wait):
            yield _waits(wait, [m for m in inside if wait.takes(m)])


def _from_people(program: core.Program, wait: Wait) -> bool:
    """People write when they like."""
    if wait.sender is None:
        return any(p.kind == "human" and p.symbol != USER for p in program.principals.values())
    declared = program.principals.get(wait.sender)
    return wait.sender == USER or (declared is not None and declared.kind == "human")


def _waits(wait: Wait, behind: list[Message]) -> Diagnostic:
    if not behind:
        by = "" if wait.sender is None else f" as `{wait.sender}`"
        text = f"no workflow sends `{wait.reader}` what is received here"
        note = f"absent: no step of any workflow sends `{wait.reader}` a message{by}"
        help_ = f"add the `send ... to {wait.reader}`, or leave the `receive` out"
        return Diagnostic("WF615", text, wait.span, Severity.WARNING, notes=(note,), help=help_)
    labels = tuple(Label(m.span, "sent here, behind it") for m in behind[:3])
    text = "this waits for a message that is sent only behind it"
    help_ = "send it before, or from a branch that does not wait for this one"
    return Diagnostic("WF616", text, wait.span, Severity.WARNING, labels, help=help_)


def _all(workflow: core.Workflow) -> Iterator[Message]:
    yield from _below(workflow.body, workflow.principal or USER)


def _below(body: core.Block, actor: str) -> Iterator[Message]:
    for statement in body:
        yield from _messages(statement, actor)
        inner = statement.principal or actor if isinstance(statement, core.Scope) else actor
        for block in blocks(statement):
            yield from _below(block, inner)


def _messages(statement: core.Statement, actor: str) -> Iterator[Message]:
    match statement:
        case core.Send(principal=to, span=span):
            yield Message(actor, to, span)
        case core.Agent(may=may, principal=principal, span=span):
            for act in may:
                if act.act == "send":
                    yield Message(principal or actor, act.tool, span)
        case _:
            pass
