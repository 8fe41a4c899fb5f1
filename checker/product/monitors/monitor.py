"""Monitors over symbolic events: what a rule remembers of a run, and when it breaks.

A monitor is composed with a workflow event by event, in their order: `step` takes the values of its cells before an event and gives
those after it, and the formula under which the rule breaks at the event, or may. Whatever is not known counts against the rule.

The rule holds on a run if and only if no event of the run is bad, for any values of the rigid symbols: the arguments of one judged
call, an element of `for each`, a key, a principal. Two calls with different arguments thus need no more cells than one.

What earlier and interleaved runs of the same session can do is part of `step`, as far as any workflow in the scope of the rule can
do it: to look at one run, started with `initial`, is enough. Carrying the cells of scope `session` over to later runs is allowed,
but not needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias

import attrs

from wfcheck.checker.symbolic.state import SymbolicEvent
from wfcheck.checker.symbolic.value import SymbolicValue
from wfcheck.dsl import types
from wfcheck.solver.term import Symbol, Term

__all__ = ["Cell", "ElementOf", "State", "SymbolicMonitor"]

State: TypeAlias = tuple[Term, ...]
"""The values of the cells, in their order."""

ElementOf: TypeAlias = Callable[[SymbolicValue, Term, types.Type], tuple[SymbolicValue, Term]]
"""Of a list whose elements are not known one by one, an INT and the type of its elements: the element of that index (from 0), and the
formula under which there is one. It has to be the same function that binds the item of a loop."""


@attrs.frozen
class Cell:
    """A register. `symbol`: its value at a place. `initial`: at the start of its scope. `scope`: what it is reset at the start of."""

    symbol: Symbol
    initial: Term
    scope: Literal["run", "session"] = "run"


class SymbolicMonitor(Protocol):
    """One rule over the events of one workflow."""

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Its registers. Their symbols and the rigid ones are named apart from those of any execution."""
        ...

    @property
    def rigid(self) -> tuple[Symbol, ...]:
        """Constants of which nothing is known: they keep one value for the whole run."""
        ...

    @property
    def hints(self) -> tuple[Term, ...]:
        """Formulas over cells and rigid symbols that may well be invariant at every place; none is trusted."""
        ...

    @property
    def rests_on(self) -> tuple[str, ...]:
        """Names of assumptions that a proof by this monitor needs beyond those of the execution (`approval-shows`, ..)."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What was abstracted so far, in words."""
        ...

    def relevant(self, event: SymbolicEvent) -> bool:
        """Whether `step` may do anything at such an event; if not, it may be left out. Looks at kind, names and actors alone."""
        ...

    def step(self, event: SymbolicEvent, state: State) -> tuple[State, Term]:
        """The state after the event, and the formula under which the rule breaks there (or may). Both say of themselves whether the
        event happens (`guard`, `returned`): where it does not, nothing changes and nothing is bad. Each call makes new symbols for
        what is not known: they are inputs of the segment."""
        ...
