"""`limit M (E) <= n per SCOPE ..`: the measure of one scope, for rigid keys.

A window is taken to hold everything: time need not pass. What other runs add to a shared scope is any amount. Distinct values are
counted by rigid ones: more than n values differ if and only if some n + 1 that differ are all met; where that are too many symbols,
each event counts. A streak ends with a call that surely does not count."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import Literal

import attrs

from wfcheck.checker.bits import upper_bits
from wfcheck.checker.encoding.encode import Environment
from wfcheck.checker.encoding.encoded import Encoded, stripped
from wfcheck.checker.product.monitors.form import Setting
from wfcheck.checker.product.monitors.kinds import reads_result
from wfcheck.checker.product.monitors.moments import Moment
from wfcheck.checker.product.monitors.monitor import Cell, State
from wfcheck.checker.product.monitors.shapes import pinned, symbols_of
from wfcheck.checker.product.monitors.slots import Holding
from wfcheck.checker.product.monitors.streaks import ends_streak
from wfcheck.checker.rules.symbolic_match import Match, Truth, both, either
from wfcheck.checker.symbolic.value import Leaf, SymbolicValue, covers, equal
from wfcheck.dsl import core, types
from wfcheck.solver import build as b
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Symbol, Term

MOST_VALUES = 6
"""Up to so many distinct values are told apart."""


@attrs.frozen
class Quota:
    """For one value of each key. Cells: a number, or one flag per distinct value."""

    setting: Setting
    body: core.Limit
    keys: tuple[tuple[core.Expr, SymbolicValue], ...]
    values: tuple[SymbolicValue, ...]
    rigid: tuple[Symbol, ...]

    @staticmethod
    def of(setting: Setting, body: core.Limit) -> Quota:
        """A limit, with symbols for its keys and distinct values."""
        keys: list[tuple[core.Expr, SymbolicValue]] = []
        values: list[SymbolicValue] = []
        rigid: list[Symbol] = []
        for number, scope in enumerate(s for s in body.scopes if s.key is not None):
            assert scope.key is not None
            value, symbols = symbols_of(scope.key.type, f"{setting.prefix}key{number}")
            keys.append((scope.key, value))
            rigid += symbols
        if body.kind == "distinct" and body.value is not None and body.bound < MOST_VALUES:
            for number in range(floor(body.bound) + 1):
                value, symbols = symbols_of(body.value.type, f"{setting.prefix}value{number}")
                values.append(value)
                rigid += symbols
        for expression in (body.condition, body.value, *(key for key, _ in keys)):
            setting.registers.prepare(expression)
        return Quota(setting, body, tuple(keys), tuple(values), tuple(rigid))

    @property
    def cells(self) -> tuple[Cell, ...]:
        """See the class."""
        scope: Literal["run", "session"] = "run" if self._own_run else "session"
        if self.values:
            return tuple(self.setting.cell(f"met{i}", b.FALSE, scope) for i in range(len(self.values)))
        return (self.setting.cell(self.body.kind, self._zero, scope),)

    @property
    def _zero(self) -> Term:
        return b.REAL_ZERO if self.body.kind in ("sum", "bits") else b.ZERO

    @property
    def _own_run(self) -> bool:
        return any(scope.kind in ("run", "turn") for scope in self.body.scopes)

    @property
    def hints(self) -> tuple[Term, ...]:
        """Measures start at 0, and stay within the bound."""
        if self.values:
            return tuple(b.not_(cell.symbol) for cell in self.cells)
        (cell,) = self.cells
        return (b.le(self._zero, cell.symbol), b.le(cell.symbol, self._bound))

    @property
    def _bound(self) -> Term:
        whole = self._zero.sort is Sort.INT
        return b.integer(floor(self.body.bound)) if whole else b.rational(self.body.bound)

    def concerns(self, moment: Moment) -> bool:
        """What counts, what starts a turn, and what may end a streak."""
        if self._turns and moment.kind in ("llm", "input"):
            return True
        streak = self.body.kind == "consecutive" and moment.kind in ("call", "result", "fail", "deny")
        return streak or self.setting.matching.concerns(self.body.event, moment, evidence=False)

    @property
    def _turns(self) -> bool:
        return any(scope.kind == "turn" for scope in self.body.scopes)

    # ------------------------------------------------------------ other runs

    def disturbed(self, state: State) -> State:
        """Other runs may count, in a scope that they share."""
        kinds = {scope.kind for scope in self.body.scopes}
        alone = self._own_run
        others = (
            self.setting.anywhere if "window" in kinds and "session" not in kinds else self.setting.session
        )
        if alone or not others.may(self.body.event):
            return state
        return tuple(self._more(term) for term in state)

    def _more(self, term: Term) -> Term:
        if term.sort is Sort.BOOL:
            return b.or_(term, self.setting.flag("met"))
        more = self.setting.notes.fresh("more", term.sort)
        return more if self.body.kind == "sum" else b.ite(b.lt(term, more), more, term)

    # ------------------------------------------------------------ stepping

    def step(self, moment: Moment, state: State, before: Holding, after: Holding) -> tuple[State, Term]:
        """The event counts, and is judged with itself counted; then a model answer starts a turn."""
        del after
        found = self._counted(moment, before)
        counts = either(truth for truth, _ in found)
        if self.values:
            state, over = self._met(moment, found, state, before)
        else:
            state, over = self._added(moment, found, counts, state[0], before)
        if self._turns and moment.kind in ("llm", "input"):
            start = [cell.initial for cell in self.cells]
            state = tuple(b.ite(moment.happens, s, n) for s, n in zip(start, state, strict=True))
        return state, b.and_(counts.maybe, over)

    def _counted(self, moment: Moment, before: Holding) -> list[tuple[Truth, Environment]]:
        """Each way to count, with what names stand for: the condition holds, and the keys are the rigid ones."""
        return [
            (both(self._judged(match, moment, before), self._keyed(env, moment, before)), env)
            for match in self._matches(moment)
            for env in (self.setting.matching.environment(moment, match.binders),)
        ]

    def _matches(self, moment: Moment) -> list[Match]:
        return self.setting.matching.matches(self.body.event, moment, evidence=False)

    def _judged(self, match: Match, moment: Moment, before: Holding) -> Truth:
        env = self.setting.matching.environment(moment, match.binders)
        return both(match.truth, self.setting.registers.holds(self.body.condition, moment, env, before))

    def _keyed(self, env: Environment, moment: Moment, before: Holding) -> Truth:
        parts = []
        for key, rigid in self.keys:
            found = self._value(key, env, moment, before)
            if not covers(rigid, found.value):
                parts.append(Truth(b.FALSE, b.TRUE))
                continue
            same = equal(rigid, found.value)
            parts.append(Truth(b.and_(found.defined, same), b.or_(b.not_(found.defined), same)))
        return both(*parts)

    def _value(self, expression: core.Expr, env: Environment, moment: Moment, before: Holding) -> Encoded:
        """An attempt that does not return has no result."""
        found = self.setting.registers.value(expression, env, before)
        if moment.kind == "call" and reads_result(expression):
            return Encoded(found.value, b.and_(found.defined, moment.event.returned))
        return found

    def _met(
        self, moment: Moment, found: list[tuple[Truth, Environment]], state: State, before: Holding
    ) -> tuple[State, Term]:
        """Bad once all the rigid values, which differ, are met; a value that is not known may be any."""
        assert self.body.value is not None
        unknown: Term = b.FALSE
        met = list(state)
        for truth, env in found:
            value = self._value(self.body.value, env, moment, before)
            unknown = b.or_(unknown, b.and_(truth.maybe, b.not_(value.defined)))
            for i, rigid in enumerate(self.values):
                met[i] = b.or_(met[i], b.and_(truth.maybe, pinned(rigid, value.value)))
        met = [b.or_(term, unknown) for term in met]
        pairs = [(x, y) for i, x in enumerate(self.values) for y in self.values[:i]]
        apart = b.and_(*(b.not_(equal(x, y)) for x, y in pairs))
        return tuple(met), b.and_(*met, apart)

    def _added(
        self,
        moment: Moment,
        found: list[tuple[Truth, Environment]],
        counts: Truth,
        total: Term,
        before: Holding,
    ) -> tuple[State, Term]:
        if self.body.kind == "consecutive":
            return self._streak(moment, counts, total, before)
        if self.body.kind in ("count", "distinct"):
            more = b.add(total, b.integer(1))
            return (b.ite(counts.maybe, more, total),), b.lt(self._bound, more)
        weights = [(truth, self._weight(moment, env, before)) for truth, env in found]
        sure: Term = b.REAL_ZERO
        perhaps: Term = b.REAL_ZERO
        endless: Term = b.FALSE
        for truth, weight in reversed(weights):
            if weight is None:
                endless = b.or_(endless, truth.maybe)
                continue
            worst = b.ite(b.lt(weight, b.REAL_ZERO), b.REAL_ZERO, weight)
            perhaps = b.ite(truth.maybe, b.ite(truth.sure, weight, worst), perhaps)
            sure = b.ite(truth.maybe, weight, sure)
        over = b.or_(endless, b.lt(self._bound, b.add(total, sure)))
        lost = self.setting.notes.fresh("total", Sort.REAL)
        return (b.ite(endless, lost, b.add(total, perhaps)),), over

    def _streak(self, moment: Moment, counts: Truth, total: Term, before: Holding) -> tuple[State, Term]:
        any_key = either(self._judged(match, moment, before) for match in self._matches(moment))
        ended = ends_streak(self.setting, self.body, moment, any_key, before)
        more = b.add(total, b.integer(1))
        kept = b.ite(b.and_(ended, b.not_(counts.maybe)), b.ZERO, total)
        return (b.ite(counts.maybe, more, kept),), b.lt(self._bound, more)

    def _weight(self, moment: Moment, env: Environment, before: Holding) -> Term | None:
        """What the event adds; None: more than any bound. What is not known adds anything."""
        if self.body.kind == "bits":
            endless = self.body.bound + 1
            bits = (
                upper_bits(self.setting.program, moment.event.subject)
                if moment.kind == "release"
                else Fraction(0)
            )
            return b.rational(endless if bits is None else bits)
        assert self.body.value is not None
        found = stripped(self._value(self.body.value, env, moment, before))
        time = types.base(self.body.value.type) == types.DURATION
        if time or not isinstance(found.value, Leaf) or found.value.term.sort not in (Sort.INT, Sort.REAL):
            return None
        term = found.value.term if found.value.term.sort is Sort.REAL else b.real(found.value.term)
        return b.ite(found.defined, term, self.setting.notes.fresh("amount", Sort.REAL))
