"""All rules at work on one sequence of events: what the next event would break, and what follows from its having happened.

Replay asks both of every recorded event; a guard asks first, and lets happen what breaks nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import attrs

from wfcheck.checker.provenance.query import Mode
from wfcheck.checker.provenance.sources import Provenance
from wfcheck.checker.replay.bits import Bits, Group
from wfcheck.checker.replay.finding import Finding
from wfcheck.checker.replay.limits import QuotaStepper
from wfcheck.checker.replay.past import Past, RunPast
from wfcheck.checker.replay.places import Kept as SessionKept
from wfcheck.checker.replay.places import Place, Totals
from wfcheck.checker.replay.plan import TRACED, Plan
from wfcheck.checker.replay.policy import CompiledPolicy
from wfcheck.checker.replay.queries import DecisionStepper, FlowStepper, FromOnlyStepper
from wfcheck.checker.replay.reader import OUTCOMES, Ahead, Reader
from wfcheck.checker.replay.sequence_rules import InvariantStepper
from wfcheck.checker.replay.slots import Slot, Table, Working
from wfcheck.checker.replay.stepper import Kept
from wfcheck.checker.replay.stepping import MonitorStepper
from wfcheck.checker.replay.streaks import StreakStepper
from wfcheck.checker.replay.view import View
from wfcheck.checker.replay.ways import Way
from wfcheck.checker.traces.event import Completeness, Event
from wfcheck.dsl import core

__all__ = ["TRACED", "Found", "Watch"]

Found: TypeAlias = tuple[core.Rule, Finding]


@attrs.define(eq=False)
class Watch:
    """The steppers of a policy over one trace. `idle`: the rules that cannot be judged on it, with the reason. `groups`: the rules
    that are packed into bits, of runs and of sessions; the other ones are stepped one by one. `dim`: the rules that do not hold even
    where nothing breaks them, with the reason."""

    policy: CompiledPolicy
    reader: Reader
    provenance: Provenance
    working: tuple[Working, ...]
    idle: Mapping[str, str]
    invariants: tuple[tuple[core.Rule, InvariantStepper], ...]
    traced: bool
    table: Table
    groups: tuple[Group, Group]
    packed: tuple[tuple[core.Rule, ...], tuple[core.Rule, ...]]
    stepped: tuple[Working, ...]
    kept: tuple[tuple[Kept, ...], tuple[Kept, ...]]
    dim: Mapping[str, str] = attrs.field(factory=dict)
    index: int = 0
    last: View | None = None
    sessions: dict[str | None, SessionKept] = attrs.field(factory=dict)
    places: dict[tuple[str | None, str | None], Place] = attrs.field(factory=dict)
    slots: dict[tuple[str, str | None], Slot] = attrs.field(factory=dict)
    ways: dict[str, dict[str | None, Way]] = attrs.field(factory=lambda: defaultdict(dict))
    tail: Event | None = None  # the event just passed over, if it was
    ready: tuple[Way, Place] = attrs.field(init=False)  # of the event that was last asked about

    @staticmethod
    def start(
        policy: CompiledPolicy,
        completeness: Mapping[str, Completeness],
        mode: Mode = "values",
        ahead: Ahead | None = None,
    ) -> Watch:
        """Before the first event. `ahead`: what is known of later ones."""
        plan, provenance = Plan.of(policy, completeness, mode), Provenance.start(policy.labels)
        working = plan.started(provenance)
        stepped = tuple(one for one in working if one.number not in plan.bits)
        return Watch(
            policy,
            Reader(policy.catalogue, completeness, ahead),
            provenance,
            working,
            plan.idle,
            tuple((one.rule, one.stepper) for one in working if isinstance(one.stepper, InvariantStepper)),
            plan.table.traced,
            plan.table,
            plan.table.groups,
            plan.packed,
            stepped,
            (_kept(stepped, MonitorStepper), _kept(stepped, QuotaStepper, StreakStepper)),
            plan.dim,
        )

    def view(self, event: Event) -> View:
        """The view of the next event."""
        return self.reader.view(self.index, event)

    def judge(self, view: View) -> list[Found]:
        """What the event breaks if it happens next, but for the invariants."""
        found: list[Found] = []
        place, slot = self._place(view.event), self._slot(view.event)
        for number, speaking, bits in ((0, slot.own, place.bits), (1, slot.whole, place.whole)):
            suspects = speaking.suspects(bits)
            if suspects:
                history = place.past if number else place.run
                told = self.groups[number].judge(suspects, bits, view, history)
                found += [(self.packed[number][at], finding) for at, finding in told]
        for one in slot.working:
            told_by = one.stepper.judge(view, place.past if one.rule.per_session else place.run)
            if told_by:
                found += [(one.rule, finding) for finding in told_by]
        return found

    def take(self, view: View) -> list[Found]:
        """The event happens; the invariants that do not hold after it."""
        place, slot = self._place(view.event), self._slot(view.event)
        for one in slot.working:
            one.stepper.take(view, place.past if one.rule.per_session else place.run)
        slot.own.change.apply(place.bits, view, place.run)
        slot.whole.change.apply(place.whole, view, place.past)
        if self.policy.tracked.busy:
            place.past.see(view)
        if self.traced:
            self.provenance.see(view)
        self.reader.take(view)
        self.index, self.last, self.tail = self.index + 1, view, None
        if not self.invariants:
            return []
        found = list(self.invariant(view, place.past, place.run))
        place.past.steady = not found
        return found

    def advance(self, event: Event) -> list[Found]:
        """The event happens: what it breaks. No view is made of an event on which every rule can be short."""
        way = self.ways[event.kind].get(event.tool) or self._way(event)
        place = self.places.get((event.session, event.run)) or self._place(event)
        if way.clear(event, place):
            self._pass(event, way, place)
            return []
        view = self.view(event)
        found = self.judge(view)
        return found + self.take(view)

    def quiet(self, event: Event) -> bool:
        """Whether the event breaks nothing, for sure and without looking at it closely. `skip` may then be told that it happens."""
        way = self.ways[event.kind].get(event.tool) or self._way(event)
        place = self.places.get((event.session, event.run)) or self._place(event)
        self.ready = (way, place)
        return way.clear(event, place)

    def skip(self, event: Event) -> None:
        """An event happens that was found to be quiet just before."""
        self._pass(event, *self.ready)

    def _pass(self, event: Event, way: Way, place: Place) -> None:
        if way.take is not None:
            way.take(place)
        kind = event.kind
        if kind == "call":
            place.counts.steps += 1
            place.session.steps += 1
            if way.answered:
                self.reader.keep(self.index, event, place.counts, place.session, way.name)
        elif kind == "llm" or kind == "input":
            place.counts.turns += 1
        elif not event.call and kind in OUTCOMES:
            self.reader.answered(event)
        self.index += 1
        self.tail = event

    def still(self, event: Event) -> bool:
        """Whether neither the event nor what answers it changes what an invariant speaks of."""
        way = self.ways[event.kind].get(event.tool) or self._way(event)
        return not (self.invariants and way.stirring)

    def invariant(self, view: View, past: Past, run: RunPast) -> Iterator[Found]:
        """What must always hold and does not, after an event."""
        for rule, invariant in self.invariants:
            for finding in invariant.after(view, past if rule.per_session else run):
                yield rule, finding

    def leave(self, event: Event) -> None:
        """The run of the event is over: forget what rules of runs remember of it."""
        place = self._place(event)
        for kept in self.kept[0]:
            if kept:
                kept.pop(place.scope, None)
        for kept in self.kept[1]:
            if kept:
                kept.pop(place.run_group, None)
        for key in ((event.session, event.run), (event.session or None, event.run or None)):
            self.places.pop(key, None)
            self.reader.leave(key)

    def finish(self) -> Iterator[Found]:
        """The trace is over."""
        if self.tail is not None:
            self.last, self.tail = self.reader.view(self.index - 1, self.tail), None
        for one in self.working:
            for finding in one.stepper.finish(self.last):
                yield one.rule, finding

    def run_past(self, view: View) -> RunPast:
        """What the run of an event may ask of its past."""
        return self._place(view.event).run

    def forget(self) -> None:
        """What was judged will not happen: drop what was found out on the way."""
        for one in self.working:
            if isinstance(one.stepper, FromOnlyStepper | FlowStepper | DecisionStepper):
                one.stepper.asked.clear()

    def about(self, view: View) -> Sequence[Working]:
        """The rules that are stepped one by one and that an event concerns."""
        return self._slot(view.event).working

    def _place(self, event: Event) -> Place:
        """Of the run of an event. No session and an empty one are the same."""
        place = self.places.get((event.session, event.run))
        if place is None:
            same = (event.session or None, event.run or None)
            place = self.places.get(same) or self._new_place(same)
            self.places[event.session, event.run] = self.places[same] = place
        return place

    def _new_place(self, key: tuple[str | None, str | None]) -> Place:
        session = self.sessions.get(key[0])
        if session is None:
            session = self.sessions[key[0]] = (Past.start(self.policy.tracked), Bits(), Totals())
        counts, whole = self.reader.counts(*key)
        return Place.of(key[0] or "", key[1] or "", session, counts, whole)

    def put_back(self, key: tuple[str | None, str | None], bits: Bits) -> None:
        """A run is remembered again, as its session is already."""
        place = self.places[key] = self._new_place(key)
        place.bits = bits

    def _slot(self, event: Event) -> Slot:
        key = (event.kind, event.tool)
        slot = self.slots.get(key)
        if slot is None:
            slot = self.table.slot(event.kind, event.tool, self.working)
            if len(self.slots) < TABLE:
                self.slots[key] = slot
        return slot

    def _way(self, event: Event) -> Way:
        way = self.table.way(event.kind, event.tool, self.working)
        known = self.ways[event.kind]
        if len(known) < TABLE:
            known[event.tool] = way
        return way


def _kept(
    stepped: Sequence[Working], *kinds: type[MonitorStepper | QuotaStepper | StreakStepper]
) -> tuple[Kept, ...]:
    """What steppers of such kinds remember of runs."""
    return tuple(kept for one in stepped if isinstance(one.stepper, kinds) for kept in one.stepper.kept)


TABLE = 10_000
"""So many kinds of events about tools are remembered with the rules that they concern; names in a trace are without end."""
