"""What one moment does to one register: its updates in order, each from what the others held before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import attrs

from wfcheck.checker.encoding.encode import Environment, encode
from wfcheck.checker.encoding.encoded import Encoded
from wfcheck.checker.product.monitors.matching import Matching
from wfcheck.checker.product.monitors.moments import Moment
from wfcheck.checker.product.monitors.shapes import anything, leaves
from wfcheck.checker.product.monitors.slots import Held, Holding, Slot
from wfcheck.checker.rules.symbolic_match import YES, Truth, both
from wfcheck.checker.symbolic.types import item_type
from wfcheck.checker.symbolic.value import Sequence, build_shape, covers, equal, sort_of
from wfcheck.dsl import core
from wfcheck.dsl.walk import subexpressions
from wfcheck.solver import build as b
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Term


class Registers(Protocol):
    """What a fold needs of the register file."""

    @property
    def matching(self) -> Matching:
        """Patterns over moments."""
        ...

    @property
    def slots(self) -> list[Slot]:
        """Where registers live."""
        ...

    def update_environment(
        self, expression: core.Expr, env: Environment, now: Holding
    ) -> tuple[core.Expr, Environment]:
        """An expression of an update, rewritten, with what it reads."""
        ...


def fold(file: Registers, moment: Moment, holding: Holding, register: core.Register) -> Holding:
    """The slots of the register after the moment; the others as they were."""
    now = holding
    for update in register.updates:
        earlier: Term = b.FALSE
        for match in file.matching.matches(update.event, moment, evidence=True):
            truth = both(match.truth, Truth(b.not_(earlier), b.not_(earlier)))
            earlier = b.or_(earlier, match.truth.maybe)
            env = file.matching.environment(moment, match.binders)
            now = _Update(file, moment, register, update).each(truth, env, now)
    return now


@attrs.frozen
class _Update:
    file: Registers
    moment: Moment
    register: core.Register
    update: core.RegisterUpdate

    def each(self, truth: Truth, env: Environment, now: Holding) -> Holding:
        """Once, or once for each element of `for each`."""
        binder, source = self.update.binder, self.update.source
        if binder is None or source is None:
            return self._once(truth, env, now)
        found = self._value(source, env, now)
        lost = b.and_(truth.maybe, b.not_(found.defined))
        if lost is not b.FALSE:
            now = self._changed(now, lambda slot, held: self._lost(slot, held).where(lost, held))
        truth = both(truth, Truth(found.defined, found.defined))
        if isinstance(found.value, Sequence):
            for i, item in enumerate(found.value.items):
                there = b.lt(b.integer(i), found.value.length)
                bound = {**env, ("bound", binder): item}
                now = self._once(both(truth, Truth(there, there)), bound, now)
            return now
        return self._unseen(binder, source, truth, env, now)

    def _unseen(
        self, binder: str, source: core.Expr, truth: Truth, env: Environment, now: Holding
    ) -> Holding:
        """Any number of elements. If no update reads the register, the last one decides; else anything may be left."""
        notes = self.file.matching.notes
        if self._reads_itself():
            return self._changed(now, lambda slot, held: self._lost(slot, held).where(truth.maybe, held))
        item = build_shape(
            item_type(source.type), lambda path, sort: notes.fresh(f"{binder}{path}", sort), vouched=True
        )
        some = notes.fresh("some", Sort.BOOL)
        return self._once(both(truth, Truth(some, some)), {**env, ("bound", binder): item}, now)

    def _reads_itself(self) -> bool:
        parts = [e for e in (self.update.condition, self.update.value, self.update.key) if e is not None]
        return any(_reads(part, self.register.symbol) for e in parts for part in subexpressions(e))

    def _once(self, truth: Truth, env: Environment, now: Holding) -> Holding:
        happens = both(truth, self._condition(env, now))
        if happens.maybe is b.FALSE:
            return now
        made = self._value(self.update.value, env, now)
        key = None if self.update.key is None else self._value(self.update.key, env, now)
        return self._changed(now, lambda slot, held: self._put(slot, held, happens, made, key))

    def _condition(self, env: Environment, now: Holding) -> Truth:
        if self.update.condition is None:
            return YES
        expression, names = self.file.update_environment(self.update.condition, env, now)
        return self.file.matching.holds(expression, self.moment, names)

    def _value(self, expression: core.Expr, env: Environment, now: Holding) -> Encoded:
        rewritten, names = self.file.update_environment(expression, env, now)
        return encode(rewritten, names, self.file.matching.notes)

    def _put(self, slot: Slot, held: Held, happens: Truth, made: Encoded, key: Encoded | None) -> Held:
        """What may have happened leaves no value."""
        fitted = leaves(made.value, slot.type)
        terms = anything(slot.type, "lost", self.file.matching.notes) if fitted is None else fitted[0]
        fits = b.FALSE if fitted is None else fitted[1]
        ok = b.and_(happens.sure, made.defined, fits)
        if slot.key is None or key is None:
            return Held(terms, ok, held.there, held.whole).where(happens.maybe, held)
        if not covers(slot.key, key.value) or self.update.key is None or not _textual(self.update.key):
            return attrs.evolve(held, whole=b.and_(held.whole, b.not_(happens.maybe)))
        lost = b.and_(happens.maybe, b.not_(key.defined))
        held = attrs.evolve(held, whole=b.and_(held.whole, b.not_(lost)))
        here = b.and_(happens.maybe, key.defined, equal(slot.key, key.value))
        return Held(terms, ok, b.TRUE, held.whole).where(here, held)

    def _lost(self, slot: Slot, held: Held) -> Held:
        """Nothing is known of it any more."""
        terms = anything(slot.type, "lost", self.file.matching.notes)
        whole = held.whole if slot.key is None else b.FALSE
        return Held(terms, b.FALSE, held.there, whole)

    def _changed(self, now: Holding, change: Callable[[Slot, Held], Held]) -> Holding:
        return tuple(
            change(slot, held) if slot.register is self.register else held
            for slot, held in zip(self.file.slots, now, strict=True)
        )


def _reads(part: core.Expr, register: str) -> bool:
    match part:
        case core.Variable(name=name, kind="register") | core.Known(register=name):
            return name == register
        case _:
            return False


def _textual(key: core.Expr) -> bool:
    return sort_of(key.type) is Sort.TEXT
