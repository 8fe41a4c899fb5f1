"""Retries of many attempts: one place, visited once for each attempt."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from wfcheck.checker.product.drafts import Draft, Drafts, Frame, Place, counter
from wfcheck.checker.product.loops import counted
from wfcheck.checker.product.reads import reads
from wfcheck.checker.symbolic.value import Leaf, SymbolicValue
from wfcheck.dsl import core, types
from wfcheck.dsl.walk import assigned
from wfcheck.solver import build as b
from wfcheck.solver.term import Term

Block: TypeAlias = Callable[[Drafts, core.Block, Term], Term]


def retry(drafts: Drafts, block: Block, statement: core.Retry, guard: Term) -> Term:
    """A failed attempt goes back to the place, or after the last one to the handler, without the bindings that it made."""
    attempts = f"{statement.id} attempts"
    drafts.typed[attempts] = types.INT
    join = drafts.place(f"after {statement.id}", assigned((statement,)))
    drafts.reading.append(reads((statement,)) | {attempts})
    head = drafts.place(f"retry at line {statement.span.line}", (), (attempts,))
    drafts.jump(head, guard, {attempts: counter(1)})
    drafts.enter(head)
    count = counted(drafts, attempts)
    drafts.current.hints += [b.le(b.integer(1), count), b.le(count, b.integer(statement.attempts))]
    frame = Frame([drafts.current])
    drafts.frames.append(frame)
    drafts.walk.failures.append([])
    drafts.jump(join, block(drafts, statement.body, b.TRUE))
    drafts.frames.pop()
    drafts.resume(frame.members[0])
    handled = None if statement.handler is None else drafts.place(f"on error at {statement.id}", ())
    for member in frame.members:
        _failed(drafts, member, statement, attempts, head, handled)
    drafts.reading.pop()
    if statement.handler is not None and handled is not None:
        drafts.enter(handled)
        drafts.jump(join, block(drafts, statement.handler, b.TRUE))
    drafts.enter(join)
    return b.TRUE


def _failed(
    drafts: Drafts, member: Draft, statement: core.Retry, attempts: str, head: Place, handled: Place | None
) -> None:
    """Where an attempt fails in one of its drafts."""
    failed = b.or_(*member.walk.failures.pop())
    count = member.walk.env["local", attempts]
    assert isinstance(count, Leaf)
    before = _undone(member, statement, head)
    more = b.lt(count.term, b.integer(statement.attempts))
    again = {**before, attempts: Leaf(b.add(count.term, b.integer(1)))}
    drafts.jump(head, b.and_(failed, more), again, draft=member)
    last = b.and_(failed, b.not_(more))
    if handled is not None:
        drafts.jump(handled, last, before, draft=member)
    elif member.walk.failures:
        member.walk.failures[-1].append(last)


def _undone(member: Draft, statement: core.Retry, head: Place) -> dict[str, SymbolicValue | None]:
    """The bindings of the body as they were before the attempt, as far as that is known in the draft."""
    known = member.entry if member.place is head else {}
    return {name: known.get(("local", name)) for name in assigned(statement.body)}
