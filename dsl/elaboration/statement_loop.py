"""Loops, retries and parallel branches."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.call import check_type
from wfcheck.dsl.elaboration.consistency import item_of
from wfcheck.dsl.elaboration.frame import Frame
from wfcheck.dsl.elaboration.surface_walk import targets
from wfcheck.dsl.types import ANY, ListType, MapType, Type, base, show

Blocks: TypeAlias = Callable[[Frame, syntax.Block], core.Block]
"""Elaborates a nested block."""


def for_each(frame: Frame, source: syntax.ForStatement, block: Blocks) -> None:
    """`for item in xs [max n] { }`; of a map the keys."""
    listed = frame.expression(source.source)
    item = item_of(listed.type)
    if item is None:
        frame.context.report(
            "WF415",
            f"`for` goes through a list or the keys of a map, and this is {show(listed.type)}",
            source.source.span,
            help="write a list",
        )
    type_: Type = ANY if item is None else item
    if isinstance(base(listed.type), MapType):
        listed = core.Apply("keys", (listed,), ListType(type_), span=listed.span)
    maximum = None if source.maximum is None else frame.count(source.maximum, "the bound of a loop")
    identifier = frame.fresh()
    check_type(frame, type_, frame.expected(source.item), source.item, source.item.span)
    name = frame.bind(source.item, type_)
    frame.forget(targets(source.body))
    body = block(frame, source.body)
    frame.emit(core.For(identifier, name, listed, maximum, body, span=source.span))


def repeat(frame: Frame, source: syntax.RepeatStatement, block: Blocks) -> None:
    """`repeat [max n] while cond { }`. Steps called in the condition run before the loop and after each iteration."""
    frame.forget(targets(source.body))
    before = len(frame.out)
    condition = frame.condition(source.condition)
    steps = len(frame.out) > before
    if steps:
        condition = _named(frame, condition, None)
    maximum = None if source.maximum is None else frame.count(source.maximum, "the bound of a loop")
    identifier = frame.fresh()
    invariants = frame.contracts(source.invariants, identifier, "invariant", {})
    with frame.knowing(condition, True):
        body = block(frame, source.body)
    if steps and isinstance(condition, core.Variable):
        with frame.opened(source.span) as again:
            _named(frame, frame.condition(source.condition), condition.name)
        body = (*body, *again)
    frame.emit(core.While(identifier, condition, maximum, invariants, body, span=source.span))


def _named(frame: Frame, value: core.Expr, name: str | None) -> core.Expr:
    """Keeps the value in a temporary, so that the steps it needs run exactly here."""
    identifier = frame.fresh()
    target = name or frame.temporary("while", identifier, value.type, value.span).name
    frame.emit(core.Let(identifier, target, value, span=value.span))
    return core.Variable(target, "local", value.type, span=value.span)


def parallel(frame: Frame, source: syntax.ParallelStatement, block: Blocks) -> None:
    """`parallel { branch { } ... }`."""
    identifier = frame.fresh()
    branches = tuple(block(frame, branch) for branch in source.branches)
    frame.emit(core.Parallel(identifier, branches, span=source.span))


def retry(frame: Frame, source: syntax.RetryStatement, block: Blocks) -> None:
    """`retry n { } [on error { }]`."""
    attempts = frame.count(source.attempts, "the number of attempts")
    identifier = frame.fresh()
    body = block(frame, source.body)
    handler = None if source.handler is None else block(frame, source.handler)
    frame.emit(core.Retry(identifier, attempts, body, handler, span=source.span))
