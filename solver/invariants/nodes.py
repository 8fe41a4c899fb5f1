"""A formula that the child sent as nodes, read as terms. What cannot be read is left out, one conjunct at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from typing import Any

from wfcheck.solver import build as b
from wfcheck.solver.sort import NUMERIC, Sort
from wfcheck.solver.term import App, Symbol, Term

_MOST_DIGITS = 400


def conjuncts(nodes: object, arguments: Sequence[Term], words: Mapping[int, Term]) -> list[Term]:
    """The conjuncts of the last node. `arguments`: what an `arg` node is; `words`: the texts that numbers stand for."""
    made: list[Term | None] = []
    for node in nodes if isinstance(nodes, list) else []:
        made.append(_read(node, made, arguments, words))
    if not made or not isinstance(nodes, list):
        return []
    return [term for term in _parts(nodes, made) if term is not None and term is not b.TRUE]


def _parts(nodes: list[Any], made: list[Term | None]) -> list[Term | None]:
    """The root's operands if it is a conjunction: one of them may be unreadable and the others not."""
    root = nodes[-1]
    if root[0] == "and":
        return [part for i in root[1:] for part in _split(made[i])]
    return _split(made[-1])


def _split(term: Term | None) -> list[Term | None]:
    if isinstance(term, App) and term.op == "and":
        return list(term.args)
    if (
        isinstance(term, App)
        and term.op == "not"
        and isinstance(term.args[0], App)
        and term.args[0].op == "or"
    ):
        return [b.not_(a) for a in term.args[0].args]
    return [term]


def _read(
    node: Any, made: Sequence[Term | None], arguments: Sequence[Term], words: Mapping[int, Term]
) -> Term | None:
    try:
        match node:
            case ["arg", int(number)] if 0 <= number < len(arguments):
                return arguments[number]
            case ["int", str(value)] if len(value) <= _MOST_DIGITS:
                return b.integer(int(value))
            case ["rational", str(value)] if len(value) <= _MOST_DIGITS:
                return b.rational(Fraction(value))
            case ["true"]:
                return b.TRUE
            case ["false"]:
                return b.FALSE
            case [str(op), *places]:
                args = [made[i] for i in places]
                return _applied(op, [a for a in args if a is not None], words) if None not in args else None
    except (ValueError, IndexError, TypeError, ZeroDivisionError):
        pass
    return None


def _applied(op: str, args: list[Term], words: Mapping[int, Term]) -> Term | None:
    if op in _BOOLEAN:
        return _BOOLEAN[op](*args) if all(a.sort is Sort.BOOL for a in args) else None
    if op == "eq":
        pair = _alike(args, words)
        return b.eq(*pair) if pair else None
    if op == "ite" and args[0].sort is Sort.BOOL:
        return b.ite(*args) if args[1].sort is args[2].sort else None
    if op in _NUMBER and all(a.sort in NUMERIC and a.sort is args[0].sort for a in args):
        return _NUMBER[op](*args)
    return None


def _alike(args: list[Term], words: Mapping[int, Term]) -> tuple[Term, Term] | None:
    """Both sides of one sort: a number beside a text is the text it stands for."""
    first, second = args
    if first.sort is second.sort:
        return first, second
    if second.sort is Sort.INT:
        first, second = second, first
    if first.sort is not Sort.INT or isinstance(first, Symbol | App):
        return None
    word = words.get(first.value)
    return (second, word) if word is not None and word.sort is second.sort else None


_BOOLEAN: dict[str, Callable[..., Term]] = {"and": b.and_, "or": b.or_, "not": b.not_, "implies": b.implies}
_NUMBER: dict[str, Callable[..., Term]] = {
    "le": b.le, "lt": b.lt, "ge": b.ge, "gt": b.gt, "add": b.add, "neg": b.neg, "mul": lambda *a: reduce(b.mul, a),
    "sub": lambda first, *rest: reduce(b.sub, rest, first), "real": lambda a: b.real(a) if a.sort is Sort.INT else a,
    "floor": lambda a: b.floor(a) if a.sort is Sort.REAL else a,
}  # fmt: skip
