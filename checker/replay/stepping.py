"""Monitors stepped over the events of a trace, in one pass: each judged event costs a look-up, not a search."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import attrs

from wfcheck.checker import monitor
from wfcheck.checker.conditions.compiled import (
    UNKNOWN,
    Code,
    History,
    Tables,
    Truth,
    conjunction,
    holds,
)
from wfcheck.checker.replay.finding import Finding, insufficient, violated
from wfcheck.checker.replay.judge import (
    Grants,
    elements,
    frame_of,
    granted,
    judge,
    optional_code,
    scope_of,
    unexpired,
    within_time,
)
from wfcheck.checker.replay.memory import Latest, partnered
from wfcheck.checker.replay.patterns import Bindings, Pattern, compile_pattern
from wfcheck.checker.replay.state import State
from wfcheck.checker.replay.stepper import NOTHING, Kept
from wfcheck.checker.replay.view import View
from wfcheck.dsl import core
from wfcheck.dsl.walk import subexpressions


@attrs.define
class MonitorStepper:
    """Steps the event-safety normal form."""

    compiled: monitor.Monitor
    judged: Pattern
    when: Code | None
    grants: tuple[Grants, ...]  # each group must grant
    source: Code | None
    blank: State
    demanded: Code | None  # a `when` about binders of the evidence
    partnered: bool = False  # the judged event is compared with the one that armed the rule
    states: dict[tuple[str, str], State] = attrs.field(factory=dict)

    @staticmethod
    def of(compiled: monitor.Monitor, program: core.Program, tables: Tables) -> MonitorStepper:
        """A stepper at the start of a trace."""
        when, source = optional_code(compiled.when, tables), optional_code(compiled.source, tables)
        groups = (compiled.unless, *compiled.also) if compiled.unless else ()
        about_evidence = compiled.evidence is not None and _foreign_binders(compiled)
        return MonitorStepper(
            compiled,
            compile_pattern(compiled.judged, program, tables, "judged", behalf=bool(groups)),
            None if about_evidence else when,
            tuple(_grants(group, program, tables) for group in groups),
            source,
            State.blank(compiled, program, tables),
            when if about_evidence else None,
            compiled.armed is not None and partnered(compiled.judged),
        )

    def concerns(self, kind: str, name: str) -> bool:
        """What is judged or remembered."""
        return self.judged.concerns(kind, name) or any(
            m.pattern.concerns(kind, name) for m in self.blank.memories
        )

    def judge(self, view: View, history: History) -> Sequence[Finding]:
        """Whether the event is one that the rule speaks of, and what it lacks."""
        if view.kind not in self.judged.kinds:
            return NOTHING
        state = self.states.get(scope_of(view, self.compiled.per_session))
        if state is None:
            if self.compiled.armed is not None:
                return NOTHING
            state = self.blank
        if self.partnered:
            return self._told(self._paired(view, state, history), view)
        found: list[Finding] = []
        for truth, bindings in judge(self.judged, self.when, view, history):
            found += self._judge(truth, bindings, view, state, history)
        return found

    def take(self, view: View, history: History) -> None:
        """Use up what the event needed, then remember it."""
        key = scope_of(view, self.compiled.per_session)
        state = self.states.get(key)
        if state is None:
            if not any(m.pattern.concerns(view.kind, view.name) for m in self.blank.memories):
                return
            state = self.states[key] = self.blank.fresh()
        self._use_up(view, state, history)
        for memory in state.memories:
            memory.see(view, history)

    def settled_by(self, approval: View, view: View, history: History) -> Truth:
        """Whether an approval, given now, would be all the evidence that the event lacks."""
        state = self.states.get(scope_of(view, self.compiled.per_session), self.blank)
        if state.evidence is None or self.source is not None:
            return False
        truth = state.evidence.pattern.match(approval, view, {}, history).truth
        if self.demanded is not None:
            truth = conjunction(truth, holds(self.demanded, frame_of(view, {}, history)))
        return conjunction(truth, self._nearness(view, {}, state, history)(approval, {}))

    @property
    def kept(self) -> tuple[Kept, ...]:
        """What is remembered of runs, by what order rules name them."""
        return () if self.compiled.per_session else (self.states,)

    def finish(self, last: View | None) -> Iterator[Finding]:
        """Nothing is owed at the end."""
        del last
        return iter(())

    def told_by(self, standing: Truth, view: View, history: History) -> Sequence[Finding]:
        """What the rule finds where it is known whether it is armed, or lacks its evidence."""
        found: list[Finding] = []
        for truth, _ in judge(self.judged, self.when, view, history):
            broken = conjunction(truth, standing)
            if broken is not False and self.grants:
                covered = [granted(group, view, history) for group in self.grants]
                broken = conjunction(broken, False in covered or (UNKNOWN if UNKNOWN in covered else False))
            found += self._told(broken, view)
        return found

    def _judge(
        self, truth: Truth, bindings: Bindings, view: View, state: State, history: History
    ) -> Sequence[Finding]:
        broken = conjunction(truth, self._armed(view, bindings, state, history))
        if broken is not False and self.grants:
            covered = [granted(group, view, history) for group in self.grants]
            broken = conjunction(broken, False in covered or (UNKNOWN if UNKNOWN in covered else False))
        if broken is not False and self.compiled.evidence is not None:
            broken = conjunction(broken, self._lacking(view, bindings, state, history))
        return self._told(broken, view)

    def _told(self, broken: Truth, view: View) -> Sequence[Finding]:
        if broken is False:
            return NOTHING
        if broken is True:
            return (violated(view.index, _why(self.compiled, view)),)
        return (insufficient(view.index, "the record does not settle a condition of the rule"),)

    def _paired(self, view: View, state: State, history: History) -> Truth:
        """Whether the event breaks the rule with some event that armed it, of which its `same` and `args` speak."""
        doubt: Truth = False
        if state.after is None or not self.judged.concerns(view.kind, view.name):
            return False
        for entry in state.after.candidates(view):
            for truth, bindings in judge(self.judged, self.when, view, history, entry.view):
                arms = state.after.pattern.match(entry.view, view, bindings, history).truth
                standing = self._standing(view, bindings, state, history)(entry.view, bindings)
                broken = conjunction(conjunction(truth, arms), standing)
                if broken is True:
                    return True
                doubt = UNKNOWN if broken is UNKNOWN else doubt
        return doubt

    def _armed(self, view: View, bindings: Bindings, state: State, history: History) -> Truth:
        if state.after is None:
            return True
        return state.after.find(view, bindings, history, self._standing(view, bindings, state, history))

    def _standing(
        self, view: View, bindings: Bindings, state: State, history: History
    ) -> Callable[[View, Bindings], Truth]:
        """Whether the rule is still armed by an earlier event."""
        ended = state.until.latest(view, bindings, history) if state.until else Latest()
        duration = None if self.compiled.armed is None else self.compiled.armed.duration

        def valid(earlier: View, _: Bindings) -> Truth:
            lasting = True if duration is None else within_time(earlier, view, duration)
            return conjunction(ended.not_after(earlier.index), lasting)

        return valid

    def _lacking(self, view: View, bindings: Bindings, state: State, history: History) -> Truth:
        """Whether some element has no evidence."""
        walked = elements(self.source, frame_of(view, bindings, history))
        if walked is None:
            return UNKNOWN
        lacking: Truth = False
        for element in walked:
            names = bindings if self.compiled.binder is None else {**bindings, self.compiled.binder: element}
            found = self._evidence(view, names, state, history)
            if found is False:
                return True
            lacking = lacking if found is True else UNKNOWN
        return lacking

    def _evidence(self, view: View, bindings: Bindings, state: State, history: History) -> Truth:
        assert state.evidence is not None
        near = self._nearness(view, bindings, state, history)

        def valid(earlier: View, names: Bindings) -> Truth:
            if self.demanded is None:
                return near(earlier, names)
            return conjunction(near(earlier, names), holds(self.demanded, frame_of(view, names, history)))

        return state.evidence.find(view, bindings, history, valid)

    def _nearness(
        self, view: View, bindings: Bindings, state: State, history: History
    ) -> Callable[[View, Bindings], Truth]:
        """Whether an earlier event is near enough, not renewed since and (an approval) not expired."""
        evidence = self.compiled.evidence
        assert evidence is not None
        session = self.compiled.per_session
        renewed = state.since.latest(view, bindings, history) if state.since else Latest()

        def valid(earlier: View, _: Bindings) -> Truth:
            truth = conjunction(renewed.not_after(earlier.index), unexpired(earlier, view, session))
            steps = view.steps_since(earlier, session)
            if evidence.within_steps is not None and steps > evidence.within_steps:
                return False
            if evidence.within_time is None:
                return truth
            return conjunction(truth, within_time(earlier, view, evidence.within_time))

        return valid

    def _use_up(self, view: View, state: State, history: History) -> None:
        if view.kind != "call" or state.evidence is None or not state.evidence.single_use:
            return
        if self.judged.match(view, history=history).truth is True:
            state.evidence.use_up(view, history, self._nearness(view, {}, state, history))


def _grants(group: tuple[core.Grant, ...], program: core.Program, tables: Tables) -> Grants:
    return tuple(
        (compile_pattern(g.event, program, tables, "judged"), optional_code(g.condition, tables))
        for g in group
    )


def _foreign_binders(compiled: monitor.Monitor) -> bool:
    """Whether `when` names a binder that the judged pattern does not bind."""
    if compiled.when is None:
        return False
    named = {
        e.name for e in subexpressions(compiled.when) if isinstance(e, core.Variable) and e.kind == "binder"
    }
    own = {t.name for c in compiled.judged.choices for _, t in c.tests if isinstance(t, core.Bind)}
    return bool(named - own)


def _why(compiled: monitor.Monitor, view: View) -> str:
    name = f"`{view.name}`" if view.name else view.kind
    if compiled.evidence is not None:
        return "approval missing" if compiled.evidence.single_use else f"evidence missing before {name}"
    if compiled.unless:
        return f"{name} is outside the grants of `{view.actor}`"
    return f"{name} is forbidden"
