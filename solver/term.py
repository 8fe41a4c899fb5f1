"""Terms: a small typed language between workflows and solvers. Terms are hash-consed: equal terms are one object.

Build them with `build` only, whose constructors fold. Walk them with `post_order`: their depth belongs to the user."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from fractions import Fraction
from typing import Any, Literal, TypeAlias
from weakref import WeakValueDictionary

import attrs

from wfcheck.solver.language import Language
from wfcheck.solver.sort import Sort

Op: TypeAlias = Literal[
    "not", "and", "or", "ite", "eq", "lt", "le", "add", "mul", "div", "real", "floor", "member", "length", "fn"
]  # fmt: skip
"""div: x / 0 is 0 (a term that means it guards it). real: an int as a real. floor: of a real, an int. member: a text in the
language `detail`. length: of a text. fn: the uninterpreted function named `detail`."""


@attrs.frozen(eq=False)
class Const:
    """A value of its sort (see `sort`)."""

    sort: Sort
    value: Any


@attrs.frozen(eq=False)
class Symbol:
    """A free variable; one name has one sort in a formula."""

    sort: Sort
    name: str


@attrs.frozen(eq=False, repr=False)
class App:
    """An operator over terms. `detail`: the language of `member`, the name of `fn`, else None."""

    sort: Sort
    op: Op
    args: tuple[Term, ...]
    detail: Language | str | None = None

    def __repr__(self) -> str:
        return f"App({self.op}, {len(self.args)} args)"


Term: TypeAlias = Const | Symbol | App

_TABLE: WeakValueDictionary[tuple[Any, ...], Term] = WeakValueDictionary()


def const(sort: Sort, value: Any) -> Const:
    """The constant of that sort."""
    key = ("const", sort, type(value), value)
    found = _TABLE.get(key)
    if not isinstance(found, Const):
        found = _TABLE[key] = Const(sort, value)
    return found


def symbol(name: str, sort: Sort) -> Symbol:
    """The symbol of that name and sort."""
    key = ("symbol", sort, name)
    found = _TABLE.get(key)
    if not isinstance(found, Symbol):
        found = _TABLE[key] = Symbol(sort, name)
    return found


def app(sort: Sort, op: Op, args: tuple[Term, ...], detail: Language | str | None = None) -> App:
    """The raw application; `build` folds, this does not."""
    key = ("app", sort, op, tuple(map(id, args)), detail)
    found = _TABLE.get(key)
    if not isinstance(found, App):
        found = _TABLE[key] = App(sort, op, args, detail)
    return found


TRUE = const(Sort.BOOL, True)
FALSE = const(Sort.BOOL, False)
ZERO = const(Sort.INT, 0)
REAL_ZERO = const(Sort.REAL, Fraction(0))


def post_order(roots: Iterable[Term], known: Container[Term] = ()) -> Iterator[Term]:
    """Every subterm once, operands before what is made of them, in a fixed order. `known`: terms to leave out, with what is
    below them."""
    seen: set[Term] = set()
    stack: list[tuple[Term, bool]] = [(root, False) for root in reversed(tuple(roots))]
    while stack:
        term, ready = stack.pop()
        if ready:
            yield term
        elif term not in seen and term not in known:
            seen.add(term)
            stack.append((term, True))
            if isinstance(term, App):
                stack.extend((arg, False) for arg in reversed(term.args))


def symbols(roots: Iterable[Term]) -> tuple[Symbol, ...]:
    """The symbols below, in a fixed order."""
    return tuple(term for term in post_order(roots) if isinstance(term, Symbol))
