"""What the forms of rules share: what they are made from, and what they do at each moment."""

from __future__ import annotations

from typing import Literal, Protocol

import attrs

from wfcheck.checker.encoding.encoded import Notes
from wfcheck.checker.product.monitors.interference import Interference
from wfcheck.checker.product.monitors.matching import Matching
from wfcheck.checker.product.monitors.moments import Moment
from wfcheck.checker.product.monitors.monitor import Cell, ElementOf, State
from wfcheck.checker.product.monitors.registers import RegisterFile
from wfcheck.checker.product.monitors.shapes import OWN
from wfcheck.checker.product.monitors.slots import Holding
from wfcheck.dsl import core
from wfcheck.solver import build as b
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Symbol, Term


@attrs.frozen
class Setting:
    """`others`: runs that a rule `per session` hears of (none, for a rule about one run). `session`: earlier and interleaved runs of
    the session, which registers and limits per session always hear of. `anywhere`: runs of all sessions."""

    rule: core.Rule
    program: core.Program
    matching: Matching
    registers: RegisterFile
    others: Interference
    session: Interference
    anywhere: Interference
    prefix: str
    element: ElementOf | None

    @property
    def notes(self) -> Notes:
        """Where fresh symbols come from."""
        return self.matching.notes

    @property
    def scope(self) -> Literal["run", "session"]:
        """The scope of the cells of an order rule."""
        return "session" if self.rule.per_session else "run"

    def flag(self, name: str) -> Term:
        """A fresh Boolean."""
        return self.notes.fresh(name, Sort.BOOL)

    def cell(self, name: str, initial: Term, scope: Literal["run", "session"] | None = None) -> Cell:
        """A cell of the sort of its initial value."""
        return Cell(self.symbol(name, initial.sort), initial, scope or self.scope)

    def symbol(self, name: str, sort: Sort) -> Symbol:
        """A symbol of the monitor."""
        made = b.symbol(f"{self.prefix}{name}{OWN}", sort)
        assert isinstance(made, Symbol)
        return made


class Form(Protocol):
    """One form of a rule, for some of the values of its rigid symbols. `bad` of `step` is judged with the registers `before` the moment
    (`always`: `after` it)."""

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Its own cells."""
        ...

    @property
    def rigid(self) -> tuple[Symbol, ...]:
        """Its own rigid symbols."""
        ...

    @property
    def hints(self) -> tuple[Term, ...]:
        """Formulas that may be invariant."""
        ...

    def concerns(self, moment: Moment) -> bool:
        """Whether the moment matters to it, as far as kind and names tell."""
        ...

    def disturbed(self, state: State) -> State:
        """After whatever other runs of the session may have done."""
        ...

    def step(self, moment: Moment, state: State, before: Holding, after: Holding) -> tuple[State, Term]:
        """After the moment, and when it is bad."""
        ...


@attrs.frozen
class Several:
    """All of them: bad where any is."""

    forms: tuple[Form, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """One after the other."""
        return tuple(cell for form in self.forms for cell in form.cells)

    @property
    def rigid(self) -> tuple[Symbol, ...]:
        """One after the other."""
        return tuple(symbol for form in self.forms for symbol in form.rigid)

    @property
    def hints(self) -> tuple[Term, ...]:
        """One after the other."""
        return tuple(hint for form in self.forms for hint in form.hints)

    def concerns(self, moment: Moment) -> bool:
        """Whether it matters to any."""
        return any(form.concerns(moment) for form in self.forms)

    def _parts(self, state: State) -> list[tuple[Form, State]]:
        found, start = [], 0
        for form in self.forms:
            width = len(form.cells)
            found.append((form, state[start : start + width]))
            start += width
        return found

    def disturbed(self, state: State) -> State:
        """Each of them."""
        return tuple(term for form, part in self._parts(state) for term in form.disturbed(part))

    def step(self, moment: Moment, state: State, before: Holding, after: Holding) -> tuple[State, Term]:
        """Each of them."""
        steps = [
            form.step(moment, part, before, after) if form.concerns(moment) else (part, b.FALSE)
            for form, part in self._parts(state)
        ]
        return tuple(term for part, _ in steps for term in part), b.or_(*(bad for _, bad in steps))
