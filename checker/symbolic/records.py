"""What a symbolic execution writes down beside events: duties of the workflow, and where control goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, TypeAlias

import attrs

from wfcheck.checker.encoding.encode import Environment
from wfcheck.checker.symbolic.value import SymbolicValue
from wfcheck.dsl import core, types
from wfcheck.dsl.source import Span
from wfcheck.dsl.walk import subexpressions
from wfcheck.solver.term import Term

LEMMA = "lemma:"
"""How the names of assumptions begin that are proved invariants of loops; the loop follows."""

DutyKind: TypeAlias = Literal["requires", "ensures", "invariant"]


@attrs.frozen
class Duty:
    """Wherever `guard` holds, the contract has to be true over `names`. `entry`: of an invariant, as the loop is reached."""

    kind: DutyKind
    contract: core.Condition
    guard: Term
    names: Environment
    span: Span
    node: core.NodeId
    entry: bool = False


@attrs.frozen
class Fit:
    """Wherever `guard` holds, the argument has to be of the type of the parameter of an inlined workflow."""

    parameter: str
    type: types.Type
    given: core.Expr
    value: SymbolicValue
    guard: Term
    span: Span


@attrs.frozen
class Gap:
    """Where `guard` holds and `defined` does not, the run comes to an expression that has no value."""

    expression: core.Expr
    guard: Term
    defined: Term
    span: Span


@attrs.frozen
class Arrival:
    """Where `guard` holds, the run comes to the statement: the first of a block, or one behind a block."""

    guard: Term
    span: Span
    node: core.NodeId


@attrs.frozen
class Choice:
    """An `if` is reached where `start` holds, and goes to its first block where `value` does too. `names`: what it speaks of."""

    statement: core.If
    start: Term
    value: Term
    names: Environment


@attrs.frozen
class Round:
    """One round of a `repeat`: what its condition and invariants speak of, before and after; `start` and `end` say when it does
    both."""

    loop: core.While
    start: Term
    end: Term
    before: Environment
    after: Environment


@attrs.define
class Records:
    """In program order. `stops`: where a run ends by `stop` or a refusal."""

    duties: list[Duty] = attrs.field(factory=list)
    fits: list[Fit] = attrs.field(factory=list)
    gaps: list[Gap] = attrs.field(factory=list)
    arrivals: list[Arrival] = attrs.field(factory=list)
    choices: list[Choice] = attrs.field(factory=list)
    rounds: list[Round] = attrs.field(factory=list)
    stops: list[Term] = attrs.field(factory=list)
    promises: list[tuple[core.NodeId, tuple[core.Condition, ...]]] = attrs.field(factory=list)


def spoken(conditions: Iterable[core.Expr], env: Environment, more: Environment | None = None) -> Environment:
    """The part of an environment that the conditions speak of."""
    names: Mapping[tuple[str, str], SymbolicValue] = more or {}
    return {
        key: names[key] if key in names else env[key]
        for key in _names(conditions)
        if key in names or key in env
    }


def _names(conditions: Iterable[core.Expr]) -> Iterator[tuple[str, str]]:
    for condition in conditions:
        for part in subexpressions(condition):
            if isinstance(part, core.Variable):
                yield part.kind, part.name
