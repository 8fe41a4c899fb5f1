"""Quantifiers over lists whose elements no term shows: a function of the list and of what the body captures.

The same quantifier over the same list has one value wherever it stands (in a workflow's condition and in a rule), whatever the names;
`all x: p` is `not any x: not p`."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from wfcheck.checker.encoding.encoded import Encoded, has_any
from wfcheck.checker.symbolic.value import (
    Leaf,
    Opaque,
    Option,
    SymbolicValue,
    from_opaque,
    sort_of,
    to_opaque,
)
from wfcheck.dsl import core, types
from wfcheck.dsl.values.operators import OPERATORS
from wfcheck.dsl.walk import children, subexpressions
from wfcheck.solver import build as b
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Term


@attrs.frozen
class _Shape:
    """A body in prefix notation, with what it captures in order."""

    text: str
    captured: tuple[Term, ...]


def unseen(
    expression: core.Quantified, sources: list[Encoded], env: Mapping[tuple[str, str], SymbolicValue]
) -> Encoded | None:
    """None: the body reads what has no value here."""
    kind, body = _positive(expression)
    shape = _shape(body, expression.binders, env)
    if shape is None:
        return None
    lists = [to_opaque(s.value, e.type) for s, e in zip(sources, expression.sources, strict=True)]
    name = f"{kind} {len(lists)} {shape.text}"
    arguments = (*lists, *shape.captured)
    sure = all(isinstance(s.value, Opaque) and _known(s.value.item) for s in sources) and _total(
        expression, env
    )
    defined = b.TRUE if sure else b.fn(f"defined {name}", Sort.BOOL, *arguments)
    if kind == "any":
        value = b.fn(name, Sort.BOOL, *arguments)
        return Encoded(Leaf(value if expression.kind == "any" else b.not_(value)), defined)
    found = from_opaque(b.fn(name, Sort.OPAQUE, *arguments), expression.type)
    if kind == "count" and isinstance(found, Leaf):
        found = Leaf(b.ite(b.lt(found.term, b.ZERO), b.ZERO, found.term))
    return Encoded(found, defined)


def _known(item: types.Type | None) -> bool:
    return item is not None and not has_any(item)


def _positive(expression: core.Quantified) -> tuple[str, core.Expr]:
    body, negated = expression.body, expression.kind == "all"
    if expression.kind not in ("any", "all"):
        return expression.kind, body
    while isinstance(body, core.Apply) and body.op in ("not", "!="):
        body, negated = _opposite(body), not negated
    if negated:
        body = core.Apply("not", (body,), types.BOOL, span=body.span)
    return "any", body


def _opposite(body: core.Apply) -> core.Expr:
    if body.op == "not":
        return body.args[0]
    return core.Apply("==", body.args, types.BOOL, span=body.span)


def _shape(
    body: core.Expr, binders: tuple[str, ...], env: Mapping[tuple[str, str], SymbolicValue]
) -> _Shape | None:
    words: list[str] = []
    captured: list[Term] = []
    inner = {n for e in subexpressions(body) if isinstance(e, core.Quantified) for n in e.binders}
    for part in subexpressions(body):
        match part:
            case core.Variable(name=name, kind="bound") if name in binders and name not in inner:
                words.append(f"b{binders.index(name)}")
            case core.Variable(name=name, kind="bound") if name in inner:
                words.append(f"i{name}")
            case core.Variable(name=name, kind=kind, type=type_):
                value = env.get((kind, name))
                if value is None:
                    return None
                words.append(f"v{len(captured)}")
                captured.append(to_opaque(value, type_))
            case core.Known() | core.LastEvent() | core.EarlierEvent():
                return None
            case _:
                words.append(f"{_word(part)}/{len(children(part))}")
    return _Shape(" ".join(words), tuple(captured))


def _word(part: core.Expr) -> str:
    match part:
        case core.Literal(value=value, type=type_):
            return f"{types.show(type_)}:{value!r}"
        case core.Field(name=name):
            return f".{name!r}"
        case core.Apply(op=op):
            return op
        case core.MakeRecord(fields=fields):
            return f"record{[name for name, _ in fields]!r}"
        case core.Quantified(kind=kind, binders=binders):
            return f"{kind}{binders!r}"
        case core.Lookup(table=table):
            return f"table {table!r}"
        case _:
            return type(part).__name__


def _total(expression: core.Quantified, env: Mapping[tuple[str, str], SymbolicValue]) -> bool:
    """Whether the body has a value whatever the elements are."""
    return all(_never_errs(part, env) for part in subexpressions(expression.body))


def _never_errs(part: core.Expr, env: Mapping[tuple[str, str], SymbolicValue]) -> bool:
    match part:
        case core.Literal():
            return True
        case core.Variable(type=type_, kind="bound") | core.Field(type=type_):
            return _plain(type_)
        case core.Variable(name=name, kind=kind, type=type_):
            return _plain(type_) and not isinstance(env.get((kind, name)), Opaque | Option)
        case core.Apply(op=op, args=args):
            operator = OPERATORS[op]
            zones = any(types.base(a.type) == types.TIME for a in args)
            return not operator.errs and not operator.heuristic and not zones
        case core.MakeList():
            return True
        case _:
            return False


def _plain(type_: types.Type) -> bool:
    return sort_of(type_) is not None or (
        isinstance(types.base(type_), types.RecordType) and not has_any(type_)
    )
