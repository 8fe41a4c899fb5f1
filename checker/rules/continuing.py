"""Whether a run can still end after an act was denied: by the shape of what comes after, whatever the run has done so far.

An agent whose act is denied may hand back its result at once; a call of a workflow that is denied has failed, and the handler
of a `retry` around it goes on. What follows can be completed if every statement of it has some outcome that lets the run go on.
Loops whose number of rounds is not known beforehand, and expressions that may err, are taken for what may keep a run from ending."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import assert_never

from wfcheck.checker.reference.minimal import NoValueError, minimal
from wfcheck.dsl import core, types
from wfcheck.dsl.types import Type
from wfcheck.dsl.walk import blocks, expressions, statements, subexpressions

_TOTAL = frozenset(
    {"and", "or", "not", "implies", "ite", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "in", "like", "matches",
     "startswith", "endswith", "contains", "length", "lower", "upper", "trim"}
)  # fmt: skip
"""Operators that have a value wherever their operands do."""


def obstacle(program: core.Program, workflow: core.Workflow, node: core.NodeId) -> str | None:
    """Why a run in which an act of the statement was denied may have no end; None if it always has one."""
    found = _after(program, workflow.body, node)
    return "nothing is known of what follows" if found is None else next(iter(found), None)


def _after(program: core.Program, block: core.Block, node: core.NodeId) -> list[str] | None:
    """The obstacles from the statement on; None if it is not in the block."""
    for index, statement in enumerate(block):
        inside = _from(program, statement, node)
        if inside is not None:
            return [*inside, *_in_block(program, block[index + 1 :])]
    return None


def _from(program: core.Program, statement: core.Statement, node: core.NodeId) -> list[str] | None:
    if statement.id == node:
        return _denied(program, statement)
    if isinstance(statement, core.Retry):
        return _from_retry(program, statement, node)
    for index, block in enumerate(blocks(statement)):
        inside = _after(program, block, node)
        if inside is not None:
            others = [b for i, b in enumerate(blocks(statement)) if i != index]
            return [*inside, *_around(program, statement, others)]
    return None


def _from_retry(program: core.Program, statement: core.Retry, node: core.NodeId) -> list[str] | None:
    """What is denied in the body is another failure of it: the handler goes on."""
    handler = statement.handler
    if handler is not None and (inside := _after(program, handler, node)) is not None:
        return inside
    inside = _after(program, statement.body, node)
    if inside is None or handler is None:
        return inside
    own = next(s for s in statements(statement.body) if s.id == node)
    again = _in_block(program, statement.body) if statement.attempts > 1 else ()
    return [*again, *_in_block(program, handler)] if isinstance(own, core.Call) else inside


def _around(program: core.Program, statement: core.Statement, others: Sequence[core.Block]) -> list[str]:
    """What the statement that holds the denied act still has to do."""
    match statement:
        case core.Parallel():
            return [reason for block in others for reason in _in_block(program, block)]
        case core.For() | core.While():
            return list(_statement(program, statement))
        case core.Scope(ensures=ensures) if ensures:
            return ["an inlined workflow promises something of its result"]
        case _:
            return []


def _denied(program: core.Program, statement: core.Statement) -> list[str]:
    """What the statement needs after the denial; a call outside of a handled `retry` ends the run."""
    if isinstance(statement, core.Agent):
        return list(_statement(program, statement))
    return ["a call of the workflow that fails outside of `retry ... on error` ends the run"]


def _in_block(program: core.Program, block: core.Block) -> Iterable[str]:
    for statement in block:
        yield from _statement(program, statement)
        if isinstance(statement, core.Stop | core.Return):
            return


def _statement(program: core.Program, statement: core.Statement) -> Iterable[str]:
    """Why the statement may have no outcome with which the run goes on."""
    match statement:
        case core.While():
            yield "a `repeat` may go on without end"
            return
        case core.For(maximum=maximum) if maximum is not None:
            yield "a list may be longer than the `max` of its loop"
        case core.Agent(may=may, ensures=ensures, context=context, type=type_):
            yield from _made(type_, ensures)
            yield from _erring(context)
            del may
            return
        case core.Llm(type=type_, ensures=ensures):
            yield from _made(type_, ensures)
        case core.Call(tool=symbol):
            tool = program.tools[symbol]
            yield from _made(tool.result, () if _solvable(tool.ensures) else tool.ensures)
        case core.ReleaseCall(release=release):
            yield from _made(program.releases[release].result, ())
        case core.Ask(type=type_) | core.Receive(type=type_) | core.Recall(type=type_):
            yield from _made(type_, ())
        case core.Scope(ensures=ensures) if ensures:
            yield "an inlined workflow promises something of its result"
        case _:
            pass
    yield from _erring(expressions(statement))
    for block in blocks(statement):
        yield from _in_block(program, block)


def _made(type_: Type, ensures: tuple[core.Condition, ...]) -> Iterable[str]:
    """Some value of the type that keeps the promises is known to exist."""
    if ensures:
        yield f"`{ensures[0].name}` may leave no result"
    elif not _inhabited(type_):
        yield f"no value of `{types.show(type_)}` is known"


def _inhabited(type_: Type) -> bool:
    try:
        minimal(type_)
    except NoValueError:
        return False
    return True


def _solvable(ensures: tuple[core.Condition, ...]) -> bool:
    """Each says that a field of its own of the result equals something else: then there is such a result."""
    paths = [_pinned(c.condition) for c in ensures]
    return None not in paths and len(set(paths)) == len(paths)


def _pinned(condition: core.Expr) -> str | None:
    """The field of the result that an equation determines, and whose type admits any value."""
    if not isinstance(condition, core.Apply) or condition.op != "==":
        return None
    first, second = condition.args
    for one, other in ((first, second), (second, first)):
        speaks = any(isinstance(e, core.Variable) and e.kind == "result" for e in subexpressions(other))
        field = (
            isinstance(one, core.Field) and isinstance(one.base, core.Variable) and one.base.kind == "result"
        )
        plain = isinstance(one.type, types.Scalar) and one.type == other.type
        if isinstance(one, core.Field) and field and plain and not speaks and not list(_erring((other,))):
            return one.name
    return None


def _erring(parts: Iterable[core.Expr]) -> Iterable[str]:
    """Expressions of which it is not plain that they have a value."""
    if any(_may_err(e) for part in parts for e in subexpressions(part)):
        yield "an expression may have no value"


def _may_err(expression: core.Expr) -> bool:
    match expression:
        case core.Literal() | core.MakeRecord() | core.MakeList():
            return False
        case core.Variable(kind=kind):
            return kind not in ("local", "argument", "now", "bound", "it")
        case core.Field(base=base):
            return not isinstance(types.base(base.type), types.RecordType)
        case core.Quantified(kind=kind):
            return kind not in ("any", "all", "count")
        case core.Apply(op=op, args=args):
            gradual = any(isinstance(types.base(a.type), types.AnyType | types.OptionType) for a in args)
            return op not in _TOTAL or (gradual and op not in ("==", "!=", "and", "or", "not", "ite"))
        case core.Index() | core.Lookup() | core.Known() | core.LastEvent() | core.EarlierEvent():
            return True
        case _:
            assert_never(expression)
