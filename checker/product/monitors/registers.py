"""Tracked registers as cells: a fold over the moments of a run, and over what other runs of the session may do in between."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import attrs

from wfcheck.checker.encoding.encode import Environment, condition, encode
from wfcheck.checker.encoding.encoded import Encoded
from wfcheck.checker.product.monitors.bounds import Range, bounds
from wfcheck.checker.product.monitors.folding import fold
from wfcheck.checker.product.monitors.interference import Interference
from wfcheck.checker.product.monitors.lookups import Lookup, Rewritten, reading, rewritten
from wfcheck.checker.product.monitors.matching import Matching
from wfcheck.checker.product.monitors.moments import Moment
from wfcheck.checker.product.monitors.monitor import Cell, State
from wfcheck.checker.product.monitors.shapes import anything, leaves, pinned
from wfcheck.checker.product.monitors.slots import Held, Holding, Slot, entry_slot, scalar_slot
from wfcheck.checker.rules.symbolic_match import Truth
from wfcheck.checker.symbolic.value import Leaf, SymbolicValue, choose, covers, equal, sort_of
from wfcheck.dsl import core, types
from wfcheck.dsl.walk import subexpressions
from wfcheck.solver import build as b
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Symbol, Term


@attrs.define
class RegisterFile:
    """The registers that a rule depends on. `prepare` every expression of the rule before the first `step`."""

    matching: Matching
    others: Interference
    prefix: str
    slots: list[Slot] = attrs.field(factory=list)
    prepared: dict[int, tuple[core.Expr, Rewritten, tuple[Slot | None, ...]]] = attrs.field(factory=dict)
    updates: dict[int, Rewritten] = attrs.field(factory=dict)

    @property
    def program(self) -> core.Program:
        """Where the registers are declared."""
        return self.matching.program

    @property
    def maps(self) -> frozenset[str]:
        """Registers that hold a map."""
        registers = self.program.registers.items()
        return frozenset(n for n, r in registers if isinstance(types.base(r.type), types.MapType))

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells of all slots."""
        return tuple(cell for slot in self.slots for cell in slot.cells(self.matching.notes))

    @property
    def rigid(self) -> tuple[Symbol, ...]:
        """The keys."""
        return tuple(symbol for slot in self.slots for symbol in slot.rigid)

    @property
    def hints(self) -> tuple[Term, ...]:
        """That nothing erred."""
        return tuple(flag for slot in self.slots for flag in slot.lasting)

    # ------------------------------------------------------------ what is tracked

    def prepare(self, expression: core.Expr | None) -> None:
        """Make slots for what an expression of the rule reads."""
        if expression is None or id(expression) in self.prepared:
            return
        found = rewritten(expression, self.maps)
        own: list[Slot | None] = []
        for lookup in found.lookups:
            name = f"{self.prefix}{lookup.register}[{len(self.slots)}]"
            slot = entry_slot(self.program.registers[lookup.register], lookup.key.type, name)
            own.append(slot)
            self.slots.append(slot)
        self.prepared[id(expression)] = (expression, found, tuple(own))
        self._track(found.registers)

    def _track(self, names: Iterable[str]) -> None:
        """Scalars that are read, and what their updates (and those of maps) read."""
        todo = list(names)
        done: set[str] = set()
        while todo:
            name = todo.pop()
            if name in done or name not in self.program.registers:
                continue
            done.add(name)
            register = self.program.registers[name]
            if name not in self.maps and all(slot.register is not register for slot in self.slots):
                self.slots.append(scalar_slot(register, self.prefix))
            for update in register.updates:
                for part in (update.source, update.condition, update.key, update.value):
                    if part is not None:
                        todo += sorted(self._update(part).registers)

    def _update(self, expression: core.Expr) -> Rewritten:
        if id(expression) not in self.updates:
            self.updates[id(expression)] = rewritten(expression, self.maps)
        return self.updates[id(expression)]

    def concerns(self, moment: Moment) -> bool:
        """Whether the moment may change a register."""
        updates = (u for slot in self.slots for u in slot.register.updates)
        return any(self.matching.concerns(u.event, moment, evidence=True) for u in updates)

    # ------------------------------------------------------------ reading

    def holding(self, state: State) -> Holding:
        """From the values of the cells."""
        found, start = [], 0
        for slot in self.slots:
            found.append(slot.read(state[start : start + slot.width]))
            start += slot.width
        return tuple(found)

    def state(self, holding: Holding) -> State:
        """As values of the cells."""
        return tuple(t for slot, held in zip(self.slots, holding, strict=True) for t in slot.write(held))

    def holds(self, expression: core.Expr | None, moment: Moment, env: Environment, now: Holding) -> Truth:
        """A condition of the rule (one that was prepared), with the registers as they are."""
        if expression is None:
            return self.matching.holds(None, moment, env)
        found = self.prepared[id(expression)][1]
        return self.matching.holds(found.expression, moment, self.environment(found, env, now))

    def sure(self, expression: core.Expr, now: Holding) -> Term:
        """That a condition over registers alone (one that was prepared) holds."""
        found = self.prepared[id(expression)][1]
        return condition(found.expression, self.environment(found, {}, now), self.matching.notes).certain

    def value(self, expression: core.Expr, env: Environment, now: Holding) -> Encoded:
        """The value of an expression of the rule (one that was prepared)."""
        found = self.prepared[id(expression)][1]
        return encode(found.expression, self.environment(found, env, now), self.matching.notes)

    def environment(self, found: Rewritten, env: Environment, now: Holding) -> Environment:
        """With what the expression reads of the registers."""
        names = dict(env)
        for slot, held in zip(self.slots, now, strict=True):
            if slot.key is None:
                names.update(reading(slot.register.symbol, slot.value(held), held.defined))
        for lookup in found.lookups:
            key = encode(lookup.key, names, self.matching.notes)
            names.update(_find(lookup, key, zip(self.slots, now, strict=True)))
        return names

    def pins(
        self, expression: core.Expr | None, env: Environment, now: Holding, *, plain: bool = False
    ) -> Term:
        """That the rigid keys are those at which the expression looks registers up here. `plain`: only keys without binders."""
        if expression is None:
            return b.TRUE
        _, found, own = self.prepared[id(expression)]
        names = self.environment(found, env, now)
        parts: list[Term] = []
        for lookup, slot in zip(found.lookups, own, strict=True):
            if slot is None or slot.key is None or (plain and _names_binders(lookup.key)):
                continue
            key = encode(lookup.key, names, self.matching.notes)
            parts.append(b.or_(b.not_(key.defined), pinned(slot.key, key.value)))
        return b.and_(*parts)

    # ------------------------------------------------------------ stepping

    @property
    def disturbs(self) -> bool:
        """Whether other runs of the session may change any of them."""
        return any(self._touched(slot) for slot in self.slots)

    def disturbed(self, holding: Holding) -> Holding:
        """After whatever other runs of the session may have done."""
        return tuple(
            self._disturbed(slot, held) if self._touched(slot) else held
            for slot, held in zip(self.slots, holding, strict=True)
        )

    def _touched(self, slot: Slot) -> bool:
        return any(self.others.may(update.event) for update in slot.register.updates)

    def _disturbed(self, slot: Slot, held: Held) -> Held:
        """The last of their updates decides, if none reads the register; else any value between its bounds may be left."""
        lasting = bounds(slot.register, self.program) if slot.key is None else None
        if lasting is not None:
            return self._between(slot, held, lasting)
        for update in slot.register.updates:
            if self.others.may(update.event):
                made = self._made_elsewhere(slot, update, held)
                held = made.where(self.matching.notes.fresh("elsewhere", Sort.BOOL), held)
        return held

    def _between(self, slot: Slot, held: Held, lasting: Range) -> Held:
        """Anything in the range: what lies outside is brought to its nearer end."""
        (term,) = anything(slot.type, "elsewhere", self.matching.notes)
        if lasting.low is not None:
            low = _like(term, lasting.low)
            term = b.ite(b.lt(term, low), low, term)
        if lasting.high is not None:
            high = _like(term, lasting.high)
            term = b.ite(b.lt(high, term), high, term)
        return Held((term,), held.ok, held.there, held.whole)

    def _made_elsewhere(self, slot: Slot, update: core.RegisterUpdate, held: Held) -> Held:
        notes = self.matching.notes
        found = self._update(update.value)
        defined: Term = notes.fresh("ok", Sort.BOOL)
        terms = anything(slot.type, "elsewhere", notes)
        if not found.registers:
            value = encode(found.expression, {}, notes)
            fitted = leaves(value.value, slot.type)
            if fitted is not None:
                terms, defined = fitted[0], b.and_(value.defined, fitted[1])
        textual = update.key is None or sort_of(update.key.type) is Sort.TEXT
        whole = held.whole if textual else b.and_(held.whole, notes.fresh("whole", Sort.BOOL))
        return Held(terms, defined, b.TRUE, whole)

    def step(self, moment: Moment, holding: Holding) -> Holding:
        """After the moment: every register from the values before it."""
        if not self.concerns(moment):
            return holding
        registers = {slot.register.symbol: slot.register for slot in self.slots}
        folded = {name: fold(self, moment, holding, register) for name, register in registers.items()}
        return tuple(folded[slot.register.symbol][i] for i, slot in enumerate(self.slots))

    def update_environment(
        self, expression: core.Expr, env: Environment, now: Holding
    ) -> tuple[core.Expr, Environment]:
        """An expression of an update, rewritten, with what it reads."""
        found = self._update(expression)
        return found.expression, self.environment(found, env, now)


def _find(lookup: Lookup, key: Encoded, held: Iterable[tuple[Slot, Held]]) -> Environment:
    """What a lookup finds: the entry at the rigid key that equals its key, if there is one."""
    value: SymbolicValue | None = None
    defined: Term = b.FALSE
    for slot, now in held:
        if slot.key is None or slot.register.symbol != lookup.register:
            continue
        here = b.and_(key.defined, equal(slot.key, key.value)) if covers(slot.key, key.value) else b.FALSE
        found = Leaf(now.there) if lookup.known else slot.value(now)
        value = found if value is None else choose(here, found, value)
        defined = b.ite(here, b.and_(now.ok, now.whole) if lookup.known else now.defined, defined)
    return {} if value is None else reading(lookup.name, value, defined)


def _like(term: Term, value: Fraction) -> Term:
    return b.integer(int(value)) if term.sort is Sort.INT else b.rational(value)


def _names_binders(expression: core.Expr) -> bool:
    parts = subexpressions(expression)
    return any(isinstance(part, core.Variable) and part.kind in ("binder", "bound") for part in parts)
