"""Flowcharts in the making: places, the walk from each, and the moves between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import assert_never

import attrs

from wfcheck.checker.encoding.encoded import Notes
from wfcheck.checker.labels.analysis import Labelling
from wfcheck.checker.product.flowchart import Exit, Overlap
from wfcheck.checker.product.shapes import fitted, leaves, shape
from wfcheck.checker.symbolic.state import Over, Walk
from wfcheck.checker.symbolic.taint import CLEAN, EMPTY
from wfcheck.checker.symbolic.types import bound_types
from wfcheck.checker.symbolic.value import Leaf, Opaque, Option, Record, SymbolicValue
from wfcheck.checker.symbolic.value import Sequence as Elements
from wfcheck.dsl import core, types
from wfcheck.solver import build as b
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Symbol, Term


@attrs.frozen
class Place:
    """Where control may come to from several sides. `carried`: its variables, by the name of the local; `kept`: locals that are the
    same on every way here."""

    name: str
    carried: Mapping[str, SymbolicValue]
    kept: Mapping[str, SymbolicValue]

    @property
    def variables(self) -> tuple[Symbol, ...]:
        """One per leaf."""
        found = (term for value in self.carried.values() for term in leaves(value))
        return tuple(term for term in found if isinstance(term, Symbol))


@attrs.define(eq=False)
class Draft:
    """The walk from a place. `entry`: the locals at its start."""

    place: Place
    walk: Walk
    entry: Mapping[tuple[str, str], SymbolicValue]
    exits: list[Exit] = attrs.field(factory=list)
    hints: list[Term] = attrs.field(factory=list)


@attrs.define(eq=False)
class Frame:
    """A region that may be left from any of the drafts that were begun in it."""

    members: list[Draft]


@attrs.define(eq=False)
class Drafts:
    """The flowchart so far. `reading`: what is read after the statements at hand, innermost last. `first`: which branches of each
    `parallel` are walked first."""

    program: core.Program
    labelling: Labelling
    workflow: core.Workflow
    notes: Notes
    first: Mapping[core.NodeId, frozenset[int]] = attrs.field(factory=dict)
    done: list[Draft] = attrs.field(factory=list)
    frames: list[Frame] = attrs.field(factory=list)
    reading: list[frozenset[str]] = attrs.field(factory=list)
    indices: dict[str, tuple[Symbol, ...]] = attrs.field(factory=dict)
    overlaps: list[Overlap] = attrs.field(factory=list)
    typed: dict[str, types.Type] = attrs.field(factory=dict)
    _names: dict[str, int] = attrs.field(factory=dict)
    _current: Draft = attrs.field(init=False)

    @classmethod
    def of(
        cls,
        program: core.Program,
        labelling: Labelling,
        workflow: core.Workflow,
        first: Mapping[core.NodeId, frozenset[int]],
    ) -> Drafts:
        """An empty one."""
        made = cls(program, labelling, workflow, Notes(program), first)
        made.typed |= bound_types(program, workflow.body)
        for parameter in workflow.parameters:
            known = made.typed.get(parameter.name, types.base(parameter.type))
            same = known == types.base(parameter.type)
            made.typed[parameter.name] = parameter.type if same else types.ANY
        return made

    @property
    def current(self) -> Draft:
        """The draft at hand."""
        return self._current

    @property
    def walk(self) -> Walk:
        """The walk at hand."""
        return self._current.walk

    # ------------------------------------------------------------ places

    def place(self, name: str, changed: Iterable[str], hidden: Iterable[str] = ()) -> Place:
        """A new place for the locals that are read later. `changed`: those that ways here may have given other values; the others
        are kept as they are if they were fixed at the start. `hidden`: counters of our own."""
        count = self._names.get(name, 0)
        self._names[name] = count + 1
        full = name if not count else f"{name} ({count + 1})"
        env = self.walk.env
        assigned = {*changed, *hidden}
        carried: dict[str, SymbolicValue] = {}
        kept: dict[str, SymbolicValue] = {}
        for local in sorted({*self._live(), *hidden}):
            value = env.get(("local", local))
            if value is None and local not in assigned:
                continue
            if value is not None and local not in assigned and self._is_fixed(local, value):
                kept[local] = value
            else:
                carried[local] = self._shaped(full, local, value)
        return Place(full, carried, kept)

    def _live(self) -> frozenset[str]:
        return frozenset().union(*self.reading)

    def _shaped(self, place: str, local: str, value: SymbolicValue | None) -> SymbolicValue:
        def make(path: str, sort: Sort) -> Term:
            return b.symbol(f"{path} at {place}", sort)

        return shape(local, self.typed.get(local, types.ANY), value, make)

    def _is_fixed(self, local: str, value: SymbolicValue) -> bool:
        """It was chosen at the start of the run, which is visited once."""
        return self._current is self.done[0] or self._current.place.kept.get(local) is value

    # ------------------------------------------------------------ moves

    def jump(
        self,
        place: Place,
        guard: Term,
        values: Mapping[str, SymbolicValue | None] | None = None,
        *,
        draft: Draft | None = None,
    ) -> None:
        """Control goes to the place if `guard`; locals are what they are here, or as given (None: anything)."""
        at = draft or self.current
        if guard is b.FALSE:
            return
        given = values or {}
        found: list[Term] = []
        for local, into in place.carried.items():
            value = given[local] if local in given else at.walk.env.get(("local", local))
            found += self._leaves(local, into, value)
        at.exits.append(Exit(place.name, guard, tuple(found)))

    def _leaves(self, local: str, into: SymbolicValue, value: SymbolicValue | None) -> Sequence[Term]:
        found = None if value is None else fitted(into, value, self.typed.get(local, types.ANY))
        if found is None:
            return [self.notes.fresh(f"{local}?", leaf.sort) for leaf in leaves(into)]
        return found

    def enter(self, place: Place) -> None:
        """Go on from the place."""
        before = self._current.walk if self.done else None
        walk = Walk(
            self.program,
            self.labelling,
            self.labelling.workflows[self.workflow.symbol],
            (),
            0,
            Over(),
            self.notes,
            before.actors if before is not None else (self.workflow.principal or "user",),
        )
        if before is not None:
            walk.lanes = before.lanes
            walk.returned = [[] for _ in before.returned]
            walk.returns = [CLEAN for _ in before.returns]
            walk.failures = [[] for _ in before.failures]
            walk.records.promises = list(before.records.promises)
            walk.env |= {
                ("local", name): value for name, value in (*place.kept.items(), *place.carried.items())
            }
            walk.taints |= dict.fromkeys((*place.kept, *place.carried), EMPTY)
        self._current = Draft(place, walk, dict(walk.env))
        self.done.append(self._current)
        for frame in self.frames:
            frame.members.append(self._current)

    def resume(self, draft: Draft) -> None:
        """Go on with an earlier draft."""
        self._current = draft


def counter(value: int) -> Leaf:
    """A number of our own."""
    return Leaf(b.integer(value))


def terms_of(value: SymbolicValue) -> Iterator[Term]:
    """The terms of any value."""
    match value:
        case Elements(length=length, items=items):
            yield length
            for item in items:
                yield from terms_of(item)
        case Record(fields=fields):
            for part in fields.values():
                yield from terms_of(part)
        case Option(present=present, value=inner):
            yield present
            yield from terms_of(inner)
        case Leaf(term=term) | Opaque(term=term):
            yield term
        case _:
            assert_never(value)
