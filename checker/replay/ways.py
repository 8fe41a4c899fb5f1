"""The short way with events of one kind about one tool, all rules together.

What is known when a way is made is bound into closures, so that an event costs what its rules ask of it and little more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import attrs

from wfcheck.checker.conditions.plain import UNPLAIN, Given, Plain
from wfcheck.checker.replay.bits import Bits, Change
from wfcheck.checker.replay.places import Place
from wfcheck.checker.replay.short import Check, Taking
from wfcheck.checker.traces.event import Event

Clear: TypeAlias = Callable[[Event, Place], bool]
"""Whether an event surely breaks nothing."""
_NO_ARGUMENTS: Final[Given] = {}


@attrs.frozen(eq=False)
class Way:
    """`clear`: whether an event surely breaks nothing; `take` (None: nothing changes): it happens. `answered`: what answers such a call
    may be looked at, together with the call. `stirring`: what answers such a call may change a register, or is asked about by an
    invariant."""

    clear: Clear
    take: Taking | None
    name: str
    answered: bool
    stirring: bool


def _never(_event: Event, _place: Place) -> bool:
    return False


def _always(_event: Event, _place: Place) -> bool:
    return True


CLOSED: Final = Way(_never, None, "", answered=False, stirring=True)
"""There is no short way."""


@attrs.frozen(eq=False)
class Masks:
    """Of the rules packed into bits, of runs or of sessions: those to look at where their bit is set, where it is not, and always.
    `false`: by bit, conditions of which one must be false where the bit is suspect. `named`: those that must be false in any case, with
    what tells them apart. `granted`: what must be true."""

    armed: int
    wanting: int
    always: int
    false: Mapping[int, tuple[Plain, ...]]
    named: Mapping[str, Plain]
    granted: tuple[Check, ...]

    @property
    def silent(self) -> bool:
        """Whether there is nothing to look at."""
        return not (self.armed or self.wanting or self.always)

    @property
    def given(self) -> bool:
        """Whether arguments are looked at."""
        return bool(self.false or self.named or self.granted)

    def suspects(self, bits: Bits) -> int:
        """The rules that an event may break."""
        return bits.may & self.armed | self.wanting & ~bits.sure | self.always


@attrs.frozen(eq=False)
class Clearing:
    """What makes an event clear. `false`: conditions each of which must be false, `checks`: what must be true. `given`: arguments are
    looked at. `anonymous`: it must have no id. `steady`: every invariant must have held so far."""

    own: Masks
    whole: Masks
    false: tuple[Plain, ...]
    checks: tuple[Check, ...]
    given: bool
    anonymous: bool
    steady: bool

    def made(self) -> Clear:
        """As a closure."""
        told = self._told() if self.given or self.checks else self._plain()
        anonymous, steady = self.anonymous, self.steady
        if not (anonymous or steady):
            return told

        def clear(event: Event, place: Place) -> bool:
            if (anonymous and event.id) or (steady and not place.past.steady):
                return False
            return told(event, place)

        return clear

    def _plain(self) -> Clear:
        """Where bits say everything."""
        if self.own.silent and self.whole.silent:
            return _always
        own, whole = self.own, self.whole
        armed, wanting, always = own.armed, own.wanting, own.always | whole.always
        if not (whole.armed or whole.wanting):
            return lambda _, place: not (place.bits.may & armed | wanting & ~place.bits.sure | always)
        armed_whole, wanting_whole = whole.armed, whole.wanting
        return lambda _, place: not (
            place.bits.may & armed | wanting & ~place.bits.sure | always
            | place.whole.may & armed_whole | wanting_whole & ~place.whole.sure
        )  # fmt: skip

    def _told(self) -> Clear:
        needs, false, checks = self.given, self.false, self.checks
        armed, wanting, always, own_false = self.own.armed, self.own.wanting, self.own.always, self.own.false
        whole = None if self.whole.silent else self.whole

        def clear(event: Event, place: Place) -> bool:
            given: Given = _NO_ARGUMENTS
            if needs:
                shown = event.args_executed
                if shown is None:
                    shown = event.args_requested
                if shown is None or event.completeness is not None:
                    return False
                given = shown
            try:
                if false and not _all_false(false, given, place):
                    return False
                for check in checks:
                    if not check(event, given, place):
                        return False
                bits = place.bits
                suspects = bits.may & armed | wanting & ~bits.sure | always
                if suspects and not _refuted(suspects, own_false, given, place):
                    return False
                if whole is None:
                    return True
                suspects = whole.suspects(place.whole)
                return not suspects or _refuted(suspects, whole.false, given, place)
            except UNPLAIN:
                return False

        return clear


def _all_false(conditions: tuple[Plain, ...], given: Given, place: Place) -> bool:
    registers = place.past.registers
    for condition in conditions:  # noqa: SIM110 - a loop costs less than a generator
        if condition(given, registers) is not False:
            return False
    return True


def _refuted(suspects: int, false: Mapping[int, tuple[Plain, ...]], given: Given, place: Place) -> bool:
    """Whether none of the suspected rules speaks of the event."""
    registers = place.past.registers
    while suspects:
        bit = suspects & -suspects
        suspects ^= bit
        for condition in false.get(bit, ()):
            if condition(given, registers) is False:
                break
        else:
            return False
    return True


def taking(takings: tuple[Taking, ...], own: Change, whole: Change) -> Taking | None:
    """What changes when an event happens that was clear."""
    changes, of_session = not own.idle, not whole.idle
    if not (changes or of_session) and len(takings) < 2:
        return takings[0] if takings else None

    def take(place: Place) -> None:
        for one in takings:
            one(place)
        if changes:
            own.apply(place.bits, None, None)
        if of_session:
            whole.apply(place.whole, None, None)

    return take
