"""The operators of the language over symbolic values. Each means what `dsl.operators` says, or is abstracted."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TypeAlias

from wfcheck.checker.encoded import Encoded, Notes, coerce, has_any
from wfcheck.checker.symbolic_value import (
    DAY,
    Leaf,
    Opaque,
    Option,
    Sequence,
    SymbolicValue,
    decode,
    equal,
    from_opaque,
    lift,
    sort_of,
    to_opaque,
    within_date,
    within_time,
    zoned,
)
from wfcheck.dsl import core, types
from wfcheck.dsl.operators import OPERATORS, EvaluationError
from wfcheck.dsl.regular import Chars, Choice, Regular, RegularError, Repeat, parse_glob, parse_regular
from wfcheck.dsl.regular import Sequence as Chain
from wfcheck.solver import build as b
from wfcheck.solver import language as lang
from wfcheck.solver.evaluate import Model
from wfcheck.solver.sort import DEFAULTS, Sort
from wfcheck.solver.term import Const, Term

__all__ = ["DEFAULTS", "aggregate", "apply"]

Handler: TypeAlias = Callable[[core.Apply, tuple[Encoded, ...]], Encoded | None]
"""None: not in terms of the solver."""
_ORDERS = {"<": b.lt, "<=": b.le, ">": b.gt, ">=": b.ge}


def apply(expression: core.Apply, args: tuple[Encoded, ...], notes: Notes) -> Encoded:
    """A strict operator."""
    defined = b.and_(*(a.defined for a in args))
    if expression.op in ("==", "!="):
        same = _equality(expression.args, args)
        term = same.value if expression.op == "==" else Leaf(b.not_(_bool(same)))
        return Encoded(term, b.and_(defined, same.defined))
    if expression.op == "in":
        result = _membership(expression.args[0], args[0], expression.args[1], _there(args[1]))
    else:
        args = tuple(map(_there, args))
        defined = b.and_(*(a.defined for a in args))
        handler = _HANDLERS.get(expression.op)
        result = None if handler is None else handler(expression, args)
    if result is None:
        result = _constant(expression, args) or _abstract(expression, args, notes)
    return Encoded(result.value, b.and_(defined, _there(args[-1]).defined, result.defined))


def _there(argument: Encoded) -> Encoded:
    while isinstance(argument.value, Option):
        option = argument.value
        argument = Encoded(option.value, b.and_(argument.defined, option.present))
    return argument


def _bool(encoded: Encoded) -> Term:
    assert isinstance(encoded.value, Leaf)
    return encoded.value.term


# ---------------------------------------------------------------- equality and membership


def _equality(types_of: tuple[core.Expr, ...], args: tuple[Encoded, ...]) -> Encoded:
    left, right = args[0].value, args[1].value
    return same_value(left, types_of[0].type, right, types_of[1].type)


def same_value(
    left: SymbolicValue, left_type: types.Type, right: SymbolicValue, right_type: types.Type
) -> Encoded:
    """Whether two values are equal; without a value where their kinds may differ."""
    if left == right and not isinstance(left, Option):
        return Encoded(Leaf(b.TRUE))
    if _is_none(left) or _is_none(right):
        return Encoded(Leaf(equal(left, right)))
    if not has_any(left_type) and not has_any(right_type):
        fitted, _ = coerce(right, left_type) if not isinstance(right, Option) else (right, b.TRUE)
        return Encoded(Leaf(equal(left, fitted)))
    a, c = to_opaque(left, left_type), to_opaque(right, right_type)
    return Encoded(Leaf(b.eq(a, c)), _comparable(a, c))


def _is_none(value: SymbolicValue) -> bool:
    return isinstance(value, Option) and value.present is b.FALSE


def _comparable(a: Term, c: Term) -> Term:
    if isinstance(a, Const) and isinstance(c, Const):
        kinds = (a.value[0], c.value[0])
        return b.boolean(kinds[0] == kinds[1] or "none" in kinds)
    return b.fn("comparable", Sort.BOOL, a, c)


def _membership(item_type: core.Expr, item: Encoded, whole_type: core.Expr, whole: Encoded) -> Encoded | None:
    if not isinstance(whole.value, Sequence):
        return None
    base = types.base(whole_type.type)
    element = base.item if isinstance(base, types.ListType | types.SetType) else types.ANY
    found: list[Term] = []
    clear: list[Term] = []
    for i, candidate in enumerate(whole.value.items):
        there = b.lt(b.integer(i), whole.value.length)
        same = same_value(item.value, item_type.type, candidate, element)
        found.append(b.and_(there, same.defined, _bool(same)))
        clear.append(b.implies(there, same.defined))
    hit = b.or_(*found)
    return Encoded(Leaf(hit), b.or_(hit, b.and_(*clear)))


def _contains(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
    if isinstance(args[0].value, Sequence):
        return _membership(expression.args[1], args[1], expression.args[0], args[0])
    return _pattern(args, lambda text: lang.concat(lang.ANY_TEXT, lang.word(text), lang.ANY_TEXT))


# ---------------------------------------------------------------- numbers, dates, durations


def _leaves(args: tuple[Encoded, ...], sorts: tuple[Sort, ...]) -> list[Term] | None:
    terms = [a.value.term for a in args if isinstance(a.value, Leaf) and a.value.term.sort in sorts]
    return terms if len(terms) == len(args) and len({t.sort for t in terms}) == 1 else None


def _kinds(expression: core.Apply) -> tuple[str, ...]:
    bare = (types.base(a.type) for a in expression.args)
    return tuple(t.name if isinstance(t, types.Scalar) else "" for t in bare)


def _typed(
    expression: core.Apply, args: tuple[Encoded, ...]
) -> tuple[core.Apply, tuple[Encoded, ...]] | None:
    """Operands of `any` as the scalar type that the others have."""
    known = [e.type for e, a in zip(expression.args, args, strict=True) if isinstance(a.value, Leaf)]
    if not known or sort_of(known[0]) is None:
        return None
    fitted = []
    for argument in args:
        value, fits = coerce(argument.value, known[0])
        fitted.append(Encoded(value, b.and_(argument.defined, fits)))
    return expression, tuple(fitted)


def _order(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
    extra: Term = b.TRUE
    if any(isinstance(a.value, Opaque) for a in args):
        fitted = _typed(expression, args)
        if fitted is None:
            return None
        args = fitted[1]
        extra = b.and_(*(a.defined for a in args))
    terms = _leaves(args, (Sort.INT, Sort.REAL))
    if terms is None:
        return None
    if "time" in _kinds(expression):
        extra = b.and_(extra, b.eq(zoned(terms[0]), zoned(terms[1])))
    return Encoded(Leaf(_ORDERS[expression.op](terms[0], terms[1])), extra)


def _plus(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
    kinds = _kinds(expression)
    if isinstance(args[0].value, Sequence) and isinstance(args[1].value, Sequence):
        return _appended(args[0].value, args[1].value)
    terms = _leaves(args, (Sort.INT, Sort.REAL))
    if terms is None or "" in kinds:
        return None
    if set(kinds) & {"date", "time"}:
        moment, by = (0, 1) if kinds[0] != "duration" else (1, 0)
        return _shift(terms[moment], kinds[moment], terms[by])
    return Encoded(Leaf(b.add(*terms)))


def _appended(left: Sequence, right: Sequence) -> Encoded | None:
    if not isinstance(left.length, Const):
        return None
    items = left.items[: left.length.value] + right.items
    return Encoded(Sequence(b.add(left.length, right.length), items))


def _shift(moment: Term, kind: str, by: Term) -> Encoded:
    if kind == "time":
        later = b.add(moment, by)
        return Encoded(Leaf(later), b.and_(within_time(later), b.eq(zoned(later), zoned(moment))))
    days = b.floor(b.mul(b.rational(Fraction(1, DAY)), b.real(by)))
    moved = b.add(moment, days)
    whole = b.eq(b.mul(b.integer(DAY), days), by)
    return Encoded(Leaf(moved), b.and_(whole, within_date(moved)))


def _minus(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
    terms = _leaves(args, (Sort.INT, Sort.REAL))
    match _kinds(expression):
        case _ if terms is None:
            return None
        case ("date", "date"):
            return Encoded(Leaf(b.mul(b.integer(DAY), b.sub(*terms))))
        case ("time", "time"):
            return Encoded(Leaf(b.sub(*terms)), b.eq(zoned(terms[0]), zoned(terms[1])))
        case ("date" | "time" as kind, "duration"):
            return _shift(terms[0], kind, b.neg(terms[1]))
        case (left, right) if left == right and left:
            return Encoded(Leaf(b.sub(*terms)))
        case _:
            return None


def _times(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
    del expression
    terms = _leaves(args, (Sort.INT, Sort.REAL))
    return None if terms is None else Encoded(Leaf(b.mul(*terms)))


def _as_real(term: Term) -> Term:
    return b.real(term) if term.sort is Sort.INT else term


def _over(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
    del expression
    terms = [
        a.value.term for a in args if isinstance(a.value, Leaf) and a.value.term.sort in (Sort.INT, Sort.REAL)
    ]
    if len(terms) < 2:
        return None
    top, bottom = map(_as_real, terms)
    return Encoded(Leaf(b.div(top, bottom)), b.distinct(bottom, b.REAL_ZERO))


def _negative(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
    del expression
    terms = _leaves(args, (Sort.INT, Sort.REAL))
    return None if terms is None else Encoded(Leaf(b.neg(terms[0])))


def _not(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
    del expression
    value, fits = coerce(args[0].value, types.BOOL)
    if not isinstance(value, Leaf):
        return None
    return Encoded(Leaf(b.not_(value.term)), fits)


def _round(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
    del expression
    places = args[1].value.term if len(args) > 1 and isinstance(args[1].value, Leaf) else b.ZERO
    if not isinstance(args[0].value, Leaf) or not isinstance(places, Const) or not -30 <= places.value <= 30:
        return None
    if args[0].value.term.sort not in (Sort.INT, Sort.REAL):
        return None
    scale = Fraction(10) ** places.value
    shifted = b.add(b.mul(b.rational(scale), _as_real(args[0].value.term)), b.rational(Fraction(1, 2)))
    up = b.floor(shifted)
    half = b.floor(b.mul(b.rational(Fraction(1, 2)), b.real(up)))
    tie_to_odd = b.and_(b.eq(shifted, b.real(up)), b.distinct(b.mul(b.integer(2), half), up))
    nearest = b.ite(tie_to_odd, b.add(up, b.integer(-1)), up)
    return Encoded(Leaf(b.mul(b.rational(1 / scale), b.real(nearest))))


def _decimal(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
    del expression
    terms = _leaves(args, (Sort.INT, Sort.REAL))
    return None if terms is None else Encoded(Leaf(_as_real(terms[0])))


def _int(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
    del expression
    terms = _leaves(args, (Sort.INT, Sort.REAL))
    if terms is None:
        return None
    if terms[0].sort is Sort.INT:
        return Encoded(Leaf(terms[0]))
    whole = b.floor(terms[0])
    return Encoded(Leaf(whole), b.eq(b.real(whole), terms[0]))


# ---------------------------------------------------------------- texts


def _pattern(args: tuple[Encoded, ...], make: Callable[[str], lang.Language]) -> Encoded | None:
    match args[0].value, args[1].value:
        case Leaf(term=text), Leaf(term=Const(value=str(pattern))) if text.sort is Sort.TEXT:
            return Encoded(Leaf(b.member(text, make(pattern))))
        case _:
            return None


def _regular(parse: Callable[[str], Regular]) -> Handler:
    def handler(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
        del expression
        try:
            return _pattern(args, lambda pattern: _language(parse(pattern)))
        except RegularError:
            return None

    return handler


def _language(tree: Regular) -> lang.Language:
    match tree:
        case Chars(ranges=ranges, negated=negated):
            return lang.chars(((ord(low), ord(high)) for low, high in ranges), negated=negated)
        case Chain(parts=parts):
            return lang.Concat(tuple(map(_language, parts)))
        case Choice(options=options):
            return lang.Union(tuple(map(_language, options)))
        case Repeat(body=body, minimum=minimum, maximum=maximum):
            return lang.Repeat(_language(body), minimum, maximum)


def _length(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
    del expression
    match args[0].value:
        case Leaf(term=text) if text.sort is Sort.TEXT:
            return Encoded(Leaf(b.length(text)))
        case Sequence(length=length):
            return Encoded(Leaf(length))
        case _:
            return None


def _same_text(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
    del expression
    match args[0].value:
        case Leaf(term=text) if text.sort is Sort.TEXT:
            return Encoded(args[0].value)
        case _:
            return None


# ---------------------------------------------------------------- several operands


def _extreme(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
    if len(args) == 1:
        if not isinstance(args[0].value, Sequence):
            return None
        rounds = [(b.lt(b.integer(i), args[0].value.length), v) for i, v in enumerate(args[0].value.items)]
    else:
        rounds = [(b.TRUE, a.value) for a in args]
    return None if _is_time(expression.type) else _best(expression.op, rounds)


def _is_time(type_: types.Type) -> bool:
    return types.base(type_) == types.TIME


def _best(op: str, rounds: list[tuple[Term, SymbolicValue]]) -> Encoded | None:
    terms = [
        (there, v.term) for there, v in rounds if isinstance(v, Leaf) and v.term.sort in (Sort.INT, Sort.REAL)
    ]
    if len(terms) < len(rounds) or not terms or len({t.sort for _, t in terms}) > 1:
        return None
    best = terms[0][1]
    for there, term in terms[1:]:
        better = b.lt(term, best) if op == "min" else b.lt(best, term)
        best = b.ite(b.and_(there, better), term, best)
    return Encoded(Leaf(best), terms[0][0])


def _sum(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
    if not isinstance(args[0].value, Sequence):
        return None
    rounds = [(b.lt(b.integer(i), args[0].value.length), v) for i, v in enumerate(args[0].value.items)]
    return _total(rounds, expression.type)


def _total(rounds: list[tuple[Term, SymbolicValue]], type_: types.Type) -> Encoded | None:
    sort = sort_of(type_)
    if sort not in (Sort.INT, Sort.REAL):
        return None
    zero = b.const(sort, DEFAULTS[sort])
    parts: list[Term] = [zero]
    for there, value in rounds:
        if not isinstance(value, Leaf) or value.term.sort is not sort:
            return None
        parts.append(b.ite(there, value.term, zero))
    return Encoded(Leaf(b.add(*parts)))


def aggregate(expression: core.Quantified, rounds: list[tuple[Term, Encoded]], notes: Notes) -> Encoded:
    """The value of a quantifier, from the condition of each round and its body."""
    if expression.kind in ("any", "all"):
        return _short(expression.kind, rounds)
    defined = b.and_(*(b.implies(there, body.defined) for there, body in rounds))
    values = [(there, body.value) for there, body in rounds]
    result: Encoded | None
    if expression.kind == "count":
        ones = [b.ite(b.and_(t, _truth(v)), b.integer(1), b.ZERO) for t, v in values]
        result = Encoded(Leaf(b.add(b.ZERO, *ones)))
    elif expression.kind == "sum":
        result = _total(values, expression.type)
    else:
        result = None if _is_time(expression.type) else _best(expression.kind, values)
        if not values:
            result = Encoded(
                Leaf(b.const(s, DEFAULTS[s])) if (s := sort_of(expression.type)) else Sequence(b.ZERO, ()),
                b.FALSE,
            )
    if result is None:
        notes.note("an aggregate over values of `any`")
        result = Encoded(
            from_opaque(notes.fresh("aggregate", Sort.OPAQUE), expression.type),
            notes.fresh("defined", Sort.BOOL),
        )
    return Encoded(result.value, b.and_(defined, result.defined))


def _truth(value: SymbolicValue) -> Term:
    fitted, _ = coerce(value, types.BOOL)
    return fitted.term if isinstance(fitted, Leaf) else b.FALSE


def _short(kind: str, rounds: list[tuple[Term, Encoded]]) -> Encoded:
    """`any` and `all` stop at the first element that decides."""
    open_: Term = b.TRUE
    defined: list[Term] = []
    hits: list[Term] = []
    for there, body in rounds:
        _, fits = coerce(body.value, types.BOOL)
        deciding = _truth(body.value) if kind == "any" else b.not_(_truth(body.value))
        defined.append(b.implies(b.and_(open_, there), b.and_(body.defined, fits)))
        hits.append(b.and_(there, deciding))
        open_ = b.and_(open_, b.not_(hits[-1]))
    hit = b.or_(*hits)
    return Encoded(Leaf(hit if kind == "any" else b.not_(hit)), b.and_(*defined))


# ---------------------------------------------------------------- everything else


def _constant(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
    """An operator on constants is computed."""
    if not all(isinstance(a.value, Leaf) and isinstance(a.value.term, Const) for a in args):
        return None
    values = [decode(a.value, e.type, Model({})) for a, e in zip(args, expression.args, strict=True)]
    try:
        return Encoded(lift(OPERATORS[expression.op].meaning(*values), expression.type))
    except EvaluationError:
        return None


def _abstract(expression: core.Apply, args: tuple[Encoded, ...], notes: Notes) -> Encoded:
    """An uninterpreted function of the operands; it may err where the operator may."""
    notes.note(f"`{expression.op}`")
    terms = [to_opaque(a.value, e.type) for a, e in zip(args, expression.args, strict=True)]
    value = from_opaque(b.fn(f"op:{expression.op}/{len(terms)}", Sort.OPAQUE, *terms), expression.type)
    operator = OPERATORS[expression.op]
    errs = operator.errs or operator.heuristic or any(has_any(e.type) for e in expression.args)
    defined = b.fn(f"defined:{expression.op}/{len(terms)}", Sort.BOOL, *terms) if errs else b.TRUE
    if expression.op in ("length", "count") and isinstance(value, Leaf):
        value = Leaf(b.ite(b.lt(value.term, b.ZERO), b.ZERO, value.term))
    return Encoded(value, defined)


_HANDLERS: dict[str, Handler] = {
    "+": _plus,
    "-": _minus,
    "*": _times,
    "/": _over,
    "neg": _negative,
    "not": _not,
    "like": _regular(parse_glob),
    "matches": _regular(parse_regular),
    "startswith": lambda _, args: _pattern(args, lambda t: lang.concat(lang.word(t), lang.ANY_TEXT)),
    "endswith": lambda _, args: _pattern(args, lambda t: lang.concat(lang.ANY_TEXT, lang.word(t))),
    "contains": _contains,
    "length": _length,
    "count": _length,
    "sum": _sum,
    "min": _extreme,
    "max": _extreme,
    "round": _round,
    "decimal": _decimal,
    "int": _int,
    "text": _same_text,
    "address": _same_text,
    "url": _same_text,
    "path": _same_text,
    **dict.fromkeys(_ORDERS, _order),
}
