"""Contracts in the words of the place that they are asked at."""

from __future__ import annotations

from collections.abc import Mapping

from wfcheck.dsl import core
from wfcheck.dsl.walk import rewrite


def in_terms_of(condition: core.Expr, given: Mapping[str, core.Expr]) -> core.Expr:
    """The condition with what is given in the place of arguments."""

    def replaced(part: core.Expr) -> core.Expr:
        named = isinstance(part, core.Variable) and part.kind in ("argument", "it")
        return given.get(part.name, part) if named and isinstance(part, core.Variable) else part

    return rewrite(condition, replaced)
