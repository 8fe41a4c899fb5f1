"""All rules at work on one sequence of events: what the next event would break, and what follows from its having happened.

Replay asks both of every recorded event; a guard asks first, and lets happen what breaks nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import attrs

from wfcheck.checker.provenance.query import Mode
from wfcheck.checker.provenance.sources import Provenance
from wfcheck.checker.replay.bits import Bits, Group, Packed, Speaking
from wfcheck.checker.replay.finding import Finding
from wfcheck.checker.replay.limits import QuotaStepper
from wfcheck.checker.replay.needs import hidden_need
from wfcheck.checker.replay.past import Past, RunPast
from wfcheck.checker.replay.policy import CompiledPolicy
from wfcheck.checker.replay.queries import DecisionStepper, FlowStepper, FromOnlyStepper
from wfcheck.checker.replay.reader import Ahead, Counts, Reader
from wfcheck.checker.replay.sequence_rules import InvariantStepper
from wfcheck.checker.replay.stepper import Stepper
from wfcheck.checker.replay.steppers import make_stepper
from wfcheck.checker.replay.stepping import MonitorStepper
from wfcheck.checker.replay.streaks import StreakStepper
from wfcheck.checker.replay.view import View
from wfcheck.checker.traces.event import Completeness, Event
from wfcheck.dsl import core

Found: TypeAlias = tuple[core.Rule, Finding]
TRACED = (core.FromOnly, core.Flow, core.Decision)


@attrs.frozen(eq=False)
class Working:
    """A rule with its stepper."""

    rule: core.Rule
    stepper: Stepper


@attrs.define(eq=False)
class Place:
    """What is remembered of one run, and of its session."""

    past: Past
    run: RunPast
    bits: Bits
    whole: Bits
    counts: Counts
    session: Counts


@attrs.frozen(eq=False)
class Slot:
    """What the rules have to do with events of one kind about one tool. `light`: nobody looks at such an event itself, as long as no
    bit makes it suspect."""

    own: Speaking
    whole: Speaking
    working: tuple[Working, ...]
    light: bool


@attrs.define(eq=False)
class Watch:
    """The steppers of a policy over one trace. `idle`: the rules that cannot be judged on it, with the reason. `groups`: the rules
    that are packed into bits, of runs and of sessions; the other ones are stepped one by one."""

    policy: CompiledPolicy
    reader: Reader
    provenance: Provenance
    working: tuple[Working, ...]
    idle: Mapping[str, str]
    invariants: tuple[tuple[core.Rule, InvariantStepper], ...]
    traced: bool
    groups: tuple[Group, Group]
    packed: tuple[tuple[core.Rule, ...], tuple[core.Rule, ...]]
    stepped: tuple[Working, ...]
    index: int = 0
    last: View | None = None
    sessions: dict[str | None, tuple[Past, Bits]] = attrs.field(factory=dict)
    places: dict[tuple[str | None, str | None], Place] = attrs.field(factory=dict)
    slots: dict[tuple[str, str | None], Slot] = attrs.field(factory=dict)

    @staticmethod
    def start(
        policy: CompiledPolicy,
        completeness: Mapping[str, Completeness],
        mode: Mode = "values",
        ahead: Ahead | None = None,
    ) -> Watch:
        """Before the first event. `ahead`: what is known of later ones."""
        provenance = Provenance.start(policy.labels)
        working, idle = [], {}
        for rule, compiled in policy.rules:
            reason = rule.not_applicable or hidden_need(compiled, completeness)
            made = make_stepper(compiled, policy.program, policy.tables, provenance, mode)
            if reason is not None or isinstance(made, str):
                idle[rule.name] = reason or str(made)
            else:
                working.append(Working(rule, made))
        packs = [
            (w, p) for w in working if isinstance(w.stepper, MonitorStepper) and (p := Packed.of(w.stepper))
        ]
        chosen = [[(w, p) for w, p in packs if w.rule.per_session is whole] for whole in (False, True)]
        apart = {id(w) for w, _ in packs}
        return Watch(
            policy,
            Reader(policy.catalogue, completeness, ahead),
            provenance,
            tuple(working),
            idle,
            tuple((w.rule, w.stepper) for w in working if isinstance(w.stepper, InvariantStepper)),
            any(isinstance(w.rule.body, TRACED) for w in working),
            (Group(tuple(p for _, p in chosen[0])), Group(tuple(p for _, p in chosen[1]))),
            (tuple(w.rule for w, _ in chosen[0]), tuple(w.rule for w, _ in chosen[1])),
            tuple(w for w in working if id(w) not in apart),
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
        self.index, self.last = self.index + 1, view
        return list(self.invariant(view, place.past, place.run)) if self.invariants else []

    def advance(self, event: Event) -> list[Found]:
        """The event happens: what it breaks. No view is made of an event that nobody looks at."""
        if self.quiet(event):
            self._pass(event, self._slot(event), self._place(event))
            return []
        view = self.view(event)
        found = self.judge(view)
        return found + self.take(view)

    def quiet(self, event: Event) -> bool:
        """Whether the event breaks nothing, for sure and without looking at it."""
        slot = self.slots.get((event.kind, event.tool)) or self._slot(event)
        if not slot.light:
            return False
        place = self.places.get((event.session, event.run)) or self._place(event)
        return not (slot.own.suspects(place.bits) or slot.whole.suspects(place.whole))

    def _pass(self, event: Event, slot: Slot, place: Place) -> None:
        """Take in an event that nobody looks at."""
        change = slot.own.change
        if not change.idle:
            change.apply(place.bits, None, None)
        if not slot.whole.change.idle:
            slot.whole.change.apply(place.whole, None, None)
        kind = event.kind
        if kind == "call":
            place.counts.steps += 1
            place.session.steps += 1
        elif kind == "llm" or kind == "input":
            place.counts.turns += 1
        self.index += 1

    def invariant(self, view: View, past: Past, run: RunPast) -> Iterator[Found]:
        """What must always hold and does not, after an event."""
        for rule, invariant in self.invariants:
            for finding in invariant.after(view, past if rule.per_session else run):
                yield rule, finding

    def leave(self, event: Event) -> None:
        """The run of the event is over: forget what rules of runs remember of it."""
        run = (event.session or "", event.run or "")
        for one in self.stepped:
            if isinstance(one.stepper, MonitorStepper | QuotaStepper | StreakStepper):
                one.stepper.leave(run)
        for key in ((event.session, event.run), (event.session or None, event.run or None)):
            self.places.pop(key, None)
            self.reader.runs.pop(key, None)

    def finish(self) -> Iterator[Found]:
        """The trace is over."""
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
            session = self.sessions[key[0]] = (Past.start(self.policy.tracked), Bits())
        counts, whole = self.reader.counts(*key)
        past, bits = session
        return Place(past, past.of_run(key[1] or ""), Bits(), bits, counts, whole)

    def _slot(self, event: Event) -> Slot:
        key = (event.kind, event.tool)
        slot = self.slots.get(key)
        if slot is None:
            slot = self._new_slot(event.kind, event.tool)
            if len(self.slots) < TABLE:
                self.slots[key] = slot
        return slot

    def _new_slot(self, kind: str, tool: str | None) -> Slot:
        own, whole, working = self._speaking(kind, tool)
        joined = ("call", "result", "fail") if kind == "call" else (kind,)  # an answer looks at its call
        light = not (
            self.invariants or self.traced or self.policy.tracked.busy or self.policy.answerable
        ) and all(self._unseen(*self._speaking(one, tool)) for one in joined)
        return Slot(own, whole, working, light)

    def _speaking(self, kind: str, tool: str | None) -> tuple[Speaking, Speaking, tuple[Working, ...]]:
        declared = self.policy.catalogue.tools.get(tool) if tool else None
        name = declared.symbol if declared else tool or ""
        own, whole = (group.speaking(kind, name, declared) for group in self.groups)
        return own, whole, tuple(one for one in self.stepped if one.stepper.concerns(kind, name))

    def _unseen(self, own: Speaking, whole: Speaking, working: tuple[Working, ...]) -> bool:
        return not (working or own.change.open or whole.change.open or own.always or whole.always)


TABLE = 10_000
"""So many kinds of events about tools are remembered with the rules that they concern; names in a trace are without end."""
