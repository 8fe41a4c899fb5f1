"""`match`: cases become nested decisions; every value must have its case."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from wfcheck.dsl import core, syntax
from wfcheck.dsl.diagnostic import Severity
from wfcheck.dsl.elaboration.consistency import comparable, is_any, is_option, present
from wfcheck.dsl.elaboration.expression import constant, elaborate_expression
from wfcheck.dsl.elaboration.frame import Frame
from wfcheck.dsl.elaboration.names import did_you_mean, listing
from wfcheck.dsl.elaboration.statement_decide import Arm, Blocks, decide
from wfcheck.dsl.source import Span
from wfcheck.dsl.types import BOOL, members, show


@attrs.define
class Seen:
    """What earlier cases have taken."""

    taken: dict[core.Value, Span] = attrs.field(factory=dict)
    everything: Span | None = None


def match_statement(frame: Frame, source: syntax.MatchStatement, block: Blocks) -> None:
    """`match e { case pattern, ... { } ... }`; exhaustive over enums, bool and options, else with `_` or a binder."""
    subject = _subject(frame, frame.expression(source.subject))
    seen = Seen()
    arms = []
    for case in source.cases:
        arm = _arm(frame, subject, case, seen)
        if arm is None or arm.values == ():
            _discard(frame, case, block)
        else:
            arms.append(arm)
    _exhaustive(frame, subject, seen, source)
    for statement in decide(frame, subject, arms, block, source.span):
        frame.emit(statement)


def _discard(frame: Frame, case: syntax.Case, block: Blocks) -> None:
    """A case that is never taken is checked like the others."""
    before = frame.shared.statements
    block(frame, case.block)
    frame.shared.statements = before


def _subject(frame: Frame, subject: core.Expr) -> core.Expr:
    """The subject as something that may stand in every condition."""
    inner = subject
    while isinstance(inner, core.Field):
        inner = inner.base
    if isinstance(inner, core.Variable):
        return subject
    identifier = frame.fresh()
    kept = frame.temporary("match", identifier, subject.type, subject.span)
    frame.emit(core.Let(identifier, kept.name, subject, span=subject.span))
    return kept


# ---------------------------------------------------------------- patterns


def _arm(frame: Frame, subject: core.Expr, case: syntax.Case, seen: Seen) -> Arm | None:
    values: list[core.Literal] = []
    for pattern in case.patterns:
        catching = _catches(subject, pattern)
        if seen.everything is not None:
            _unreachable(frame, pattern.span, seen.everything)
        elif catching:
            return _catch(frame, subject, case, pattern, seen)
        else:
            values.extend(_value(frame, subject, pattern, seen))
    return Arm(tuple(values), None, False, case)


def _catches(subject: core.Expr, pattern: syntax.CasePattern) -> bool:
    """The pattern is `_` or a binder: a name that is no member."""
    if not isinstance(pattern.value, syntax.Name):
        return False
    name = pattern.value.text
    known = members(present(subject.type))
    if name == "_":
        return True
    return name not in known if known is not None and is_option(subject.type) else known is None


def _catch(
    frame: Frame, subject: core.Expr, case: syntax.Case, pattern: syntax.CasePattern, seen: Seen
) -> Arm | None:
    name = pattern.value.text if isinstance(pattern.value, syntax.Name) else "_"
    if len(case.patterns) > 1:
        frame.context.report(
            "WF434",
            f"`{name}` takes everything and stands alone in its case",
            pattern.span,
            help="leave the other patterns out",
        )
    if _complete(subject, seen):
        _unreachable(frame, pattern.span, None)
        return None
    binds_present = name != "_" and is_option(subject.type) and None not in seen.taken
    if not binds_present:
        seen.everything = pattern.span
        return Arm(None, _binder(pattern), False, case)
    _take_all_but_none(subject, seen, pattern.span)
    return Arm(None, _binder(pattern), True, case)


def _take_all_but_none(subject: core.Expr, seen: Seen, span: Span) -> None:
    """A binder of an option takes every value that is there; `none` is still to come."""
    known = members(present(subject.type))
    for value in known or ():
        seen.taken.setdefault(value, span)
    seen.taken.setdefault(_PRESENT, span)


_PRESENT = "\x00present"
"""Stands in `Seen.taken` for every value of an option but `none`."""


def _binder(pattern: syntax.CasePattern) -> syntax.Ident | None:
    value = pattern.value
    if not isinstance(value, syntax.Name) or value.text == "_":
        return None
    return syntax.Ident(value.text, span=value.span)


def _value(
    frame: Frame, subject: core.Expr, pattern: syntax.CasePattern, seen: Seen
) -> tuple[core.Literal, ...]:
    literal = _constant(frame, subject, pattern)
    if literal is None:
        return ()
    first = seen.taken.get(literal.value) or (None if literal.value is None else seen.taken.get(_PRESENT))
    if first is not None:
        frame.context.report(
            "WF432",
            "an earlier case takes this value already",
            pattern.span,
            labels=[(first, "taken here")],
            help="leave this pattern out",
        )
        return ()
    seen.taken[literal.value] = pattern.span
    return (literal,)


def _constant(frame: Frame, subject: core.Expr, pattern: syntax.CasePattern) -> core.Literal | None:
    type_ = present(subject.type)
    known = members(type_)
    if known is not None and isinstance(pattern.value, syntax.Name | syntax.TextLit):
        return _member(frame, subject, pattern.value, known)
    env = frame.pure("a case")
    expected = None if is_any(type_) or isinstance(pattern.value, syntax.NoneLit) else type_
    written = elaborate_expression(frame.context, env, pattern.value, expected)
    value = constant(written)
    if value is not None and value.value is None and not isinstance(pattern.value, syntax.NoneLit):
        return None
    if isinstance(pattern.value, syntax.NoneLit) and not comparable(written.type, subject.type):
        value = None
    if value is not None and not isinstance(value.value, tuple | dict):
        if value.value is None and not (is_option(subject.type) or is_any(subject.type)):
            _not_optional(frame, subject, pattern)
            return None
        return core.Literal(value.value, written.type, span=pattern.span)
    if not is_any(written.type):
        frame.context.report(
            "WF433", "a case takes constants only", pattern.span, help="test other values with `if`"
        )
    return None


def _not_optional(frame: Frame, subject: core.Expr, pattern: syntax.CasePattern) -> None:
    frame.context.report(
        "WF433",
        f"`none` is no value of {show(subject.type)}",
        pattern.span,
        help="leave this case out",
    )


def _member(
    frame: Frame, subject: core.Expr, written: syntax.Name | syntax.TextLit, known: tuple[str, ...]
) -> core.Literal | None:
    name = written.text if isinstance(written, syntax.Name) else written.value
    if name in known:
        return core.Literal(name, present(subject.type), span=written.span)
    frame.context.report(
        "WF435",
        f"`{name}` is no member of {show(present(subject.type))}",
        written.span,
        notes=[f"its members are {listing(known[:20])}"],
        help=did_you_mean(name, known),
    )
    return None


# ---------------------------------------------------------------- exhaustiveness


def _domain(subject: core.Expr) -> tuple[core.Value, ...] | None:
    """All values of the subject, where they can be listed."""
    type_ = present(subject.type)
    absent: tuple[core.Value, ...] = (None,) if is_option(subject.type) else ()
    known = members(type_)
    if known is not None:
        return (*known, *absent)
    if comparable(type_, BOOL) and not is_any(type_):
        return (True, False, *absent)
    return (_PRESENT, *absent) if is_option(subject.type) else None


def _complete(subject: core.Expr, seen: Seen) -> bool:
    domain = _domain(subject)
    return seen.everything is not None or (domain is not None and not _left(domain, seen))


def _left(domain: Sequence[core.Value], seen: Seen) -> list[core.Value]:
    covered = _PRESENT in seen.taken
    return [v for v in domain if v not in seen.taken and not (covered and v is not None)]


def _exhaustive(frame: Frame, subject: core.Expr, seen: Seen, source: syntax.MatchStatement) -> None:
    if _complete(subject, seen):
        return
    domain = _domain(subject)
    left = [] if domain is None else [_shown(v) for v in _left(domain, seen)]
    missing = f": {listing(left[:20])}" if left else ""
    frame.context.report(
        "WF430",
        f"the cases do not cover every value of {show(subject.type)}{missing}",
        source.subject.span,
        help=f"add `case {left[0]} {{ }}` or `case _ {{ }}`" if left else "add `case _ { }`",
    )


def _shown(value: core.Value) -> str:
    if value is None:
        return "none"
    if value == _PRESENT:
        return "x"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _unreachable(frame: Frame, span: Span, everything: Span | None) -> None:
    frame.context.report(
        "WF431",
        "this case is never reached: the cases before take every value",
        span,
        severity=Severity.WARNING,
        labels=[(everything, "this takes everything")],
        help="leave it out, or move it up",
    )
