"""Where registers live: a slot per scalar register, and one per key at which a rule looks a map register up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import attrs

from wfcheck.checker.encoding.encode import encode
from wfcheck.checker.encoding.encoded import Encoded, Notes
from wfcheck.checker.product.monitors.monitor import Cell, State
from wfcheck.checker.product.monitors.shapes import OWN, filled, leaves, symbols_of
from wfcheck.checker.symbolic.constants import lift
from wfcheck.checker.symbolic.value import Leaf, SymbolicValue, equal
from wfcheck.dsl import core, types
from wfcheck.solver import build as b
from wfcheck.solver.sort import DEFAULTS, Sort
from wfcheck.solver.term import Symbol, Term


@attrs.frozen
class Held:
    """What a slot holds: the leaves of the value. `ok`: it has a value, `there`: (of a map) it has an entry, `whole`: (of a map) the
    map as a whole is known."""

    terms: tuple[Term, ...]
    ok: Term = b.TRUE
    there: Term = b.TRUE
    whole: Term = b.TRUE

    @property
    def defined(self) -> Term:
        """It can be read."""
        return b.and_(self.ok, self.there, self.whole)

    def where(self, condition: Term, otherwise: Held) -> Held:
        """This where the condition holds."""
        terms = tuple(b.ite(condition, t, o) for t, o in zip(self.terms, otherwise.terms, strict=True))
        return Held(
            terms,
            b.ite(condition, self.ok, otherwise.ok),
            b.ite(condition, self.there, otherwise.there),
            b.ite(condition, self.whole, otherwise.whole),
        )


@attrs.frozen
class Slot:
    """`key`: the rigid key, of a map. `type`: of the value."""

    register: core.Register
    type: types.Type
    symbols: tuple[Symbol, ...]
    flags: tuple[Symbol, ...]
    key: SymbolicValue | None = None
    rigid: tuple[Symbol, ...] = ()

    @property
    def lasting(self) -> tuple[Symbol, ...]:
        """The flags that stay true where nothing errs."""
        return (*self.flags[:1], *self.flags[2:])

    @property
    def width(self) -> int:
        """How many cells."""
        return len(self.symbols) + len(self.flags)

    def read(self, state: State) -> Held:
        """From the values of its cells."""
        count = len(self.symbols)
        return Held(state[:count], *state[count:])

    def write(self, held: Held) -> State:
        """As the values of its cells."""
        return (*held.terms, *(held.ok, held.there, held.whole)[: len(self.flags)])

    def value(self, held: Held) -> SymbolicValue:
        """What it holds, as a value."""
        return filled(self.type, held.terms)

    def cells(self, notes: Notes) -> tuple[Cell, ...]:
        """With what they hold at the start of a session."""
        start = self.write(self._initial(notes))
        symbols = (*self.symbols, *self.flags)
        return tuple(Cell(symbol, value, "session") for symbol, value in zip(symbols, start, strict=True))

    def _initial(self, notes: Notes) -> Held:
        expression = self.register.initial
        if self.key is not None:
            return self._entry(expression, notes)
        found = encode(expression, {}, notes)
        fitted = leaves(found.value, self.type)
        if fitted is None:
            return Held(self._plain(), b.FALSE)
        return Held(fitted[0], b.and_(found.defined, fitted[1]))

    def _entry(self, expression: core.Expr, notes: Notes) -> Held:
        """The entry of a constant map at the rigid key."""
        known = _entries(expression, notes)
        held = Held(self._plain(), b.TRUE, b.FALSE, b.boolean(known is not None))
        for key, value in (known or {}).items():
            fitted = leaves(value.value, self.type)
            if fitted is None or self.key is None:
                return attrs.evolve(held, whole=b.FALSE)
            here = equal(self.key, Leaf(b.text(key)))
            held = Held(fitted[0], b.and_(value.defined, fitted[1])).where(here, held)
        return held

    def _plain(self) -> tuple[Term, ...]:
        return tuple(b.const(symbol.sort, DEFAULTS[symbol.sort]) for symbol in self.symbols)


def _entries(expression: core.Expr, notes: Notes) -> Mapping[str, Encoded] | None:
    base = types.base(expression.type)
    of = base.value if isinstance(base, types.MapType) else types.ANY
    match expression:
        case core.Literal(value=dict() as entries):
            return {key: Encoded(lift(value, of)) for key, value in entries.items()}
        case core.MakeRecord(fields=fields):
            return {key: encode(value, {}, notes) for key, value in fields}
        case _:
            return None


Holding: TypeAlias = tuple[Held, ...]
"""What the slots hold, in their order."""


def scalar_slot(register: core.Register, prefix: str) -> Slot:
    """The slot of a register that is no map."""
    _, symbols = symbols_of(register.type, f"{prefix}{register.symbol}")
    return Slot(register, register.type, symbols, (_flag(f"{prefix}{register.symbol} ok"),))


def entry_slot(register: core.Register, key_type: types.Type, name: str) -> Slot:
    """The slot of a map register at one rigid key."""
    base = types.base(register.type)
    of = base.value if isinstance(base, types.MapType) else types.ANY
    _, symbols = symbols_of(of, name)
    key, rigid = symbols_of(key_type, f"{name} key")
    flags = tuple(_flag(f"{name} {what}") for what in ("ok", "there", "whole"))
    return Slot(register, of, symbols, flags, key, rigid)


def _flag(name: str) -> Symbol:
    symbol = b.symbol(f"{name}{OWN}", Sort.BOOL)
    assert isinstance(symbol, Symbol)
    return symbol
