"""Terms in certificates: a list of nodes, operands before what is made of them; the last one is the term."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, cast, get_args

from wfcheck.solver import term as terms
from wfcheck.solver.language import Chars, Concat, Language, Repeat, Union
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import App, Const, Op, Symbol, Term, post_order


class TermError(ValueError):
    """The value is no term that could be written; or the text is no term."""


def encode(term: Term) -> list[Any]:
    """The nodes of the term; raises TermError for opaque constants that are no plain text or number."""
    places: dict[Term, int] = {}
    nodes: list[Any] = []
    for part in post_order((term,)):
        places[part] = len(nodes)
        nodes.append(_node(part, places))
    return nodes


def _node(part: Term, places: dict[Term, int]) -> list[Any]:
    match part:
        case Const(sort=sort, value=value):
            return ["const", sort.value, _constant(value)]
        case Symbol(sort=sort, name=name):
            return ["symbol", sort.value, name]
        case App(sort=sort, op=op, args=args, detail=detail):
            more = detail if detail is None or isinstance(detail, str) else _language(detail)
            return [op, sort.value, [places[a] for a in args], more]


def _constant(value: Any) -> Any:
    match value:
        case bool() | str() | int():
            return value
        case Fraction():
            return [value.numerator, value.denominator]
        case _:
            raise TermError("a constant that no certificate can hold")


def _language(language: Language) -> Any:
    match language:
        case Chars(ranges=ranges):
            return ["chars", [list(pair) for pair in ranges]]
        case Concat(parts=parts):
            return ["concat", [_language(p) for p in parts]]
        case Union(options=options):
            return ["union", [_language(p) for p in options]]
        case Repeat(body=body, minimum=minimum, maximum=maximum):
            return ["repeat", _language(body), minimum, maximum]


def decode(nodes: Any) -> Term:
    """The term of the nodes; raises TermError."""
    found: list[Term] = []
    try:
        for node in nodes:
            found.append(_term(node, found))
        return found[-1]
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise TermError(str(error)) from None


def _term(node: Any, found: list[Term]) -> Term:
    match node:
        case ["const", str(sort), value]:
            return terms.const(Sort(sort), _value(Sort(sort), value))
        case ["symbol", str(sort), str(name)]:
            return terms.symbol(name, Sort(sort))
        case [str(op), str(sort), list(args), detail] if op in get_args(Op):
            more = detail if detail is None or isinstance(detail, str) else _read_language(detail)
            return terms.app(Sort(sort), cast(Op, op), tuple(found[a] for a in args), more)
        case _:
            raise TermError("no node of a term")


def _value(sort: Sort, value: Any) -> Any:
    match sort, value:
        case Sort.REAL, [int(top), int(bottom)] if bottom > 0:
            return Fraction(top, bottom)
        case (Sort.BOOL, bool()) | (Sort.TEXT | Sort.OPAQUE, str()):
            return value
        case Sort.INT, int() if not isinstance(value, bool):
            return value
        case _:
            raise TermError("a constant of another sort")


def _read_language(value: Any) -> Language:
    match value:
        case ["chars", list(ranges)]:
            return Chars(tuple((int(low), int(high)) for low, high in ranges))
        case ["concat", list(parts)]:
            return Concat(tuple(map(_read_language, parts)))
        case ["union", list(options)]:
            return Union(tuple(map(_read_language, options)))
        case ["repeat", body, int(minimum), maximum] if maximum is None or isinstance(maximum, int):
            return Repeat(_read_language(body), minimum, maximum)
        case _:
            raise TermError("no language")
