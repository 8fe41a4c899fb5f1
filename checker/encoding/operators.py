"""The operators of the language over symbolic values. Each means what `dsl.operators` says, or is abstracted."""

from __future__ import annotations

from wfcheck.checker.encoding import lists as encode_lists
from wfcheck.checker.encoding import numbers as encode_numbers
from wfcheck.checker.encoding import texts as encode_texts
from wfcheck.checker.encoding.encoded import Encoded, Notes, has_any, stripped
from wfcheck.checker.encoding.same import boolean, membership, same_value
from wfcheck.checker.encoding.texts import Handler
from wfcheck.checker.symbolic.constants import decode, lift
from wfcheck.checker.symbolic.value import Leaf, Opaque, Sequence, from_opaque, listed_length, to_opaque
from wfcheck.dsl import core, types
from wfcheck.dsl.values.operators import OPERATORS, EvaluationError
from wfcheck.dsl.values.regular import parse_glob, parse_regular
from wfcheck.solver import build as b
from wfcheck.solver import language as lang
from wfcheck.solver.evaluate import Model
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Const

__all__ = ["apply"]


def apply(expression: core.Apply, args: tuple[Encoded, ...], notes: Notes) -> Encoded:
    """A strict operator."""
    defined = b.and_(*(a.defined for a in args))
    if expression.op in ("==", "!="):
        left, right = expression.args
        same = same_value(args[0].value, left.type, args[1].value, right.type)
        term = same.value if expression.op == "==" else Leaf(b.not_(boolean(same)))
        return Encoded(term, b.and_(defined, same.defined))
    if expression.op == "in":
        result = membership(expression.args[0], args[0], expression.args[1], stripped(args[1]))
    else:
        args = tuple(map(stripped, args))
        defined = b.and_(*(a.defined for a in args))
        handler = _HANDLERS.get(expression.op)
        result = None if handler is None else handler(expression, args)
    if result is None:
        result = _constant(expression, args) or _abstract(expression, args, notes)
    return Encoded(result.value, b.and_(defined, stripped(args[-1]).defined, result.defined))


def _contains(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
    if isinstance(args[0].value, Sequence):
        return membership(expression.args[1], args[1], expression.args[0], args[0])
    return encode_texts.pattern(args, lambda text: lang.concat(lang.ANY_TEXT, lang.word(text), lang.ANY_TEXT))


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
    if (
        expression.op in ("length", "count")
        and isinstance(args[0].value, Opaque)
        and not has_any(expression.args[0].type)
    ):
        return Encoded(Leaf(listed_length(args[0].value.term)))
    terms = [to_opaque(a.value, e.type) for a, e in zip(args, expression.args, strict=True)]
    value = from_opaque(b.fn(f"op:{expression.op}/{len(terms)}", Sort.OPAQUE, *terms), expression.type)
    operator = OPERATORS[expression.op]
    errs = operator.errs or operator.heuristic or any(has_any(e.type) for e in expression.args)
    defined = b.fn(f"defined:{expression.op}/{len(terms)}", Sort.BOOL, *terms) if errs else b.TRUE
    if expression.op in ("length", "count") and isinstance(value, Leaf):
        value = Leaf(b.ite(b.lt(value.term, b.ZERO), b.ZERO, value.term))
    if expression.op in ("min", "max") and len(terms) == 1 and _ordered(expression.args[0].type):
        defined = b.lt(b.ZERO, listed_length(terms[0]))
    return Encoded(value, defined)


def _ordered(type_: types.Type) -> bool:
    """A list whose elements can all be compared."""
    base = types.base(type_)
    return isinstance(base, types.ListType) and types.base(base.item) in (types.INT, types.DECIMAL)


_HANDLERS: dict[str, Handler] = {
    "+": encode_numbers.plus,
    "-": encode_numbers.minus,
    "*": encode_numbers.times,
    "/": encode_numbers.over,
    "neg": encode_numbers.negative,
    "not": encode_numbers.negation,
    "like": encode_texts.regular(parse_glob),
    "matches": encode_texts.regular(parse_regular),
    "startswith": lambda _, args: encode_texts.pattern(
        args, lambda t: lang.concat(lang.word(t), lang.ANY_TEXT)
    ),
    "endswith": lambda _, args: encode_texts.pattern(
        args, lambda t: lang.concat(lang.ANY_TEXT, lang.word(t))
    ),
    "contains": _contains,
    "length": encode_texts.length,
    "count": encode_texts.length,
    "sum": encode_lists.summed,
    "min": encode_lists.extreme,
    "max": encode_lists.extreme,
    "round": encode_numbers.rounded,
    "decimal": encode_numbers.decimal,
    "int": encode_numbers.whole,
    "text": encode_texts.same_text,
    "address": encode_texts.same_text,
    "url": encode_texts.same_text,
    "path": encode_texts.same_text,
    **dict.fromkeys(("<", "<=", ">", ">="), encode_numbers.order),
}
