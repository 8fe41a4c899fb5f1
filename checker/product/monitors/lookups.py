"""Expressions over registers, rewritten so that every read of a register has a value or none.

A read becomes an index into a list of one element, at a place that is 0 where the register has a value and 1 where it has none: the
operators of the language then treat what is missing as they treat any error."""

from __future__ import annotations

import attrs

from wfcheck.checker.encoding.encode import Environment
from wfcheck.checker.symbolic.value import Leaf, Sequence, SymbolicValue
from wfcheck.dsl import core, types
from wfcheck.dsl.walk import rewrite, subexpressions
from wfcheck.solver import build as b
from wfcheck.solver.term import Term


@attrs.frozen
class Lookup:
    """`v[K]` or `known(v[K])`: the names that stand for it, and its key (rewritten)."""

    register: str
    key: core.Expr
    name: str
    known: bool


@attrs.frozen
class Rewritten:
    """An expression with its lookups, innermost first. `registers`: those that it reads."""

    expression: core.Expr
    lookups: tuple[Lookup, ...]
    registers: frozenset[str]


def rewritten(expression: core.Expr, maps: frozenset[str]) -> Rewritten:
    """Lookups under a quantifier that binds a name of their key stay as they are: nothing is known of them."""
    lookups: list[Lookup] = []
    read: set[str] = set()
    inner = {n for e in subexpressions(expression) if isinstance(e, core.Quantified) for n in e.binders}

    def change(part: core.Expr) -> core.Expr:
        match part:
            case core.Index(base=core.Variable(name=name, kind="register"), index=key) if name in maps:
                return look(part, name, key, known=False)
            case core.Known(register=name, key=key) if key is not None:
                return look(part, name, key, known=True)
            case core.Variable(name=name, kind="register"):
                read.add(name)
                return part if name in maps else _read(part, name)
            case _:
                return part

    def look(part: core.Index | core.Known, name: str, key: core.Expr, *, known: bool) -> core.Expr:
        read.add(name)
        named = {e.name for e in subexpressions(key) if isinstance(e, core.Variable) and e.kind == "bound"}
        if named & inner:
            return part
        made = Lookup(name, key, f"{name}[{len(lookups)}]", known)
        lookups.append(made)
        return _read(part, made.name)

    return Rewritten(rewrite(expression, change), tuple(lookups), frozenset(read))


def _read(part: core.Variable | core.Index | core.Known, name: str) -> core.Expr:
    whole = core.Variable(f"{name} value", "register", types.ListType(part.type), span=part.span)
    place = core.Variable(f"{name} place", "register", types.INT, span=part.span)
    return core.Index(whole, place, part.type, span=part.span)


def reading(name: str, value: SymbolicValue, defined: Term) -> Environment:
    """What a rewritten read finds."""
    return {
        ("register", f"{name} value"): Sequence(b.integer(1), (value,)),
        ("register", f"{name} place"): Leaf(b.ite(defined, b.ZERO, b.integer(1))),
    }
