"""Loops: one place for the head of each, with a count of the rounds where something depends on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import attrs

from wfcheck.checker.obligation import STEP_BUDGETS
from wfcheck.checker.product.drafts import Drafts, Place, counter
from wfcheck.checker.product.lists import element_of, length_of
from wfcheck.checker.product.reads import cuts, reads
from wfcheck.checker.symbolic.state import TYPED, Walk
from wfcheck.checker.symbolic.taint import EMPTY
from wfcheck.checker.symbolic.types import conforms, item_type
from wfcheck.checker.symbolic.value import Leaf, Opaque, Sequence, SymbolicValue
from wfcheck.dsl import core, types
from wfcheck.dsl.walk import assigned
from wfcheck.solver import build as b
from wfcheck.solver.term import Const, Symbol, Term

Block: TypeAlias = Callable[[Drafts, core.Block, Term], Term]
FEW = 4


def counted(drafts: Drafts, name: str) -> Term:
    """A counter at the place at hand."""
    value = drafts.walk.env["local", name]
    assert isinstance(value, Leaf)
    return value.term


def repeat(drafts: Drafts, block: Block, statement: core.While, guard: Term) -> Term:
    """`repeat while`: the condition is read at the head; one round too many ends the run abnormally."""
    rounds = f"{statement.id} rounds"
    hidden = () if statement.maximum is None else (rounds,)
    drafts.typed[rounds] = types.INT
    drafts.reading.append(reads((statement,)) | {*hidden})
    head = drafts.place(f"loop at line {statement.span.line}", assigned((statement,)), hidden)
    drafts.jump(head, guard, {rounds: counter(0)})
    drafts.enter(head)
    condition = drafts.walk.truth(statement.condition)
    drafts.current.hints += [drafts.walk.truth(i.condition).certain for i in statement.invariants]
    start = condition.certain
    if statement.maximum is not None:
        start = b.and_(start, _bounded(drafts, rounds, statement.maximum))
    _round(drafts, block, statement.body, start, head, hidden)
    drafts.reading.pop()
    return b.and_(condition.defined, b.not_(condition.value))


def _bounded(drafts: Drafts, rounds: str, maximum: int) -> Term:
    """Another round is allowed: with the assumption that bounds are kept, so many at most."""
    count, most = counted(drafts, rounds), b.integer(maximum)
    drafts.current.hints += [b.le(b.ZERO, count), b.le(count, most)]
    return allowed(drafts.walk, f"{rounds} more", b.lt(count, most))


def allowed(walk: Walk, name: str, within: Term) -> Term:
    """A flag that is only up within the bounds, if these are kept."""
    flag = walk.flag(name)
    walk.assume(STEP_BUDGETS, flag, within)
    return flag


def _round(
    drafts: Drafts, block: Block, body: core.Block, start: Term, head: Place, counters: tuple[str, ...]
) -> None:
    """Walk the body and go back to the head with one more on each counter."""
    here = drafts.current
    here.walk.open()
    end = block(drafts, body, start)
    drafts.jump(head, end, {name: Leaf(b.add(counted(drafts, name), b.integer(1))) for name in counters})
    drafts.resume(here)
    here.walk.close()


def each(drafts: Drafts, block: Block, statement: core.For, guard: Term) -> Term:
    """`for x in xs`: an index counts the elements; a few known ones are walked one by one."""
    source = drafts.walk.value(statement.source)
    guard = b.and_(guard, source.defined)
    if _few(source.value) and not any(map(cuts, statement.body)):
        return _one_by_one(drafts, block, statement, source.value, guard)
    whole, index = f"{statement.id} list", f"{statement.id} index"
    drafts.typed |= {whole: statement.source.type, index: types.INT}
    drafts.walk.assign(whole, source.value, EMPTY)
    drafts.reading.append(reads((statement,)) | {whole, index})
    head = _vouched(
        drafts.place(f"loop at line {statement.span.line}", assigned((statement,)), (index,)),
        whole,
        source.value,
    )
    drafts.jump(head, guard, {index: counter(0)})
    drafts.enter(head)
    start, end = _next(drafts, statement, whole, index)
    _round(drafts, block, statement.body, start, head, (index,))
    drafts.reading.pop()
    return end


def _few(source: SymbolicValue) -> bool:
    return (
        isinstance(source, Sequence)
        and isinstance(source.length, Const)
        and source.length.value == len(source.items) <= FEW
    )


def _one_by_one(
    drafts: Drafts, block: Block, statement: core.For, source: SymbolicValue, guard: Term
) -> Term:
    assert isinstance(source, Sequence)
    for place, item in enumerate(source.items):
        if statement.maximum is not None and place >= statement.maximum:
            guard = b.and_(guard, allowed(drafts.walk, f"{statement.id} more", b.FALSE))
        drafts.walk.assign(statement.item, item, EMPTY)
        guard = block(drafts, statement.body, guard)
    return guard


def _vouched(head: Place, whole: str, source: SymbolicValue) -> Place:
    """The list does not change, so its elements stay of their type."""
    carried = head.carried.get(whole)
    if not isinstance(carried, Opaque) or not isinstance(source, Opaque):
        return head
    return attrs.evolve(head, carried={**head.carried, whole: Opaque(carried.term, source.item)})


def _next(drafts: Drafts, statement: core.For, whole: str, index: str) -> tuple[Term, Term]:
    """When there is another element, which is bound, and when there is none."""
    walk = drafts.walk
    source, at = walk.env["local", whole], counted(drafts, index)
    type_ = item_type(statement.source.type)
    if isinstance(at, Symbol):
        name = drafts.current.place.name
        drafts.indices[name] = (*drafts.indices.get(name, ()), at)
    count = length_of(source, type_)
    item, there = element_of(source, at, type_)
    drafts.current.hints += [b.le(b.ZERO, at), b.le(at, count)]
    if isinstance(source, Opaque) and source.item is not None:
        walk.assume(TYPED, there, conforms(item, source.item, walk.notes))
    if statement.maximum is not None:
        there = b.and_(there, allowed(walk, f"{index} more", b.lt(at, b.integer(statement.maximum))))
    walk.assign(statement.item, item, EMPTY)
    return there, b.le(count, at)
