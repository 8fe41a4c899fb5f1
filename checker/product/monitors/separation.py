"""`require distinct principals for E, E, ..`: no rigid principal acts in events of two of the patterns."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from wfcheck.checker.product.monitors.form import Setting
from wfcheck.checker.product.monitors.moments import Moment
from wfcheck.checker.product.monitors.monitor import Cell, State
from wfcheck.checker.product.monitors.slots import Holding
from wfcheck.checker.product.monitors.suspects import Suspect, compares, suspects
from wfcheck.checker.rules.symbolic_match import both, either
from wfcheck.dsl import core
from wfcheck.solver import build as b
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Symbol, Term


def separation(setting: Setting, body: core.Distinct) -> Iterator[Separation]:
    """One for each kind of later event, and each of the other patterns."""
    for i, one in enumerate(body.events):
        for j, other in enumerate(body.events):
            if i != j:
                found = suspects(setting, other, compares(other, one) or compares(one, other))
                for number, suspect in enumerate(found):
                    yield Separation(setting, one, suspect, f"{i}.{j}.{number}.")


@attrs.frozen
class Separation:
    """`one` first, then the suspect. The cell: the rigid principal acted in the first."""

    setting: Setting
    one: core.EventPattern
    suspect: Suspect
    name: str

    @property
    def who(self) -> Symbol:
        """The principal; one for the whole rule."""
        return self.setting.symbol("who", Sort.TEXT)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """See the class."""
        return (self.setting.cell(f"{self.name}acted", b.FALSE),)

    @property
    def rigid(self) -> tuple[Symbol, ...]:
        """The arguments of the suspect, and the principal."""
        return (*self.suspect.rigid, self.who)

    @property
    def hints(self) -> tuple[Term, ...]:
        """That it did not."""
        return (b.not_(self.cells[0].symbol),)

    def concerns(self, moment: Moment) -> bool:
        """Both patterns speak of attempts."""
        matching = self.setting.matching
        patterns = (self.one, self.suspect.pattern)
        return any(matching.concerns(pattern, moment, evidence=False) for pattern in patterns)

    def disturbed(self, state: State) -> State:
        """Anybody may have acted in another run."""
        if not self.setting.others.may(self.one):
            return state
        return (b.or_(state[0], self.setting.flag("acted")),)

    def step(self, moment: Moment, state: State, before: Holding, after: Holding) -> tuple[State, Term]:
        """A later event is judged before it counts as a first one."""
        del after
        judged = self.suspect.matches(moment, None, before).maybe
        known = moment.kind != "input" or moment.event.subject is not None
        actor = b.eq(self.who, b.text(moment.event.actor)) if known else b.TRUE
        matching, like = self.setting.matching, self.suspect.like
        found = []
        for match in matching.matches(self.one, moment, evidence=False):
            if like is None:
                found.append(match.truth)
                continue
            again = matching.compared(self.suspect.pattern, like, moment, match.binders)
            found.append(both(match.truth, again))
        acted: Term = b.and_(either(found).maybe, actor)
        return (b.or_(state[0], acted),), b.and_(judged, actor, state[0])
