"""Streaks: judged events with no other call between them. Each event costs the same, however long the trace."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Final, TypeAlias

import attrs

from wfcheck.checker import monitor
from wfcheck.checker.conditions.compiled import (
    UNKNOWN,
    Code,
    History,
    Known,
    Tables,
    Truth,
    compile_expression,
    conjunction,
    has_unknown,
    negated,
)
from wfcheck.checker.replay.finding import Finding, insufficient, violated
from wfcheck.checker.replay.judge import frame_of, judge, optional_code
from wfcheck.checker.replay.limits import SHORT, evaluated, part, shared, shown
from wfcheck.checker.replay.patterns import Pattern, compile_pattern, key_of
from wfcheck.checker.replay.stepper import Kept
from wfcheck.checker.replay.tallies import UNKNOWN_KEY
from wfcheck.checker.replay.view import View
from wfcheck.dsl import core

CALLS: Final = frozenset({"call", "result", "fail", "deny"})
OUTCOMES: Final = frozenset({"fail", "deny", "step"})


@attrs.define
class Ending:
    """Which events that do not count end a streak: calls that do not match, as soon as that is known. A pattern over outcomes
    knows it of a call that it may be about only when the call has come to its end. `counted`: attempts that count, by index."""

    outcomes: tuple[core.EventChoice, ...]
    approvals: tuple[core.EventChoice, ...]
    deny: bool
    counted: dict[int, Truth] = attrs.field(factory=dict)

    @staticmethod
    def of(pattern: core.EventPattern) -> Ending:
        """Of the streaks of a pattern."""
        outcomes = tuple(c for c in pattern.choices if c.kind in OUTCOMES)
        approvals = tuple(c for c in pattern.choices if c.kind == "approve")
        return Ending(outcomes, approvals, any(c.kind == "deny" for c in outcomes))

    def note(self, view: View, truth: Truth) -> None:
        """An event counts, or may."""
        if self.notes(view.kind, view.name):
            self.counted[view.index] = truth

    def notes(self, kind: str, name: str) -> bool:
        """Whether such events are remembered if they count."""
        return kind == "call" and _about(self.outcomes, name)

    def settled(self, kind: str, name: str) -> Truth | None:
        """Whether such events end the streak where they do not count; None where that depends on the event."""
        match kind:
            case "call":
                return None if _about((*self.outcomes, *self.approvals), name) else True
            case "result" | "fail" if _about(self.outcomes, name):
                return None
            case "deny":
                return self.deny
            case _:
                return False

    def ends(self, view: View) -> Truth:
        """Whether an event that does not count ends the streak."""
        settled = self.settled(view.kind, view.name)
        if settled is not None:
            return settled
        if view.kind == "call":
            return self._attempt_ends(view)
        return True if view.call is None else negated(self.counted.get(view.call.index, False))

    def _attempt_ends(self, view: View) -> Truth:
        """Not while the outcome may still match; an outcome that is nowhere recorded may have ended it."""
        if _about(self.outcomes, view.name):
            told = view.outcomes - (frozenset() if self.deny else {"deny"})
            return False if told else UNKNOWN
        return UNKNOWN


Streak: TypeAlias = tuple[Hashable, int, int]
"""The key, and the least and the greatest number in a row."""


def _about(choices: tuple[core.EventChoice, ...], name: str) -> bool:
    """Whether an event about the tool of that name may match."""
    return any(c.kind == "step" or not c.subjects or name in c.subjects for c in choices)


@attrs.define
class StreakStepper:
    """`limit consecutive (..) <= n per SCOPE`: a call that does not match, or has another key, ends the streak of its group."""

    compiled: monitor.Quota
    judged: Pattern
    when: Code | None
    keys: tuple[Code, ...]
    ending: Ending
    streaks: dict[Hashable, Streak] = attrs.field(factory=dict)

    @staticmethod
    def of(compiled: monitor.Quota, program: core.Program, tables: Tables) -> StreakStepper:
        """A stepper at the start of a trace."""
        judged = compile_pattern(compiled.judged, program, tables, "judged")
        keys = tuple(compile_expression(s.key, tables) for s in compiled.scopes if s.key is not None)
        return StreakStepper(
            compiled, judged, optional_code(compiled.when, tables), keys, Ending.of(compiled.judged)
        )

    def concerns(self, kind: str, name: str) -> bool:
        """What is counted, and every call and outcome, since it may end a streak."""
        return kind in CALLS or self.judged.concerns(kind, name)

    def judge(self, view: View, history: History) -> Sequence[Finding]:
        """Judge the event with itself counted in."""
        counted = self._counted(view, history)
        if counted is None:
            return ()
        truth, (_, least, most) = counted
        over: Truth = (
            True if least > self.compiled.bound else UNKNOWN if most > self.compiled.bound else False
        )
        verdict = conjunction(truth, over)
        if verdict is False:
            return ()
        if verdict is UNKNOWN:
            return (insufficient(view.index, SHORT),)
        return (violated(view.index, f"limit of {shown(self.compiled.bound)} in a row exceeded"),)

    def take(self, view: View, history: History) -> None:
        """Count the event in, or let it end the streak."""
        counted = self._counted(view, history)
        if counted is None:
            self.end(self._group(view), self.ending.ends(view))
            return
        truth, (key, least, most) = counted
        self.ending.note(view, truth)
        self.streaks[self._group(view)] = (key, least if truth is True else 0, most)

    def _group(self, view: View) -> Hashable:
        return tuple(part(scope, view) for scope in shared(self.compiled.scopes))

    def end(self, group: Hashable, ended: Truth) -> None:
        """The streak is over for sure, or may be."""
        if ended is True:
            self.streaks.pop(group, None)
        elif ended is UNKNOWN and group in self.streaks:
            key, _, most = self.streaks[group]
            self.streaks[group] = (key, 0, most)

    def _counted(self, view: View, history: History) -> tuple[Truth, Streak] | None:
        """Whether the event counts for sure, and its streak with itself; None if it does not count."""
        found = list(judge(self.judged, self.when, view, history))
        if not found:
            return None
        values = [evaluated(code, frame_of(view, found[0][1], history)) for code in self.keys]
        truth: Truth = True if any(t is True for t, _ in found) else UNKNOWN
        return truth, self._longer(self._group(view), values)

    def _longer(self, group: Hashable, values: list[Known]) -> Streak:
        key = tuple(key_of(v) for v in values)
        doubt = any(has_unknown(v) for v in values)
        before, least, most = self.streaks.get(group, (key, 0, 0))
        uncertain = doubt or UNKNOWN_KEY in (before if isinstance(before, tuple) else ())
        if before != key and not uncertain:
            least = most = 0
        least = 1 if uncertain else least + 1
        return key, least, most + 1

    @property
    def kept(self) -> tuple[Kept, ...]:
        """What is remembered of runs, by what limits name them."""
        return (self.streaks,) if [s.kind for s in shared(self.compiled.scopes)] == ["run"] else ()

    def finish(self, last: View | None) -> Iterator[Finding]:
        """Nothing is owed at the end."""
        del last
        return iter(())
