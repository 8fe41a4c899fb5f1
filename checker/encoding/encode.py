"""From core expressions to solver terms: the value, and the condition under which there is one.

What no term can say becomes an uninterpreted function of its operands (or a fresh symbol) and is noted in `abstracted`. That only
adds possibilities: what is unsatisfiable stays so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, assert_never

import attrs

from wfcheck.checker.encoding import operators
from wfcheck.checker.encoding.encoded import Encoded, Notes, coerce, shaped, stripped
from wfcheck.checker.encoding.lists import aggregate
from wfcheck.checker.encoding.unseen import unseen
from wfcheck.checker.symbolic.constants import lift
from wfcheck.checker.symbolic.value import (
    Leaf,
    Opaque,
    Record,
    Sequence,
    SymbolicValue,
    build_shape,
    choose,
    equal,
    from_opaque,
    listed_length,
    to_opaque,
)
from wfcheck.dsl import core, types
from wfcheck.dsl.walk import children
from wfcheck.solver import build as b
from wfcheck.solver.sort import DEFAULTS, Sort
from wfcheck.solver.term import App, Const, Term

__all__ = ["Condition", "Encoded", "Environment", "condition", "encode"]

Environment: TypeAlias = Mapping[tuple[str, str], SymbolicValue]
"""By kind and name, as `core.Variable` has them."""

_LAZY = frozenset({"and", "or", "implies", "ite"})


@attrs.frozen
class Condition:
    """A condition may be true, false or without a value."""

    value: Term
    defined: Term

    @property
    def certain(self) -> Term:
        """It is true."""
        return b.and_(self.defined, self.value)

    @property
    def possible(self) -> Term:
        """It is not false: true, or without a value."""
        return b.or_(b.not_(self.defined), self.value)


def condition(expression: core.Expr | None, env: Environment, notes: Notes) -> Condition:
    """A condition; None is true."""
    if expression is None:
        return Condition(b.TRUE, b.TRUE)
    found = encode(expression, env, notes)
    value, defined = coerce(found.value, types.BOOL)
    term = (
        value.term
        if isinstance(value, Leaf) and value.term.sort is Sort.BOOL
        else notes.fresh("?", Sort.BOOL)
    )
    return Condition(term, b.and_(found.defined, defined))


def encode(expression: core.Expr, env: Environment, notes: Notes) -> Encoded:
    """The expression over the environment; depth is bounded by memory only, except of quantifiers in quantifiers."""
    done: dict[int, Encoded] = {}
    stack: list[tuple[core.Expr, bool]] = [(expression, False)]
    while stack:
        top, ready = stack.pop()
        if ready:
            done[id(top)] = _node(top, tuple(done[id(c)] for c in _operands(top)), env, notes)
        elif id(top) not in done:
            stack.append((top, True))
            stack.extend((child, False) for child in _operands(top))
    return done[id(expression)]


def _operands(expression: core.Expr) -> tuple[core.Expr, ...]:
    match expression:
        case core.Quantified(sources=sources):
            return sources
        case core.EarlierEvent():
            return ()
        case _:
            return children(expression)


def _node(expression: core.Expr, args: tuple[Encoded, ...], env: Environment, notes: Notes) -> Encoded:
    match expression:
        case core.Literal(value=value, type=type_):
            return Encoded(lift(value, type_))
        case core.Variable():
            return _variable(expression, env, notes)
        case core.Field(name=name, type=type_):
            return _field(args[0], name, type_)
        case core.Index():
            return _index(expression, args, notes)
        case core.Apply(op=op) if op in _LAZY:
            return _lazy(expression, args)
        case core.Apply():
            return operators.apply(expression, args, notes)
        case core.MakeRecord(fields=fields):
            names = [name for name, _ in fields]
            made = Record({n: a.value for n, a in zip(names, args, strict=True)})
            return Encoded(_fit(made, expression.type), b.and_(*(a.defined for a in args)))
        case core.MakeList(type=type_):
            items = tuple(a.value for a in args)
            return Encoded(Sequence(b.integer(len(items)), items), b.and_(*(a.defined for a in args)))
        case _:
            return _special(expression, args, env, notes)


Special: TypeAlias = core.Quantified | core.Lookup | core.Known | core.LastEvent | core.EarlierEvent


def _special(expression: Special, args: tuple[Encoded, ...], env: Environment, notes: Notes) -> Encoded:
    match expression:
        case core.Quantified():
            return _quantified(expression, args, env, notes)
        case core.Lookup():
            return _lookup(expression, args[0], notes)
        case core.Known() | core.LastEvent() | core.EarlierEvent():
            return _unknown(expression, "what happened earlier", notes)
        case _:
            assert_never(expression)


def _unknown(expression: core.Expr, what: str, notes: Notes) -> Encoded:
    notes.note(what)
    value = build_shape(expression.type, lambda path, sort: notes.fresh(f"?{path}", sort))
    return Encoded(value, notes.fresh("defined", Sort.BOOL))


def _fit(value: Record, type_: types.Type) -> SymbolicValue:
    bare = types.base(type_)
    if not isinstance(bare, types.RecordType):
        return value
    fields = {n: shaped(value.fields[n], t) for n, t in bare.fields if n in value.fields}
    return Record({**fields, **{n: v for n, v in value.fields.items() if n not in fields}})


# ---------------------------------------------------------------- variables and parts


def _variable(expression: core.Variable, env: Environment, notes: Notes) -> Encoded:
    found = env.get((expression.kind, expression.name))
    if found is None:
        return _unknown(expression, f"the value of `{expression.name}`", notes)
    return _read(found, expression.type)


def _read(value: SymbolicValue, type_: types.Type) -> Encoded:
    """A value of `any` that is read as another type has to be of that type."""
    if isinstance(value, Opaque) and not isinstance(types.base(type_), types.AnyType):
        return Encoded(*coerce(value, type_))
    return Encoded(value)


def _field(base: Encoded, name: str, type_: types.Type) -> Encoded:
    base = stripped(base)
    match base.value:
        case Record(fields=fields) if name in fields:
            found = _read(fields[name], type_)
            return Encoded(found.value, b.and_(base.defined, found.defined))
        case Opaque(term=App(detail=str(made), args=parts)) if made.startswith("record:"):
            names: list[str] = made.removeprefix("record:").rsplit("/", 1)[0].split(",")
            if name in names:
                return Encoded(from_opaque(parts[names.index(name)], type_), base.defined)
            return Encoded(from_opaque(base.value.term, type_), b.FALSE)
        case Opaque(term=term):
            part = b.fn(f"field:{name}", Sort.OPAQUE, term)
            return Encoded(
                from_opaque(part, type_), b.and_(base.defined, b.fn(f"has:{name}", Sort.BOOL, term))
            )
        case value:
            return Encoded(from_opaque(to_opaque(value, types.ANY), type_), b.FALSE)


def _index(expression: core.Index, args: tuple[Encoded, ...], notes: Notes) -> Encoded:
    base, index = stripped(args[0]), stripped(args[1])
    defined = b.and_(base.defined, index.defined)
    match base.value, index.value:
        case Sequence(length=length, items=items), Leaf(term=at) if at.sort is Sort.INT:
            inside = b.and_(b.le(b.ZERO, at), b.lt(at, length), b.lt(at, b.integer(len(items))))
            return Encoded(_pick(items, at, expression.type), b.and_(defined, inside))
        case _:
            notes.note("an element of a list or map")
            whole = to_opaque(base.value, expression.base.type)
            key = to_opaque(index.value, expression.index.type)
            there = b.fn("entry?", Sort.BOOL, whole, key)
            value = from_opaque(b.fn("entry", Sort.OPAQUE, whole, key), expression.type)
            match types.base(expression.base.type), index.value:
                case types.ListType(), Leaf(term=at) if at.sort is Sort.INT:
                    there = b.and_(b.le(b.ZERO, at), b.lt(at, listed_length(whole)))
                    if isinstance(base.value, Opaque) and base.value.item is not None:
                        notes.vouched.append((value, base.value.item, there))
            return Encoded(value, b.and_(defined, there))


def _pick(items: tuple[SymbolicValue, ...], at: Term, type_: types.Type) -> SymbolicValue:
    if isinstance(at, Const) and 0 <= at.value < len(items):
        place: int = at.value
        return items[place]
    if not items:
        return build_shape(type_, lambda _, sort: b.const(sort, DEFAULTS[sort]))
    value: SymbolicValue = items[-1]
    for i in range(len(items) - 2, -1, -1):
        value = choose(b.eq(at, b.integer(i)), items[i], value)
    return value


def _lookup(expression: core.Lookup, key: Encoded, notes: Notes) -> Encoded:
    table = notes.program.tables[expression.table]
    row_type = types.base(table.type)
    assert isinstance(row_type, types.RecordType)
    key = stripped(key)
    key_type = row_type.field(table.key) or types.ANY
    wanted, fits = coerce(key.value, key_type)
    rows = [(equal(wanted, lift(row[table.key], key_type)), lift(row, row_type)) for row in table.rows]
    value = rows[-1][1] if rows else build_shape(row_type, lambda p, s: notes.fresh(p, s))
    for same, row in reversed(rows[:-1]):
        value = choose(same, row, value)
    return Encoded(value, b.and_(key.defined, fits, b.or_(*(same for same, _ in rows))))


# ---------------------------------------------------------------- lazy operators and quantifiers


def _truth(argument: Encoded) -> Encoded:
    argument = stripped(argument)
    value, fits = coerce(argument.value, types.BOOL)
    if isinstance(value, Leaf) and value.term.sort is Sort.BOOL:
        return Encoded(value, b.and_(argument.defined, fits))
    return Encoded(Leaf(b.FALSE), b.FALSE)


def term_of(argument: Encoded) -> Term:
    """The term of a scalar."""
    assert isinstance(argument.value, Leaf)
    return argument.value.term


def _lazy(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded:
    first = _truth(args[0])
    decided = term_of(first)
    if expression.op == "ite":
        then = shaped(args[1].value, expression.type)
        otherwise = shaped(args[2].value, expression.type)
        branch = b.ite(decided, args[1].defined, args[2].defined)
        return Encoded(choose(decided, then, otherwise), b.and_(first.defined, branch))
    second = _truth(args[1])
    term, goes_on = {
        "and": (b.and_(decided, term_of(second)), decided),
        "or": (b.or_(decided, term_of(second)), b.not_(decided)),
        "implies": (b.implies(decided, term_of(second)), decided),
    }[expression.op]
    return Encoded(Leaf(term), b.and_(first.defined, b.implies(goes_on, second.defined)))


def _quantified(
    expression: core.Quantified, sources: tuple[Encoded, ...], env: Environment, notes: Notes
) -> Encoded:
    lists = [stripped(s) for s in sources]
    defined = b.and_(*(s.defined for s in lists))
    known = [s.value for s in lists if isinstance(s.value, Sequence)]
    if len(known) < len(lists):
        what = "a quantifier over a list of any length"
        notes.note(what)
        whole = unseen(expression, lists, env) or _unknown(expression, what, notes)
        return Encoded(whole.value, b.and_(defined, whole.defined))
    rounds: list[tuple[Term, Encoded]] = []
    for i in range(min(len(s.items) for s in known)):
        bound = {("bound", name): s.items[i] for name, s in zip(expression.binders, known, strict=True)}
        there = b.and_(*(b.lt(b.integer(i), s.length) for s in known))
        rounds.append((there, encode(expression.body, {**env, **bound}, notes)))
    result = aggregate(expression, rounds, notes)
    return Encoded(result.value, b.and_(defined, result.defined))
