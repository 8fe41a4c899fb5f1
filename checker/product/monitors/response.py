"""`require E after J (within .. | before end)`: what is owed for one rigid judged event.

The oldest event that is still owed something decides when a bound on steps passes. A bound on time may have passed at once."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from wfcheck.checker.product.monitors.form import Setting
from wfcheck.checker.product.monitors.moments import Moment
from wfcheck.checker.product.monitors.monitor import Cell, State
from wfcheck.checker.product.monitors.slots import Holding
from wfcheck.checker.product.monitors.suspects import Suspect, compares, suspects
from wfcheck.dsl import core
from wfcheck.solver import build as b
from wfcheck.solver.term import Symbol, Term


def response(setting: Setting, body: core.After) -> Iterator[Response]:
    """One for each kind of event that may be judged."""
    setting.registers.prepare(body.condition)
    compared = body.binder is not None or compares(body.judged, body.evidence)
    found = suspects(setting, body.judged, compared, evidence=True, binder=body.binder, source=body.source)
    for number, suspect in enumerate(found):
        yield Response(setting, body, suspect, f"{number}.")


@attrs.frozen
class Response:
    """For one suspect. Cells: whether something is owed, and (with a bound) the steps that are left."""

    setting: Setting
    body: core.After
    suspect: Suspect
    name: str

    @property
    def cells(self) -> tuple[Cell, ...]:
        """See the class."""
        owed = self.setting.cell(f"{self.name}owed", b.FALSE)
        if self.body.within_steps is None:
            return (owed,)
        return (owed, self.setting.cell(f"{self.name}left", b.integer(self.body.within_steps)))

    @property
    def rigid(self) -> tuple[Symbol, ...]:
        """The arguments of the suspect."""
        return self.suspect.rigid

    @property
    def hints(self) -> tuple[Term, ...]:
        """That nothing is owed, or that there is time."""
        owed, *left = (cell.symbol for cell in self.cells)
        return (b.not_(owed), *(b.or_(b.not_(owed), b.le(b.ZERO, steps)) for steps in left))

    def concerns(self, moment: Moment) -> bool:
        """Judged events and evidence when they have happened, ends, and calls where steps count."""
        if moment.kind == "end" or (moment.kind == "call" and self.body.within_steps is not None):
            return True
        matching = self.setting.matching
        patterns = (self.body.judged, self.body.evidence)
        return any(matching.concerns(pattern, moment, evidence=True) for pattern in patterns)

    def disturbed(self, state: State) -> State:
        """Other runs may leave something owed, and take steps."""
        others = self.setting.others
        owed, *left = state
        if others.may(self.body.judged):
            owed = b.or_(owed, self.setting.flag("owed"))
            left = [b.ite(self.setting.flag("late"), b.ZERO, steps) for steps in left]
        if others.may_call():
            left = [b.ite(self.setting.flag("steps"), b.ZERO, steps) for steps in left]
        return (owed, *left)

    def step(self, moment: Moment, state: State, before: Holding, after: Holding) -> tuple[State, Term]:
        """The end and a passed bound are judged first; then evidence settles what is owed, and a judged event owes anew."""
        del after
        owed, *left = state
        late: Term = b.FALSE
        if moment.kind == "call":
            left = [b.ite(b.and_(moment.happens, owed), b.add(n, b.integer(-1)), n) for n in left]
            late = b.or_(*(b.and_(moment.happens, owed, b.lt(n, b.ZERO)) for n in left))
        ended = b.and_(moment.happens, owed) if moment.kind == "end" else b.FALSE
        served = self.setting.matching.any_match(
            self.body.evidence,
            moment,
            evidence=True,
            other=self.suspect.like,
            binders=self.suspect.binders,
        )
        owed = b.and_(owed, b.not_(served.sure))
        judged = self.suspect.matches(moment, self.body.condition, before, evidence=True).maybe
        start = b.integer(self.body.within_steps or 0)
        left = [b.ite(b.and_(judged, b.not_(owed)), start, n) for n in left]
        untimely = judged if self.body.within_time is not None else b.FALSE
        return (b.or_(owed, judged), *left), b.or_(late, ended, untimely)
