"""People and stores: what is said, asked, sent, received, remembered and recalled."""

from __future__ import annotations

from wfcheck.checker.labels.table import USER
from wfcheck.checker.labels.worst import SOURCE_LABELS
from wfcheck.checker.symbolic.operands import (
    Taints,
    Values,
    name_of,
    numbered,
    operands,
    settled,
    stored,
)
from wfcheck.checker.symbolic.state import Walk
from wfcheck.checker.symbolic.taint import (
    Mask,
    Taint,
    always,
    raised,
    union,
)
from wfcheck.checker.symbolic.types import item_type
from wfcheck.dsl import core
from wfcheck.solver import build as b
from wfcheck.solver.term import Term


def tell(walk: Walk, statement: core.Say | core.Ask | core.Send, guard: Term) -> Term:
    """say, ask, send."""
    if isinstance(statement, core.Send):
        guard, values, taints = operands(walk, numbered(statement.values), guard)
        walk.emit("message", statement, guard, values, taints, subject=statement.principal)
        return guard
    guard, values, taints = operands(walk, [("text", statement.value)], guard)
    if isinstance(statement, core.Say):
        walk.emit("say", statement, guard, values, taints, subject=USER)
        return guard
    walk.visit(statement.id)
    walk.emit("ask", statement, guard, values, taints, subject=statement.principal)
    bits = walk.labelling.table.mask((statement.principal,)) & walk.keep
    return heard(
        walk, statement, guard, statement.principal, union(always(bits), walk.pc, walk.doubt(SOURCE_LABELS))
    )


def heard(
    walk: Walk, statement: core.Ask | core.Receive, guard: Term, sender: str | None, mask: Mask
) -> Term:
    """The answer, and the input event that brings it."""
    result = walk.oracle(statement.type, f"{statement.id}.{walk.visits[statement.id]}", guard)
    label = Taint(mask)
    walk.ask("value", statement.id, guard, result, statement.type)
    actors = walk.actors if sender is None else (sender,)
    walk.emit(
        "input",
        statement,
        guard,
        {"text": result},
        {"text": label},
        subject=sender,
        result=result,
        actors=actors,
    )
    settled(walk, mask)
    walk.assign(statement.target, result, label)
    return guard


def receive(walk: Walk, statement: core.Receive, guard: Term) -> Term:
    """receive: label(inbox) + pc."""
    table = walk.labelling.table
    walk.visit(statement.id)
    bits = walk.labelling.inboxes.get(walk.actors[-1], 0) | table.step_sources.get(statement.step, 0)
    bits |= 0 if statement.principal is None else table.mask((statement.principal,))
    mask = union(always(bits & walk.keep), walk.pc)
    return heard(walk, statement, guard, statement.principal, mask)


def remember(walk: Walk, statement: core.Remember, guard: Term) -> Term:
    """remember e into s."""
    named = [("value", statement.value), *([] if statement.key is None else [("key", statement.key)])]
    guard, values, taints = operands(walk, named, guard)
    walk.emit("remember", statement, guard, values, taints, subject=statement.store)
    walk.notes.note("what a store holds")
    return guard


def recall(walk: Walk, statement: core.Recall, guard: Term) -> Term:
    """recall: label(store) + G(where) + pc."""
    mask = walk.pc
    values: Values = {}
    taints: Taints = {}
    if statement.key is not None:
        guard, values, taints = operands(walk, [("key", statement.key)], guard)
        mask = union(mask, walk.taint(statement.key).every)
    held = stored(walk, statement.store, statement.key)
    if statement.condition is not None:
        _chooses(walk, statement, statement.condition, guard)
        chosen = walk.taint(statement.condition, {"it": held}).every
        mask = union(mask, chosen)
        taints["where"] = Taint(chosen)
    label = raised(held, mask)
    result = walk.found(statement.type, name_of(walk, statement.id))
    walk.ask("store", statement.id, guard, result, statement.type, statement.store)
    walk.notes.note("what a store holds")
    walk.emit("recall", statement, guard, values, taints, subject=statement.store, result=result)
    settled(walk, label.every)
    walk.assign(statement.target, result, label)
    return guard


def _chooses(walk: Walk, statement: core.Recall, condition: core.Expr, guard: Term) -> None:
    """The condition has a value for every element of the store."""
    if not walk.over or not walk.certain:
        return
    some = walk.found(item_type(statement.type), f"{statement.id}.it")
    there = walk.flag(f"{statement.id}.held")
    walk.needs(condition, b.and_(guard, there), walk.truth(condition, {("it", "it"): some}).defined)
