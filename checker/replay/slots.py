"""For each kind of event about each tool: which rules look at it, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from wfcheck.checker.conditions.plain import Plain
from wfcheck.checker.replay.bits import Group, Speaking
from wfcheck.checker.replay.limits import QuotaStepper
from wfcheck.checker.replay.policy import CompiledPolicy
from wfcheck.checker.replay.sequence_rules import InvariantStepper, ResponseStepper
from wfcheck.checker.replay.short import NOTHING, About, Check, Short
from wfcheck.checker.replay.short_limits import short_quota, short_streak
from wfcheck.checker.replay.short_orders import Named, refuters, short_grants, short_order, short_response
from wfcheck.checker.replay.stepper import Stepper
from wfcheck.checker.replay.stepping import MonitorStepper
from wfcheck.checker.replay.streaks import StreakStepper
from wfcheck.checker.replay.ways import CLOSED, Clearing, Masks, Way, taking
from wfcheck.checker.traces.event import Completeness
from wfcheck.dsl import core

_SHOWN: Final = frozenset({"call", "approve", "deny"})
"""Events whose arguments are their own."""
KNOWN: Final = 10_000
"""So many kinds of events about tools are sorted once; names in traces are without end."""
_ACTING: Final = frozenset({"call", "llm", "say", "ask", "message"})


@attrs.frozen(eq=False)
class Working:
    """A rule with its stepper. `number` tells it from the others."""

    rule: core.Rule
    stepper: Stepper
    number: int


@attrs.frozen(eq=False)
class Slot:
    """What the rules have to do with events of one kind about one tool: those packed into bits, of the run and of the session, and
    those stepped one by one."""

    own: Speaking
    whole: Speaking
    working: tuple[Working, ...]


@attrs.frozen(eq=False)
class Sorted:
    """What is known of events of one kind about one tool before any trace: the rules with something to do (the stepped ones by number),
    and of the short way whether it is closed, what the packed rules ask, and as of `Way`."""

    about: About
    own: Speaking
    whole: Speaking
    numbers: tuple[int, ...]
    closed: bool
    masks: tuple[Masks, Masks]
    answered: bool
    stirring: bool


@attrs.frozen(eq=False)
class Table:
    """The rules of a policy, to be sorted by what they look at, with steppers that never step. `traced`: where values come from is
    followed; `answerable`: and on whose behalf somebody acts."""

    policy: CompiledPolicy
    completeness: Mapping[str, Completeness]
    groups: tuple[Group, Group]
    stepped: tuple[Working, ...]
    invariants: tuple[InvariantStepper, ...]
    traced: bool
    answerable: bool
    known: dict[tuple[str, str | None], Sorted] = attrs.field(factory=dict)

    def slot(self, kind: str, tool: str | None, working: Sequence[Working]) -> Slot:
        """What there is to do with such events; `working`: the rules at work, by number."""
        found = self._sorted(kind, tool)
        return Slot(found.own, found.whole, tuple(working[number] for number in found.numbers))

    def way(self, kind: str, tool: str | None, working: Sequence[Working]) -> Way:
        """The short way with such events."""
        found = self._sorted(kind, tool)
        shorts = [] if found.closed else [_short(working[number], found.about) for number in found.numbers]
        made = [short for short in shorts if short is not None]
        return CLOSED if found.closed or len(made) < len(shorts) else self._way(found, made)

    def _way(self, found: Sorted, shorts: list[Short]) -> Way:
        own, whole = found.masks
        checks = [short.check for short in shorts if short.check is not None]
        clearing = Clearing(
            own, whole, tuple({**own.named, **whole.named}.values()), (*checks, *own.granted, *whole.granted),
            any(short.given for short in shorts) or own.given or whole.given, self.answerable,
            bool(self.invariants),
        )  # fmt: skip
        takings = tuple(short.take for short in shorts if short.take is not None)
        taken = taking(takings, found.own.change, found.whole.change)
        return Way(clearing.made(), taken, found.about.name, found.answered, found.stirring)

    def _sorted(self, kind: str, tool: str | None) -> Sorted:
        found = self.known.get((kind, tool))
        if found is None:
            found = self._sort(self._about(kind, tool))
            if len(self.known) < KNOWN:
                self.known[kind, tool] = found
        return found

    def _sort(self, about: About) -> Sorted:
        slot = self._slot(about)
        moving = slot.own.change.open or slot.whole.change.open or self._stirs(about)
        closed = bool(self.traced or moving or not all(one.settled for one in self.invariants))
        masks = (
            self._masks(slot.own, self.groups[0], about),
            self._masks(slot.whole, self.groups[1], about),
        )
        numbers = tuple(one.number for one in slot.working)
        answered, stirring = self._answered(about), self._stirring(about)
        return Sorted(about, slot.own, slot.whole, numbers, closed, masks, answered, stirring)

    def _masks(self, speaking: Speaking, group: Group, about: About) -> Masks:
        found, always = self._refuters(speaking, group, about), speaking.always
        named: dict[str, Plain] = {}
        granted: list[Check] = []
        for bit in _bits(always):
            grants = short_grants(group.rules[bit.bit_length() - 1].stepper, self.policy, about)
            if len(found.get(bit, ())) == 1:
                named.update(found[bit])
            elif grants is not None:
                granted.append(grants)
            else:
                continue
            always ^= bit
        false = {bit: tuple(code for _, code in conditions) for bit, conditions in found.items()}
        return Masks(speaking.armed, speaking.wanting, always, false, named, tuple(granted))

    def _refuters(self, speaking: Speaking, group: Group, about: About) -> dict[int, Sequence[Named]]:
        found = {}
        for bit in _bits(speaking.armed | speaking.wanting | speaking.always):
            conditions = refuters(group.rules[bit.bit_length() - 1].stepper, about)
            if conditions:
                found[bit] = conditions
        return found

    def _about(self, kind: str, tool: str | None) -> About:
        declared = self.policy.catalogue.tools.get(tool) if tool else None
        name = declared.symbol if declared else tool or ""
        hidden = any(f.startswith("args_") and shown != "full" for f, shown in self.completeness.items())
        actor = self.policy.catalogue.actor if kind in _ACTING else None
        return About(kind, name, declared, kind in _SHOWN and not hidden, actor)

    def _slot(self, about: About) -> Slot:
        own, whole = (group.speaking(about.kind, about.name, about.tool) for group in self.groups)
        working = tuple(one for one in self.stepped if one.stepper.concerns(about.kind, about.name))
        return Slot(own, whole, working)

    def _answered(self, call: About) -> bool:
        """Whether a view may be made of what answers a call."""
        for kind in ("result", "fail") if call.kind == "call" else ():
            about = attrs.evolve(call, kind=kind, plain=False)
            slot = self._slot(about)
            speaks = any(s.armed or s.wanting or s.always or s.change.open for s in (slot.own, slot.whole))
            looked = any(_short(one, about) is not NOTHING for one in slot.working)
            if speaks or looked or self._stirs(about):
                return True
        return False

    def _stirs(self, about: About) -> bool:
        """Whether such an event may change what is remembered, or is asked about by an invariant."""
        tracked, kind, name = self.policy.tracked, about.kind, about.name
        patterns = [update.pattern for update in tracked.updates]
        patterns += [pattern for _, pattern, _ in tracked.asked]
        patterns += [one.judged for one in self.invariants if one.judged is not None]
        return any(pattern.concerns(kind, name) for pattern in patterns)

    def _stirring(self, about: About) -> bool:
        kinds = (about.kind, "result", "fail") if about.kind == "call" else (about.kind,)
        return any(self._stirs(attrs.evolve(about, kind=kind)) for kind in kinds)


def _short(one: Working, about: About) -> Short | None:
    stepper = one.stepper
    match stepper:
        case MonitorStepper():
            return short_order(stepper, about)
        case QuotaStepper():
            return short_quota(stepper, one.number, about)
        case StreakStepper():
            return short_streak(stepper, about)
        case ResponseStepper():
            return short_response(stepper, about)
        case _:
            return None


def _bits(number: int) -> list[int]:
    found = []
    while number:
        found.append(number & -number)
        number &= number - 1
    return found
