"""`require E [since S] before J`: evidence for one rigid judged event.

Without approvals one flag remembers that there is evidence which nothing renewed; with a bound on steps, how many are left to the
latest. Approvals are counted: the first call that one covers uses it up. A call takes the oldest approval that is valid for it; which
one that is does not matter for the count, and where approvals expire, one call is taken to use up all that was counted."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from wfcheck.checker.product.monitors.form import Setting
from wfcheck.checker.product.monitors.matching import Bound
from wfcheck.checker.product.monitors.moments import Moment
from wfcheck.checker.product.monitors.monitor import Cell, State
from wfcheck.checker.product.monitors.slots import Holding
from wfcheck.checker.product.monitors.suspects import Suspect, compares, suspects
from wfcheck.checker.rules.symbolic_match import YES, Truth, both, either
from wfcheck.dsl import core
from wfcheck.dsl.walk import statements, subexpressions
from wfcheck.solver import build as b
from wfcheck.solver.term import Symbol, Term

NONE_LEFT = b.integer(-1)


def precedence(setting: Setting, body: core.Before) -> Iterator[Precedence]:
    """One for each kind of event that may be judged."""
    about = _about_evidence(body)
    if not about:
        setting.registers.prepare(body.condition)
    compared = about or body.binder is not None or compares(body.judged, body.evidence, body.since)
    bounds = _bounds(setting.program)
    found = suspects(setting, body.judged, compared, binder=body.binder, source=body.source)
    for number, suspect in enumerate(found):
        yield Precedence(setting, body, suspect, about, bounds, f"{number}.")


def _about_evidence(body: core.Before) -> bool:
    """Whether `when` names what only the evidence binds: then it is asked of the evidence."""
    if body.condition is None:
        return False
    parts = subexpressions(body.condition)
    named = {e.name for e in parts if isinstance(e, core.Variable) and e.kind == "binder"}
    bound = {t.name for c in body.judged.choices for _, t in c.tests if isinstance(t, core.Bind)}
    return bool(named - bound)


def _bounds(program: core.Program) -> dict[object, core.Approve]:
    """By place in the text: the statements that give approvals."""
    blocks = (s for w in program.workflows.values() for s in statements(w.body))
    return {s.span: s for s in blocks if isinstance(s, core.Approve)}


@attrs.frozen
class _Cells:
    """`seen`: evidence that is not used up. `left`: the steps that are left to it. `unused`: approvals without a bound. `lasting`: the
    steps that are left to one with a bound."""

    seen: Term
    left: Term
    unused: Term
    lasting: Term

    def where(self, condition: Term, otherwise: _Cells) -> _Cells:
        mine, theirs = attrs.astuple(self, recurse=False), attrs.astuple(otherwise, recurse=False)
        return _Cells(*(b.ite(condition, m, t) for m, t in zip(mine, theirs, strict=True)))


_EMPTY = _Cells(b.FALSE, NONE_LEFT, b.ZERO, NONE_LEFT)


@attrs.frozen(slots=False)
class Precedence:
    """For one suspect. `about`: `when` is asked of the evidence."""

    setting: Setting
    body: core.Before
    suspect: Suspect
    about: bool
    approvals: dict[object, core.Approve]
    name: str

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The flag, and what approvals and bounds need."""
        starts = attrs.asdict(_EMPTY, recurse=False).items()
        return tuple(
            self.setting.cell(f"{self.name}{name}", start) for name, start in starts if name in self._used
        )

    @property
    def _used(self) -> tuple[str, ...]:
        kinds = {c.kind for c in self.body.evidence.choices}
        bounded = self.body.within_steps is not None
        used = []
        if kinds - {"approve"}:
            used.append("left" if bounded else "seen")
        if "approve" in kinds:
            used += ["lasting"] if bounded else ["unused", "lasting"]
        if not bounded and not any(a.within_steps is not None for a in self.approvals.values()):
            used = [name for name in used if name != "lasting"]
        return tuple(name for name in ("seen", "left", "unused", "lasting") if name in used)

    @property
    def rigid(self) -> tuple[Symbol, ...]:
        """The arguments of the suspect."""
        return self.suspect.rigid

    @property
    def hints(self) -> tuple[Term, ...]:
        """Counters have a least value."""
        least = {"left": NONE_LEFT, "unused": b.ZERO, "lasting": NONE_LEFT}
        pairs = zip(self._used, self.cells, strict=True)
        return tuple(b.le(least[name], cell.symbol) for name, cell in pairs if name in least)

    def concerns(self, moment: Moment) -> bool:
        """Judged events, evidence, what renews it, and calls where steps count."""
        matching = self.setting.matching
        if moment.kind == "call" and {"left", "lasting"} & set(self._used):
            return True
        return matching.concerns(self.body.judged, moment, evidence=False) or any(
            matching.concerns(pattern, moment, evidence=True)
            for pattern in (self.body.evidence, self.body.since)
        )

    def disturbed(self, state: State) -> State:
        """Other runs may renew the demand, use approvals up, and take steps."""
        others, now = self.setting.others, self._read(state)
        if others.may(self.body.since):
            now = _EMPTY.where(self.setting.flag("renewed"), now)
        if others.may_call():
            expired = attrs.evolve(now, left=NONE_LEFT, lasting=NONE_LEFT)
            now = expired.where(self.setting.flag("steps"), now)
        if others.may(self.body.judged):
            used = attrs.evolve(now, unused=b.ZERO, lasting=NONE_LEFT)
            now = used.where(self.setting.flag("used"), now)
        return self._write(now)

    def _read(self, state: State) -> _Cells:
        return attrs.evolve(_EMPTY, **dict(zip(self._used, state, strict=True)))

    def _write(self, cells: _Cells) -> State:
        return tuple(getattr(cells, name) for name in self._used)

    def step(self, moment: Moment, state: State, before: Holding, after: Holding) -> tuple[State, Term]:
        """A judged event is judged by what was before it; then it may use an approval up, renew the demand and be evidence itself."""
        del after
        now = self._read(state)
        if moment.kind == "call":
            now = attrs.evolve(
                now, left=_fewer(now.left, moment.happens), lasting=_fewer(now.lasting, moment.happens)
            )
        condition = None if self.about else self.body.condition
        judged = self.suspect.matches(moment, condition, before).maybe
        bad = b.and_(judged, b.not_(self._served(now)))
        now = self._use_up(moment, now)
        renewed = self._asked(self.body.since, moment).maybe
        now = _EMPTY.where(renewed, now)
        return self._write(self._collect(moment, now)), bad

    def _served(self, now: _Cells) -> Term:
        if self.body.within_time is not None:
            return b.FALSE
        lasting = (b.le(b.ZERO, now.left), b.lt(b.ZERO, now.unused), b.le(b.ZERO, now.lasting))
        return b.or_(now.seen, *lasting)

    def _use_up(self, moment: Moment, now: _Cells) -> _Cells:
        """Any call that the rule may judge uses an approval up, whatever its `when`."""
        if moment.kind != "call":
            return now
        judged = self.setting.matching.any_match(self.body.judged, moment, evidence=False).maybe
        like = self.suspect.like
        uses = judged if like is None or like.kind != "call" else b.and_(judged, self.suspect.same(moment))
        fewer = b.ite(b.lt(b.ZERO, now.unused), b.add(now.unused, NONE_LEFT), b.ZERO)
        return attrs.evolve(now, unused=fewer, lasting=NONE_LEFT).where(uses, now)

    def _asked(self, pattern: core.EventPattern | None, moment: Moment) -> Truth:
        return self.setting.matching.any_match(
            pattern, moment, evidence=True, other=self.suspect.like, binders=self.suspect.binders
        )

    def _collect(self, moment: Moment, now: _Cells) -> _Cells:
        """What surely is evidence."""
        approvals = tuple(c for c in self.body.evidence.choices if c.kind == "approve")
        plain = tuple(c for c in self.body.evidence.choices if c.kind != "approve")
        found = self._evidence(moment, plain)
        seen = attrs.evolve(now, seen=b.TRUE, left=b.integer(self.body.within_steps or 0))
        now = seen.where(found, now)
        given = self._evidence(moment, approvals)
        return now if given is b.FALSE else self._approved(moment, now).where(given, now)

    def _approved(self, moment: Moment, now: _Cells) -> _Cells:
        statement = self.approvals.get(moment.event.span)
        if statement is None or statement.within_time is not None:
            return now
        bounds = [n for n in (self.body.within_steps, statement.within_steps) if n is not None]
        if bounds:
            return attrs.evolve(now, lasting=b.integer(min(bounds)))
        return attrs.evolve(now, unused=b.add(now.unused, b.integer(1)))

    def _evidence(self, moment: Moment, choices: tuple[core.EventChoice, ...]) -> Term:
        matching, suspect = self.setting.matching, self.suspect
        pattern = attrs.evolve(self.body.evidence, choices=choices)
        found = matching.matches(
            pattern, moment, evidence=True, other=suspect.like, binders=suspect.binders, binding=True
        )
        demanded = (both(match.truth, self._demanded(match.binders)) for match in found)
        return either(demanded).sure

    def _demanded(self, binders: Bound) -> Truth:
        like = self.suspect.like
        if not self.about or like is None:
            return YES
        matching = self.setting.matching
        return matching.holds(self.body.condition, like, {**matching.environment(like, {}), **binders})


def _fewer(left: Term, happens: Term) -> Term:
    """One step less, where a call happens and any are left."""
    return b.ite(b.and_(happens, b.le(b.ZERO, left)), b.add(left, NONE_LEFT), left)
