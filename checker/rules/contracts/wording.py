"""Contracts in the words of the place that they are asked at."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from wfcheck.dsl import core

DEPTH = 40


def in_terms_of(condition: core.Expr, given: Mapping[str, core.Expr], depth: int = DEPTH) -> core.Expr:
    """The condition with what is given in the place of arguments; deep parts stay as they are."""
    if depth == 0:
        return condition

    def inside(part: core.Expr) -> core.Expr:
        return in_terms_of(part, given, depth - 1)

    match condition:
        case core.Variable(name=name, kind="argument" | "it") if name in given:
            return given[name]
        case core.Field(base=base):
            return attrs.evolve(condition, base=inside(base))
        case core.Index(base=base, index=index):
            return attrs.evolve(condition, base=inside(base), index=inside(index))
        case core.Apply(args=args):
            return attrs.evolve(condition, args=tuple(map(inside, args)))
        case core.MakeList(items=items):
            return attrs.evolve(condition, items=tuple(map(inside, items)))
        case _:
            return condition
