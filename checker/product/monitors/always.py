"""`always cond [when E]`: a condition over registers, at every event or at every E, with that event counted in."""

from __future__ import annotations

import attrs

from wfcheck.checker.product.monitors.form import Setting
from wfcheck.checker.product.monitors.moments import Moment
from wfcheck.checker.product.monitors.monitor import Cell, State
from wfcheck.checker.product.monitors.slots import Holding
from wfcheck.dsl import core
from wfcheck.solver import build as b
from wfcheck.solver.term import Symbol, Term, symbols


@attrs.frozen
class Always:
    """It remembers nothing but the registers. `lasting`: it holds until a register is updated."""

    setting: Setting
    body: core.Always
    lasting: bool
    hints: tuple[Term, ...]

    @staticmethod
    def of(setting: Setting, body: core.Always) -> Always:
        """Its condition reads registers. Where it holds at the start, and others cannot break it, only updates matter."""
        registers = setting.registers
        registers.prepare(body.condition)
        start = registers.holding(tuple(cell.initial for cell in registers.cells))
        now = registers.holding(tuple(cell.symbol for cell in registers.cells))
        lasting = not registers.disturbs and registers.sure(body.condition, start) is b.TRUE
        hint = registers.sure(body.condition, now)
        known = {*(cell.symbol for cell in registers.cells), *registers.rigid}
        return Always(setting, body, lasting, (hint,) if known.issuperset(symbols((hint,))) else ())

    @property
    def cells(self) -> tuple[Cell, ...]:
        """None."""
        return ()

    @property
    def rigid(self) -> tuple[Symbol, ...]:
        """None."""
        return ()

    def concerns(self, moment: Moment) -> bool:
        """E, or every event that may show what the registers start with, or hold after others."""
        if self.body.event is None:
            return not self.lasting or self.setting.registers.concerns(moment)
        return self.setting.matching.concerns(self.body.event, moment, evidence=False)

    def disturbed(self, state: State) -> State:
        """Nothing is remembered."""
        return state

    def step(self, moment: Moment, state: State, before: Holding, after: Holding) -> tuple[State, Term]:
        """Bad where the condition does not surely hold."""
        del before
        matching, registers = self.setting.matching, self.setting.registers
        if self.body.event is None:
            holds = registers.holds(self.body.condition, moment, matching.environment(moment, {}), after)
            return state, b.and_(moment.happens, b.not_(holds.sure))
        bad = []
        for match in matching.matches(self.body.event, moment, evidence=False):
            env = matching.environment(moment, match.binders)
            holds = registers.holds(self.body.condition, moment, env, after)
            pins = registers.pins(self.body.condition, env, after)
            bad.append(b.and_(match.truth.maybe, b.not_(holds.sure), pins))
        return state, b.or_(*bad)
