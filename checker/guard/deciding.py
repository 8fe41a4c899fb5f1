"""What may happen next: the monitors of replay, asked before an event and told after it.

An attempt is decided from the past alone: what a call will return is unknown, and unknown is a denial. What a denied call leaves
behind is a `deny` event."""

from __future__ import annotations

from typing import Final

import attrs

from wfcheck.checker.guard.answers import ALLOW, Answer, Ask, Breach, Deny, failed
from wfcheck.checker.guard.asking import denied, deny
from wfcheck.checker.guard.futures import Pending, hopeless, standing, together
from wfcheck.checker.replay.policy import CompiledPolicy
from wfcheck.checker.replay.sequence_rules import ResponseStepper
from wfcheck.checker.replay.view import View
from wfcheck.checker.replay.watch import Watch
from wfcheck.checker.traces.decisions import denial
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core

_OF_CALLS: Final = frozenset({"call", "result", "fail"})
ATTEMPTS: Final = frozenset({"call", "say", "ask", "message", "remember", "recall", "release", "end"})
"""Kinds of events that a guard can stop."""


@attrs.define(eq=False)
class Decider:
    """The state of a guard. `decide` changes nothing that a later answer depends on; `settle` is told what was answered."""

    watch: Watch
    owed: tuple[tuple[core.Rule, ResponseStepper], ...]
    pending: Pending

    @staticmethod
    def start(policy: CompiledPolicy) -> Decider:
        """Before the first event."""
        watch = Watch.start(policy, {})
        owed = tuple((w.rule, w.stepper) for w in watch.working if isinstance(w.stepper, ResponseStepper))
        return Decider(watch, owed, Pending())

    def clear(self, event: Event) -> bool:
        """Whether an attempt is allowed for sure, without looking at it closely. `skip` may then be told that it happens."""
        if self.owed or event.kind not in ATTEMPTS or (event.kind == "call" and not event.tool):
            return False
        return self.watch.quiet(event) and self.watch.still(event)

    def skip(self, event: Event) -> None:
        """An attempt happens that was found to be clear just before."""
        self.watch.skip(event)

    def decide(self, event: Event) -> tuple[Answer, View | None]:
        """Whether an attempt may happen next, and its view."""
        if event.kind not in ATTEMPTS:
            return failed(f"an event `{event.kind}` is not asked about", "tell of it with `after`"), None
        if event.kind == "call" and not event.tool:
            return failed("a call needs its `tool`"), None
        view = self.watch.view(event)
        found = self.watch.judge(view)
        answer = denied(self.watch, found, view) if found else ALLOW
        if found:
            self.watch.forget()
        return (answer if isinstance(answer, Deny) else self._foreseen(view) or answer), view

    def _foreseen(self, view: View) -> Deny | None:
        """A denial because of what would follow."""
        if self.watch.invariants and (found := standing(self.watch, view)):
            return deny(found)
        pressing = view.kind == "call" and not self.watch.still(view.event)
        if pressing and (found := together(self.watch, view, self.pending)):
            return deny(found)
        if not self.owed or view.kind != "call":
            return None
        late = hopeless(self.owed, view, self.pending, self.watch)
        return Deny(late[0][0].name, late[0][1].why, late[0][0].doc, "dead end") if late else None

    def settle(self, event: Event, answer: Answer, view: View | None) -> None:
        """What was answered is so: an allowed event happened, a denied call left a `deny`."""
        match answer:
            case Deny() if event.kind == "call" and event.tool:
                self.watch.take(self.watch.view(denial(event)))
            case Deny() | Ask():
                return
            case _:
                view = self.watch.view(event) if view is None else view
                self.watch.take(view)
                self._starts(view)

    def learn(self, event: Event) -> tuple[Breach, ...]:
        """An event happened. What it broke."""
        if not self.owed and not (self.watch.invariants and event.kind in _OF_CALLS):
            found = self.watch.advance(event)
        else:
            view = self.watch.view(event)
            found = self.watch.judge(view) + self.watch.take(view)
            self.pending.settle(view)
            self._starts(view)
        return tuple(Breach(rule.name, f.why, f.verdict == "violated") for rule, f in found)

    def _starts(self, view: View) -> None:
        """A call that somebody waits for is under way."""
        if view.kind == "call" and (self.owed or self.watch.invariants):
            self.pending.add(view)
