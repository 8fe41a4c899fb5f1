"""Values of a symbolic execution: trees of solver terms that follow the types of the language.

Scalars are terms of their sort; dates are days and times and durations microseconds (INT), times without a zone shifted by
`NAIVE`. A list whose elements are known is a `Sequence`; other lists, maps and `any` are `Opaque`: only equality is known of them,
and whatever is read from them is an uninterpreted function of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TypeAlias, assert_never

import attrs

from wfcheck.dsl import types
from wfcheck.solver import build as b
from wfcheck.solver.sort import DEFAULTS, Sort
from wfcheck.solver.term import App, Const, Term

DAY = 86_400_000_000
NAIVE = 1 << 70


@attrs.frozen
class Leaf:
    """A scalar or enum member."""

    term: Term


@attrs.frozen
class Record:
    fields: Mapping[str, SymbolicValue]


@attrs.frozen
class Option:
    """Absent where `present` is false; then `value` means nothing."""

    present: Term
    value: SymbolicValue


@attrs.frozen
class Sequence:
    """The first `length` of the items."""

    length: Term
    items: tuple[SymbolicValue, ...]


@attrs.frozen
class Opaque:
    """A value of which only equality is known. `item`: it is a list (or map) whose
    elements (keys) are known to have this type, refinements included."""

    term: Term
    item: types.Type | None = None


SymbolicValue: TypeAlias = Leaf | Record | Option | Sequence | Opaque
NONE = Option(b.FALSE, Opaque(b.opaque(("none", None))))
ABSENT = b.opaque(("none", None))


def sort_of(type_: types.Type) -> Sort | None:
    """The sort of a scalar or enum type, or None."""
    match types.base(type_):
        case types.Scalar(name="bool"):
            return Sort.BOOL
        case types.Scalar(name="int" | "date" | "time" | "duration"):
            return Sort.INT
        case types.Scalar(name="decimal"):
            return Sort.REAL
        case types.Scalar() | types.EnumType():
            return Sort.TEXT
        case _:
            return None


def kind_of(type_: types.Type) -> str:
    """How values of a scalar type are told apart inside `any`: as the meanings of the operators do."""
    match types.base(type_):
        case types.Scalar(name="bool" | "date" | "time" | "duration" as name):
            return name
        case types.Scalar(name="int" | "decimal"):
            return "number"
        case _:
            return "text"


# ---------------------------------------------------------------- constants


def default(type_: types.Type) -> SymbolicValue:
    """Some value of the shape of the type."""
    return build_shape(type_, lambda _, sort: b.const(sort, DEFAULTS[sort]))


def build_shape(
    type_: types.Type, make: Callable[[str, Sort], Term], name: str = "", *, vouched: bool = False
) -> SymbolicValue:
    """A tree of the shape of the type; `make` gives the term of each leaf by its path and sort. Lists are opaque;
    `vouched`: their elements are of their type, refinements included."""
    bare = types.base(type_)
    sort = sort_of(bare)
    match bare:
        case types.RecordType(fields=fields):
            return Record({n: build_shape(t, make, f"{name}.{n}", vouched=vouched) for n, t in fields})
        case types.OptionType(base=inner):
            there = make(f"{name}?", Sort.BOOL)
            return Option(there, build_shape(inner, make, f"{name}!", vouched=vouched))
        case types.ListType(item=item) | types.MapType(key=item) if vouched:
            return Opaque(make(name, Sort.OPAQUE), item)
        case _:
            return Opaque(make(name, Sort.OPAQUE)) if sort is None else Leaf(make(name, sort))


# ---------------------------------------------------------------- any


def to_opaque(value: SymbolicValue, type_: types.Type) -> Term:
    """The value as something of which only equality is known."""
    match value:
        case Opaque(term=term):
            return term
        case Leaf(term=term):
            return _inject(term, _kind(term, type_))
        case Option(present=present, value=inner):
            base = types.base(type_)
            of = base.base if isinstance(base, types.OptionType) else base
            return b.ite(present, to_opaque(inner, of), ABSENT)
        case Record(fields=fields):
            known = dict(base.fields) if isinstance(base := types.base(type_), types.RecordType) else {}
            parts = [to_opaque(v, known.get(n, types.ANY)) for n, v in fields.items()]
            return _make("record:" + ",".join(fields), parts)
        case Sequence(length=length, items=items):
            base = types.base(type_)
            item = base.item if isinstance(base, types.ListType | types.SetType) else types.ANY
            return _make("list", [length, *(to_opaque(v, item) for v in items)])
        case _:
            assert_never(value)


_KINDS = {Sort.BOOL: "bool", Sort.REAL: "number", Sort.TEXT: "text"}


def _kind(term: Term, type_: types.Type) -> str:
    known = sort_of(type_) is term.sort
    return kind_of(type_) if known else _KINDS.get(term.sort, "unknown")


def _inject(term: Term, kind: str) -> Term:
    if isinstance(term, Const) and kind != "unknown":
        value = Fraction(term.value) if kind == "number" else term.value
        return b.opaque((kind, value))
    return b.fn(f"any:{kind}:{term.sort.value}", Sort.OPAQUE, term)


def _make(name: str, parts: list[Term]) -> Term:
    return b.fn(f"{name}/{len(parts)}", Sort.OPAQUE, *parts) if parts else b.opaque(("map", ()))


def from_opaque(term: Term, type_: types.Type) -> SymbolicValue:
    """What a value of `any` is if it is of the type; what it is otherwise is left open."""

    def read(path: str, sort: Sort) -> Term:
        if sort is Sort.OPAQUE and not path:
            return term
        return _project(term, path, sort, kind_of(type_))

    return build_shape(type_, read)


def _project(term: Term, path: str, sort: Sort, kind: str) -> Term:
    if not path and isinstance(term, App) and term.detail == f"any:{kind}:{sort.value}":
        return term.args[0]
    if not path and isinstance(term, Const) and term.value[0] == kind:
        value = term.value[1]
        if sort is Sort.REAL:
            return b.rational(value)
        if sort is not Sort.INT or Fraction(value).denominator == 1:
            return b.const(sort, int(value) if sort is Sort.INT else value)
    return b.fn(f"as:{kind}:{sort.value}{path}", sort, term)


def listed_length(term: Term) -> Term:
    """How many elements a list has of which nothing else is known."""
    count = b.fn("listed", Sort.INT, term)
    return b.ite(b.lt(count, b.ZERO), b.ZERO, count)


# ---------------------------------------------------------------- joins and equality


def choose(condition: Term, then: SymbolicValue, otherwise: SymbolicValue) -> SymbolicValue:
    """`then` where the condition holds, else `otherwise`."""
    if then is otherwise or condition is b.TRUE:
        return then
    if condition is b.FALSE:
        return otherwise
    match then, otherwise:
        case Leaf(term=t), Leaf(term=o) if t.sort is o.sort:
            return Leaf(b.ite(condition, t, o))
        case Record(fields=t), Record(fields=o) if t.keys() == o.keys():
            return Record({n: choose(condition, v, o[n]) for n, v in t.items()})
        case Option(), _:
            return _choose_option(condition, then, as_option(otherwise))
        case _, Option():
            return _choose_option(condition, as_option(then), otherwise)
        case Sequence(), Sequence():
            return _choose_sequence(condition, then, otherwise)
        case Opaque(term=t, item=one), Opaque(term=o, item=other):
            return Opaque(b.ite(condition, t, o), one if one == other else None)
        case _:
            return Opaque(b.ite(condition, to_opaque(then, types.ANY), to_opaque(otherwise, types.ANY)))


def covers(shape: SymbolicValue, value: SymbolicValue) -> bool:
    """Whether a tree of this shape, with any terms, can be the value."""
    match shape, value:
        case Leaf(term=one), Leaf(term=other):
            return one.sort is other.sort
        case Record(fields=fields), Record(fields=have):
            return fields.keys() == have.keys() and all(covers(v, have[n]) for n, v in fields.items())
        case Option(value=inner), Option(present=present, value=other):
            return present is b.FALSE or covers(inner, other)
        case Option(value=inner), _:
            return not isinstance(value, Opaque) and covers(inner, value)
        case Opaque(), _:
            return True
        case _:
            return False


def as_option(value: SymbolicValue) -> Option:
    """The value as one that may be absent; only what is of `any` is."""
    match value:
        case Option():
            return value
        case Opaque(term=term, item=None):
            return Option(b.distinct(term, ABSENT), value)
        case _:
            return Option(b.TRUE, value)


def _choose_option(condition: Term, then: Option, otherwise: Option) -> Option:
    if then.present is b.FALSE:
        value = otherwise.value
    elif otherwise.present is b.FALSE:
        value = then.value
    else:
        value = choose(condition, then.value, otherwise.value)
    return Option(b.ite(condition, then.present, otherwise.present), value)


def _choose_sequence(condition: Term, then: Sequence, otherwise: Sequence) -> Sequence:
    most = max(len(then.items), len(otherwise.items))
    items = []
    for i in range(most):
        one = then.items[i] if i < len(then.items) else otherwise.items[i]
        other = otherwise.items[i] if i < len(otherwise.items) else one
        items.append(choose(condition, one, other))
    return Sequence(b.ite(condition, then.length, otherwise.length), tuple(items))


def equal(left: SymbolicValue, right: SymbolicValue) -> Term:
    """True iff both are the same value; of kinds that differ, possibly anything."""
    match left, right:
        case Leaf(term=a), Leaf(term=c) if a.sort is c.sort:
            return b.eq(a, c)
        case Option(present=p, value=v), Option(present=q, value=w):
            if p is b.FALSE or q is b.FALSE:
                return b.and_(b.not_(p), b.not_(q))
            return b.and_(b.eq(p, q), b.or_(b.not_(p), equal(v, w)))
        case (Option(), Opaque(item=None)) | (Opaque(item=None), Option()):
            return b.eq(to_opaque(left, types.ANY), to_opaque(right, types.ANY))
        case (Option(present=p, value=v), other) | (other, Option(present=p, value=v)):
            return b.FALSE if p is b.FALSE else b.and_(p, equal(v, other))
        case Record(fields=a), Record(fields=c) if a.keys() == c.keys():
            return b.and_(*(equal(v, c[n]) for n, v in a.items()))
        case Sequence(), Sequence():
            return _equal_sequences(left, right)
        case _:
            return b.eq(to_opaque(left, types.ANY), to_opaque(right, types.ANY))


def _equal_sequences(left: Sequence, right: Sequence) -> Term:
    pairs = zip(left.items, right.items, strict=False)
    same = [b.implies(b.lt(b.integer(i), left.length), equal(v, w)) for i, (v, w) in enumerate(pairs)]
    least = min(len(left.items), len(right.items))
    return b.and_(b.eq(left.length, right.length), b.le(left.length, b.integer(least)), *same)
