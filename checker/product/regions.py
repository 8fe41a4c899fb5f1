"""Branches, inlined workflows and parallel branches that hold places."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from wfcheck.checker.product.drafts import Draft, Drafts, Frame, Place
from wfcheck.checker.product.flowchart import Overlap, UnsupportedError
from wfcheck.checker.product.reads import reads
from wfcheck.checker.symbolic.regions import enter, promise
from wfcheck.checker.symbolic.statements import approval
from wfcheck.checker.symbolic.value import NONE, SymbolicValue
from wfcheck.dsl import core
from wfcheck.dsl.walk import assigned
from wfcheck.solver import build as b
from wfcheck.solver.term import Term

Block: TypeAlias = Callable[[Drafts, core.Block, Term], Term]


def branch(drafts: Drafts, block: Block, statement: core.If, guard: Term) -> Term:
    """Both arms go on at one place."""
    condition = drafts.walk.truth(statement.condition)
    known = b.and_(guard, condition.defined)
    join = drafts.place(f"after {statement.id}", assigned((statement,)))
    arms = ((statement.then, condition.value), (statement.otherwise, b.not_(condition.value)))
    for body, taken in arms:
        arm(drafts, block, body, b.and_(known, taken), join)
    drafts.enter(join)
    return b.TRUE


def arm(drafts: Drafts, block: Block, body: core.Block, guard: Term, join: Place) -> None:
    """Walk a block and go on at the place; then the draft is as it was before."""
    here = drafts.current
    here.walk.open()
    drafts.jump(join, block(drafts, body, guard))
    drafts.resume(here)
    here.walk.close()


def approve(drafts: Drafts, block: Block, statement: core.Approve, guard: Term) -> Term:
    """What follows a refusal and what follows an approval go on at one place."""
    guard, yes, _ = approval(drafts.walk, statement, guard)
    join = drafts.place(f"after {statement.id}", assigned((statement,)))
    drafts.jump(join, b.and_(guard, yes))
    arm(drafts, block, statement.otherwise or (), b.and_(guard, b.not_(yes)), join)
    drafts.enter(join)
    return b.TRUE


def scope(drafts: Drafts, block: Block, statement: core.Scope, guard: Term) -> Term:
    """A `return` leaves the inlined workflow from wherever it stands."""
    walk = drafts.walk
    outer = walk.actors
    join = drafts.place(f"after {statement.id}", [] if statement.target is None else [statement.target])
    guard = enter(walk, statement, guard)
    walk.returns.append(walk.returns[-1])
    walk.returned.append([])
    walk.records.promises.append((statement.id, statement.ensures))
    frame = Frame([drafts.current])
    drafts.frames.append(frame)
    end = block(drafts, statement.body, guard)
    promise(drafts.walk, end, NONE, statement.span)
    drafts.jump(join, end, _result(statement, NONE))
    drafts.frames.pop()
    for member in frame.members:
        _return(drafts, member, statement, join)
    walk.actors = outer
    drafts.enter(join)
    drafts.walk.actors = outer
    return b.TRUE


def _result(statement: core.Scope, value: SymbolicValue) -> dict[str, SymbolicValue]:
    return {} if statement.target is None else {statement.target: value}


def _return(drafts: Drafts, member: Draft, statement: core.Scope, join: Place) -> None:
    for guard, value, _ in member.walk.returned.pop():
        drafts.jump(join, guard, _result(statement, value), draft=member)
    member.walk.returns.pop()
    member.walk.records.promises.pop()


def parallel(drafts: Drafts, block: Block, statement: core.Parallel, guard: Term) -> Term:
    """The branches one after another, those first that `first` names: each of these starts as the first did, whether the others come
    to their ends or not, as long as no place comes up. Whoever looks at events of more than one branch has to know that they may
    come in another order, and that what one branch ends it may end in the middle of another (see `Overlap`)."""
    walk = drafts.walk
    drafts.overlaps.append(
        Overlap(statement.id, statement.branches, len(walk.returned) > 1, bool(walk.failures))
    )
    chosen = drafts.first.get(statement.id, frozenset(range(len(statement.branches))))
    order = sorted(range(len(statement.branches)), key=lambda index: index not in chosen)
    ends: list[Term] = []
    for place, index in enumerate(order):
        here = drafts.current
        later = [reads(statement.branches[other]) for other in order[place + 1 :]]
        drafts.reading.append(frozenset[str]().union(*later))
        end = _lane(drafts, block, statement, index, guard if index in chosen else b.and_(guard, *ends))
        drafts.reading.pop()
        if drafts.current is not here:
            guard, ends = end, []
        ends.append(end)
        if guard is b.FALSE and place + 1 < len(order):
            raise UnsupportedError("a branch of `parallel` never comes to its end")
    return b.and_(*ends)


def _lane(drafts: Drafts, block: Block, statement: core.Parallel, index: int, guard: Term) -> Term:
    before = drafts.walk
    lanes = before.lanes
    before.lanes = (*lanes, (statement.id, index))
    guard = block(drafts, statement.branches[index], guard)
    before.lanes = drafts.walk.lanes = lanes
    return guard
