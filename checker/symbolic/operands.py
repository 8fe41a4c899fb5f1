"""Operands of statements: their values, their labels, and names for what oracles make of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from wfcheck.checker.encoding.encode import Environment
from wfcheck.checker.encoding.encoded import shaped
from wfcheck.checker.labels.partitions import held
from wfcheck.checker.labels.tree import leaf
from wfcheck.checker.symbolic.state import Walk
from wfcheck.checker.symbolic.taint import (
    Mask,
    Taint,
    static,
    union,
)
from wfcheck.checker.symbolic.value import Option, SymbolicValue, default
from wfcheck.dsl import core, types
from wfcheck.solver import build as b
from wfcheck.solver.term import Term

Values = dict[str, SymbolicValue]
Taints = dict[str, Taint]


def operands(walk: Walk, named: Iterable[tuple[str, core.Expr]], guard: Term) -> tuple[Term, Values, Taints]:
    """Values and labels (with the control label) of named expressions, and the condition that all have a value."""
    values: Values = {}
    taints: Taints = {}
    for name, expression in named:
        found = walk.value(expression)
        guard = walk.needs(expression, guard, found.defined)
        values[name] = found.value
        taints[name] = walk.here(expression)
    return guard, values, taints


def numbered(expressions: Iterable[core.Expr], prefix: str = "") -> list[tuple[str, core.Expr]]:
    """Contexts and shown values are named by position."""
    return [(f"{prefix}{i}", e) for i, e in enumerate(expressions)]


def fitted(parameters: Iterable[core.Param], values: Mapping[str, SymbolicValue]) -> Values:
    """Arguments in the shape of the declared types; optional ones that were left out are absent."""
    found: Values = {}
    for parameter in parameters:
        if parameter.name in values:
            found[parameter.name] = shaped(values[parameter.name], parameter.type)
        else:
            inner = types.base(parameter.type)
            base = inner.base if isinstance(inner, types.OptionType) else inner
            found[parameter.name] = Option(b.FALSE, default(base))
    return found


def as_arguments(values: Mapping[str, SymbolicValue]) -> Environment:
    """Arguments as clauses name them."""
    return {("argument", name): value for name, value in values.items()}


def settled(walk: Walk, *masks: Mask) -> None:
    """In an attempt, what follows a call that may have failed is under its labels."""
    if walk.failures:
        walk.failing = union(walk.failing, *masks)


def name_of(walk: Walk, site: str) -> str:
    """A name for what the oracle says at this visit."""
    return f"{site}.{walk.visit(site)}"


def stored(walk: Walk, store: str, key: core.Expr | None = None) -> Taint:
    """The static label of what a store holds (under the key), over all workflows and any number of runs."""
    label, declared = walk.labelling.stores.get(store), walk.program.stores.get(store)
    known = leaf(walk.keep) if label is None or declared is None else held(label, declared, key)
    return static(known, walk.keep)
