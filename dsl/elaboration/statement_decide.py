"""The cases of a `match` as nested decisions, balanced where there are many."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.call import check_type
from wfcheck.dsl.elaboration.consistency import is_option, present
from wfcheck.dsl.elaboration.frame import Frame
from wfcheck.dsl.source import Span
from wfcheck.dsl.types import BOOL, SetType, Type

LINEAR = 12
"""More cases than this become a balanced tree of decisions."""

Blocks = Callable[[Frame, syntax.Block], core.Block]


@attrs.frozen
class Arm:
    """One case: the constants it takes (None: everything else), what it binds, and where it stands."""

    values: tuple[core.Literal, ...] | None
    binder: syntax.Ident | None
    absent_excluded: bool
    case: syntax.Case


def decide(frame: Frame, subject: core.Expr, arms: Sequence[Arm], block: Blocks, span: Span) -> core.Block:
    """Nested decisions in the order of the cases; the last case needs no test, for the cases are exhaustive."""
    if not arms:
        return ()
    if len(arms) == 1:
        return _body(frame, subject, arms[0], block)
    if len(arms) > LINEAR and all(arm.values is not None for arm in arms[:-1]):
        return _split(frame, subject, arms, block, span)
    first = arms[0]
    identifier = frame.fresh()
    then = _body(frame, subject, first, block)
    with frame.opened(first.case.span):
        rest = () if frame.too_deep else decide(frame, subject, arms[1:], block, span)
    return (core.If(identifier, _test(subject, first), then, rest, span=_place(first)),)


def _split(frame: Frame, subject: core.Expr, arms: Sequence[Arm], block: Blocks, span: Span) -> core.Block:
    half = len(arms) // 2
    identifier = frame.fresh()
    low = [v for arm in arms[:half] for v in arm.values or ()]
    then = decide(frame, subject, arms[:half], block, span)
    rest = decide(frame, subject, arms[half:], block, span)
    return (core.If(identifier, _among(subject, low, span), then, rest, span=span),)


def _place(arm: Arm) -> Span:
    return arm.case.patterns[0].span


def _test(subject: core.Expr, arm: Arm) -> core.Expr:
    span = _place(arm)
    if arm.values is None:
        absent = core.Literal(None, subject.type, span=span)
        return core.Apply("!=", (subject, absent), BOOL, span=span)
    return _among(subject, list(arm.values), span)


def _among(subject: core.Expr, values: list[core.Literal], span: Span) -> core.Expr:
    if len(values) == 1:
        return core.Apply("==", (subject, values[0]), BOOL, span=span)
    item: Type = subject.type
    group = core.Literal(tuple(v.value for v in values), SetType(item), span=span)
    return core.Apply("in", (subject, group), BOOL, span=span)


def _body(frame: Frame, subject: core.Expr, arm: Arm, block: Blocks) -> core.Block:
    if arm.binder is None:
        return block(frame, arm.case.block)
    type_ = present(subject.type) if arm.absent_excluded or _only_present(subject, arm) else subject.type
    with frame.opened(arm.case.span) as out:
        value = attrs.evolve(subject, type=type_)
        check_type(frame, type_, frame.expected(arm.binder), arm.binder, arm.binder.span)
        name = frame.bind(arm.binder, type_)
        frame.emit(core.Let(frame.fresh(), name, value, span=arm.binder.span))
    return (*out, *block(frame, arm.case.block))


def _only_present(subject: core.Expr, arm: Arm) -> bool:
    """A binder after `case none` holds a value that is there."""
    return arm.binder is not None and is_option(subject.type)
