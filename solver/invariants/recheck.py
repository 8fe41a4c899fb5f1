"""The judge of everything that is found here: the plain conditions of an invariant, on the original terms."""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import groupby

import attrs

from wfcheck.solver.backend import Child, solve_each
from wfcheck.solver.term import symbols
from wfcheck.solver.transition import Condition, Invariant, System, conditions
from wfcheck.solver.verdict import Answer, Limits, Sat, Unknown, Unsat


@attrs.frozen
class Budget:
    """When to stop (`time.monotonic` seconds), Z3's units per check, and whom to ask (None: the shared child).
    `spacer`: the child that guesses (None: one of its own)."""

    until: float
    rlimit: int
    child: Child | None = None
    spacer: Child | None = None

    def limits(self, most: float = 3600.0, tidy: int = 8) -> Limits:
        """For one question: what is left, at most so many seconds."""
        return Limits(self.rlimit, max(0.01, min(most, self.until - time.monotonic())), tidy)

    @property
    def over(self) -> bool:
        """Whether nothing is left."""
        return time.monotonic() >= self.until

    def share(self, part: float) -> Budget:
        """That part of what is left."""
        now = time.monotonic()
        return attrs.evolve(self, until=now + max(0.0, self.until - now) * part)


@attrs.frozen
class Checked:
    """Cores (names of assumptions) by condition. `open`: the first condition that is not established, with the answer."""

    cores: Mapping[str, tuple[str, ...]]
    open: tuple[Condition, Answer] | None = None


def check(system: System, invariant: Invariant, budget: Budget) -> Checked:
    """Asks every condition of `transition.conditions`; each must be unsatisfiable."""
    if stranger := _stranger(system, invariant):
        return Checked(
            {}, (Condition(stranger, invariant[stranger], ()), Unknown("it speaks of other symbols"))
        )
    cores: dict[str, tuple[str, ...]] = {}
    for assumptions, group in groupby(conditions(system, invariant), lambda c: c.assumptions):
        batch = tuple(group)
        answers = solve_each(
            [c.formula for c in batch], assumptions, budget.limits(), child=budget.child, stop=True
        )
        for condition, answer in zip(batch, answers, strict=True):
            if not isinstance(answer, Unsat):
                return Checked(cores, (condition, answer))
            cores[_free(condition.name, cores)] = answer.core
    return Checked(cores)


def _free(name: str, taken: Mapping[str, tuple[str, ...]]) -> str:
    """Two bad formulas of one segment may share a name; their cores do not."""
    number, found = 2, name
    while found in taken:
        found, number = f"{name} ({number})", number + 1
    return found


def _stranger(system: System, invariant: Invariant) -> str | None:
    """A place whose formula speaks of more than its variables and the rigid symbols: an input there means nothing."""
    for place, formula in invariant.items():
        if place not in system.variables:
            return place
        if not set(symbols((formula,))) <= {*system.variables[place], *system.rigid}:
            return place
    return None


def trouble(checked: Checked) -> str:
    """Why an invariant was not accepted, for people; empty if it was."""
    if checked.open is None:
        return ""
    condition, answer = checked.open
    why = (
        answer.reason
        if isinstance(answer, Unknown)
        else "it does not hold"
        if isinstance(answer, Sat)
        else ""
    )
    return f"{condition.name}: {why}"
