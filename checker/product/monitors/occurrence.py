"""`forbid EVENT [after A [until U | for d]]` and `allow`: what may not happen, or not while armed.

Time does not disarm: how much of it goes by is not known."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from wfcheck.checker.monitor import Monitor
from wfcheck.checker.product.monitors.form import Setting
from wfcheck.checker.product.monitors.moments import Moment
from wfcheck.checker.product.monitors.monitor import Cell, State
from wfcheck.checker.product.monitors.slots import Holding
from wfcheck.checker.product.monitors.suspects import Suspect, compares, suspects
from wfcheck.dsl import core
from wfcheck.solver import build as b
from wfcheck.solver.term import Symbol, Term


def forbidden(setting: Setting, body: core.Forbid) -> Iterator[Forbidden]:
    """One for each kind of event that may be judged."""
    setting.registers.prepare(body.condition)
    compared = body.after is not None and compares(body.event, body.after, body.until)
    for number, suspect in enumerate(suspects(setting, body.event, compared)):
        yield Forbidden(setting, body, suspect, f"{number}.armed")


@attrs.frozen
class Forbidden:
    """For one suspect."""

    setting: Setting
    body: core.Forbid
    suspect: Suspect
    name: str

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Whether it is armed."""
        return () if self.body.after is None else (self.setting.cell(self.name, b.FALSE),)

    @property
    def rigid(self) -> tuple[Symbol, ...]:
        """The arguments of the suspect."""
        return self.suspect.rigid

    @property
    def hints(self) -> tuple[Term, ...]:
        """That it never is."""
        return tuple(b.not_(cell.symbol) for cell in self.cells)

    def concerns(self, moment: Moment) -> bool:
        """Judged events, and what arms and disarms."""
        matching = self.setting.matching
        return matching.concerns(self.body.event, moment, evidence=False) or any(
            matching.concerns(pattern, moment, evidence=True)
            for pattern in (self.body.after, self.body.until)
        )

    def disturbed(self, state: State) -> State:
        """Other runs may arm it."""
        if not state or not self.setting.others.may(self.body.after):
            return state
        return (b.or_(state[0], self.setting.flag("armed")),)

    def step(self, moment: Moment, state: State, before: Holding, after: Holding) -> tuple[State, Term]:
        """Judged by what was before; disarmed where U surely happens, armed where A may."""
        del after
        judged = self.suspect.matches(moment, self.body.condition, before).maybe
        if not state:
            return state, judged
        matching, like, binders = self.setting.matching, self.suspect.like, self.suspect.binders
        ended = matching.any_match(self.body.until, moment, evidence=True, other=like, binders=binders)
        begun = matching.any_match(self.body.after, moment, evidence=True, other=like, binders=binders)
        armed = b.and_(state[0], b.not_(ended.sure))
        return (b.or_(armed, b.and_(begun.maybe, self._paired(moment))),), b.and_(judged, state[0])

    def _paired(self, moment: Moment) -> Term:
        """What `same` and `args` of the judged event ask of the event that arms may hold."""
        like = self.suspect.like
        if like is None:
            return b.TRUE
        return self.setting.matching.compared(self.suspect.pattern, like, moment).maybe


@attrs.frozen
class Granted:
    """`allow P`: calls by P, or on its behalf, are granted by every group of lines."""

    setting: Setting
    monitor: Monitor

    @staticmethod
    def of(setting: Setting, monitor: Monitor) -> Granted:
        """Its conditions may read registers."""
        for group in (monitor.unless, *monitor.also):
            for grant in group:
                setting.registers.prepare(grant.condition)
        return Granted(setting, monitor)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """None."""
        return ()

    @property
    def rigid(self) -> tuple[Symbol, ...]:
        """None."""
        return ()

    @property
    def hints(self) -> tuple[Term, ...]:
        """None."""
        return ()

    def concerns(self, moment: Moment) -> bool:
        """Calls in which one that is bound has a part."""
        return moment.kind == "call" and not self.monitor.bound.isdisjoint(moment.event.actors)

    def disturbed(self, state: State) -> State:
        """Nothing is remembered."""
        return state

    def step(self, moment: Moment, state: State, before: Holding, after: Holding) -> tuple[State, Term]:
        """Bad where some group does not surely grant the call."""
        del after
        groups = [self._covered(group, moment, before) for group in (self.monitor.unless, *self.monitor.also)]
        pins = b.and_(*(pin for _, pin in groups))
        missing = b.not_(b.and_(*(covered for covered, _ in groups)))
        return state, b.and_(moment.happens, missing, pins)

    def _covered(self, grants: tuple[core.Grant, ...], moment: Moment, before: Holding) -> tuple[Term, Term]:
        matching, registers = self.setting.matching, self.setting.registers
        found: list[Term] = []
        pins: list[Term] = []
        sure = attrs.evolve(moment, happens=b.TRUE)
        for grant in grants:
            for match in matching.matches(grant.event, sure, evidence=False):
                env = matching.environment(moment, match.binders)
                holds = registers.holds(grant.condition, moment, env, before)
                found.append(b.and_(match.truth.sure, holds.sure))
                pins.append(registers.pins(grant.condition, env, before, plain=True))
        return b.or_(*found), b.and_(*pins)
