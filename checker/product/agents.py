"""Agents: one place, visited once for each answer of the model."""

from __future__ import annotations

from wfcheck.checker.labels.table import USER
from wfcheck.checker.product.drafts import Drafts, counter
from wfcheck.checker.product.loops import allowed, counted
from wfcheck.checker.product.reads import reads
from wfcheck.checker.symbolic.agent import MEDIATED, act, thinks
from wfcheck.checker.symbolic.operands import name_of, numbered, operands
from wfcheck.checker.symbolic.state import Walk
from wfcheck.checker.symbolic.taint import EMPTY
from wfcheck.checker.symbolic.value import Leaf
from wfcheck.dsl import core, types
from wfcheck.solver import build as b
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Term


def agent(drafts: Drafts, statement: core.Agent, guard: Term) -> Term:
    """Each answer is an act, after which there is another answer, or the result."""
    before = drafts.walk
    outer = before.actors
    guard, values, taints = operands(before, numbered(statement.context), guard)
    before.emit("step", statement, guard, values, taints, subject=statement.step)
    if statement.principal is not None:
        before.actors = (*outer, statement.principal)
    steps = f"{statement.id} steps"
    drafts.typed[steps] = types.INT
    drafts.reading.append(reads((statement,)) | {steps})
    place = drafts.place(f"agent {statement.step}", (), (steps,))
    drafts.jump(place, guard, {steps: counter(0)})
    drafts.enter(place)
    before.actors = outer
    drafts.reading.pop()
    taken = counted(drafts, steps)
    drafts.current.hints.append(b.le(taken, b.integer(statement.maximum)))
    choice = drafts.notes.fresh(f"{statement.id}.choice", Sort.INT)
    more = allowed(drafts.walk, f"{steps} more", b.lt(taken, b.integer(statement.maximum)))
    acting, ends = _answer(drafts.walk, statement, choice, more)
    drafts.jump(place, acting, {steps: Leaf(b.add(taken, b.integer(1)))})
    drafts.walk.actors = outer
    return ends


def _answer(walk: Walk, statement: core.Agent, choice: Term, more: Term) -> tuple[Term, Term]:
    """When there is an act, and when the region ends."""
    within = b.and_(b.le(b.ZERO, choice), b.le(choice, b.integer(len(statement.may))))
    walk.assume(MEDIATED, b.TRUE, within)
    ends = b.eq(choice, b.ZERO)
    thinks(walk, statement, b.not_(ends), {}, {})
    for number, may in enumerate(statement.may, 1):
        _act(walk, statement, may, number, b.and_(more, b.eq(choice, b.integer(number))))
    result = walk.oracle(statement.type, f"{statement.id}.result", ends)
    walk.ensure(statement.ensures, ends, {("result", "result"): result})
    thinks(walk, statement, ends, {}, {}, None if statement.hides else result)
    walk.assign(statement.target, result, EMPTY)
    return b.and_(more, b.not_(ends)), ends


def _act(walk: Walk, statement: core.Agent, may: core.May, number: int, guard: Term) -> None:
    name = f"{name_of(walk, statement.id)}.{number}"
    act(walk, statement, may, number, guard, name, {}, None)
    if may.act == "ask":
        answer = walk.oracle(types.TEXT, f"{name}.answer", guard)
        walk.emit(
            "input", statement, guard, {"text": answer}, {}, subject=USER, result=answer, actors=(USER,)
        )  # fmt: skip
