"""The rules that remember one thing, that something happened or did not, packed into two integers for each scope.

`sure` holds a bit for each rule whose event of `after` (or whose evidence) is surely in force, `may` for each where it perhaps is. Most
events then cost a look-up and a comparison of integers, however many rules there are; a rule's own pattern is looked at only where
its bit says that it may be broken."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from wfcheck.checker.conditions.compiled import UNKNOWN, History, Truth
from wfcheck.checker.replay.finding import Finding
from wfcheck.checker.replay.memory import Memory
from wfcheck.checker.replay.patterns import Pattern
from wfcheck.checker.replay.stepping import MonitorStepper
from wfcheck.checker.replay.view import View
from wfcheck.dsl import core
from wfcheck.dsl.walk import subexpressions

PAST = (core.LastEvent, core.EarlierEvent, core.Known, core.Variable)


@attrs.define(eq=False)
class Bits:
    """What one run (or session) remembers for all such rules."""

    sure: int = 0
    may: int = 0


@attrs.frozen(eq=False)
class Change:
    """What an event of one kind about one tool changes, in this order: bits that end for sure, that perhaps end, that surely begin,
    that perhaps begin; and patterns that have to be looked at."""

    ends: int
    may_end: int
    begins: int
    may_begin: int
    open: tuple[tuple[bool, Pattern, int], ...]
    """Whether it ends, the pattern, the bit."""

    @property
    def idle(self) -> bool:
        """Whether nothing changes."""
        return not (self.ends or self.may_end or self.begins or self.may_begin or self.open)

    def apply(self, bits: Bits, view: View | None, history: History | None) -> None:
        """Change the bits. Without `open` patterns no view is needed."""
        ends, may_end, begins, may_begin = self.ends, self.may_end, self.begins, self.may_begin
        for ending, pattern, bit in self.open:
            assert view is not None
            truth = pattern.match(view, history=history).truth
            if truth is True:
                ends, begins = (ends | bit, begins) if ending else (ends, begins | bit)
            elif truth is UNKNOWN:
                may_end, may_begin = (may_end | bit, may_begin) if ending else (may_end, may_begin | bit)
        bits.sure = bits.sure & ~(ends | may_end) | begins
        bits.may = bits.may & ~ends | begins | may_begin


@attrs.frozen(eq=False)
class Packed:
    """One such rule. `begin`: the pattern of `after` or of the evidence. `end`: of `until` or `since`. `wanted`: it is evidence."""

    stepper: MonitorStepper
    begin: Memory | None
    end: Memory | None
    wanted: bool

    @staticmethod
    def of(stepper: MonitorStepper) -> Packed | None:
        """The rule, if it remembers one thing only."""
        compiled, blank = stepper.compiled, stepper.blank
        evidence, armed = compiled.evidence, compiled.armed
        if stepper.partnered or compiled.source is not None or stepper.demanded is not None:
            return None
        if armed is not None and armed.duration is not None:
            return None
        if evidence is not None and (
            evidence.single_use or evidence.within_steps is not None or evidence.within_time is not None
        ):
            return None
        patterns = (
            [armed.after, armed.until] if armed else [evidence.pattern, evidence.since] if evidence else []
        )
        if any(not m.ties.free for m in blank.memories) or any(_late(p) for p in patterns if p is not None):
            return None
        if evidence is not None:
            return Packed(stepper, blank.evidence, blank.since, True)
        return Packed(stepper, blank.after, blank.until, False)


def _late(pattern: core.EventPattern) -> bool:
    """Whether the pattern has to be asked when the judged event comes: it compares with something that changes."""
    values = [t.value for c in pattern.choices for _, t in c.tests if isinstance(t, core.Compare)]
    values += [c.result.value for c in pattern.choices if isinstance(c.result, core.Compare)]
    return any(isinstance(e, PAST) for value in values for e in subexpressions(value))


@attrs.frozen(eq=False)
class Speaking:
    """What such rules have to say of an event of one kind about one tool: the rules to look at where their bit in `may` is set, where
    it is not set in `sure`, and always."""

    armed: int
    wanting: int
    always: int
    change: Change

    def suspects(self, bits: Bits) -> int:
        """The rules that the event may break."""
        return bits.may & self.armed | self.wanting & ~bits.sure | self.always


@attrs.frozen(eq=False)
class Group:
    """Such rules of one scope: all of the run, or all of the session."""

    rules: tuple[Packed, ...]

    def speaking(self, kind: str, name: str, tool: core.Tool | None) -> Speaking:
        """What they have to say of events of the kind about the tool."""
        armed = wanting = always = 0
        for number, rule in enumerate(self.rules):
            if rule.stepper.judged.concerns(kind, name) and _ever(rule.stepper.judged, kind, name, tool):
                armed |= (rule.begin is not None and not rule.wanted) << number
                wanting |= rule.wanted << number
                always |= (rule.begin is None) << number
        return Speaking(armed, wanting, always, self._change(kind, name, tool))

    def _change(self, kind: str, name: str, tool: core.Tool | None) -> Change:
        sums = {(ending, truth): 0 for ending in (True, False) for truth in (True, UNKNOWN)}
        unsettled: list[tuple[bool, Pattern, int]] = []
        for number, rule in enumerate(self.rules):
            for ending, memory in ((True, rule.end), (False, rule.begin)):
                if memory is None or not memory.pattern.concerns(kind, name):
                    continue
                truth = memory.pattern.settled(kind, name, tool)
                if truth is None:
                    unsettled.append((ending, memory.pattern, 1 << number))
                elif truth is not False:
                    sums[ending, truth] |= 1 << number
        return Change(
            sums[True, True], sums[True, UNKNOWN], sums[False, True], sums[False, UNKNOWN], tuple(unsettled)
        )

    def judge(self, suspects: int, bits: Bits, view: View, history: History) -> Iterator[tuple[int, Finding]]:
        """What the suspected rules find, by their number."""
        while suspects:
            bit = suspects & -suspects
            suspects ^= bit
            number = bit.bit_length() - 1
            rule = self.rules[number]
            for finding in rule.stepper.told_by(_standing(rule, bits, bit), view, history):
                yield number, finding


def _standing(rule: Packed, bits: Bits, bit: int) -> Truth:
    """Whether the rule is armed, or lacks its evidence."""
    if rule.begin is None:
        return True
    if rule.wanted:
        return UNKNOWN if bits.may & bit else True
    return True if bits.sure & bit else UNKNOWN


def _ever(pattern: Pattern, kind: str, name: str, tool: core.Tool | None) -> bool:
    return pattern.settled(kind, name, tool) is not False
