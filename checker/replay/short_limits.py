"""The short way of limits: what surely counts is counted, in the tallies and streaks of their steppers."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from fractions import Fraction
from typing import Any, TypeAlias

import attrs

from wfcheck.checker.conditions.plain import Given, Plain, Registers
from wfcheck.checker.replay.limits import QuotaStepper, joint, shared
from wfcheck.checker.replay.patterns import key_of
from wfcheck.checker.replay.places import Place
from wfcheck.checker.replay.short import NOTHING, About, Matching, Short, matching
from wfcheck.checker.replay.streaks import StreakStepper
from wfcheck.checker.replay.tallies import NONE, Item, Tally
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core

_Known: TypeAlias = "tuple[dict[Hashable, Tally], Hashable, Tally | None, Any] | None"
"""Of the event just checked: the tallies of its group, its keys, its tally and what it counts; None: it does not count."""
Grouping: TypeAlias = Callable[[Place], Hashable]
_TURNS = frozenset({"llm", "input"})
_NUMBERS = frozenset({int, Fraction})


def short_quota(stepper: QuotaStepper, number: int, about: About) -> Short | None:
    """Of a limit on counts, sums or distinct values without a window; None where its stepper has to look at such events."""
    compiled = stepper.compiled
    fits = matching(compiled.judged, stepper.judged, compiled.when, about)
    if fits is None or fits is False:
        return None if fits is None else NOTHING
    if stepper.window is not None or compiled.kind not in ("count", "sum", "distinct"):
        return None
    if about.kind in _TURNS and any(s.kind == "turn" for s in compiled.scopes):
        return None
    keys = [about.code(s.key) for s in compiled.scopes if s.key is not None]
    value = None if compiled.value is None else about.code(compiled.value)
    if None in keys or (value is None) is not (compiled.value is None):
        return None
    made = _Measure(
        stepper, number, grouping(stepper.shared), tuple(key for key in keys if key is not None), value,
        None if fits is True else fits, _kept_of(stepper),
        about.bare(_only([s.key for s in compiled.scopes if s.key is not None]), str),
        about.bare(compiled.value, int),
    )  # fmt: skip
    return made.distinct() if compiled.kind == "distinct" else made.added()


def grouping(scopes: tuple[core.ScopeKey, ...]) -> Grouping:
    """The group of a place, as limits name it."""
    match [scope.kind for scope in scopes]:
        case ["run"]:
            return lambda place: place.run_group
        case ["session"]:
            return lambda place: place.session_group
        case kinds:
            return lambda place: tuple([_part(kind, place) for kind in kinds])


def _part(kind: str, place: Place) -> Hashable:
    match kind:
        case "run":
            return ("run", *place.scope)
        case "turn":
            return ("turn", *place.scope, place.counts.turns)
        case _:
            return ("session", place.scope[0])


def _only(expressions: list[core.Expr]) -> core.Expr | None:
    return expressions[0] if len(expressions) == 1 else None


def _kept_of(stepper: QuotaStepper) -> bool | None:
    """Whether what it counts is kept for the session, or (False) for the run; None where a place has more than one group."""
    kinds = [scope.kind for scope in stepper.shared]
    return True if kinds == ["session"] else False if kinds == ["run"] else None


@attrs.frozen(eq=False)
class _Measure:
    """How the events count that `fits` (None: all) says do. `whole`: as `_kept_of`. `text`, `amount`: the names of arguments that are
    the only key, and the value, of most events as they are."""

    stepper: QuotaStepper
    number: int
    group: Grouping
    keys: tuple[Plain, ...]
    value: Plain | None
    fits: Matching | None
    whole: bool | None
    text: str | None
    amount: str | None

    def found(self) -> Callable[[Place], dict[Hashable, Tally]]:
        """The tallies of a group, by keys."""
        number, group, tallies, whole = self.number, self.group, self.stepper.tallies, self.whole
        if whole is None:
            return lambda place: tallies.setdefault(group(place), {})

        def find(place: Place) -> dict[Hashable, Tally]:
            made = (place.totals if whole else place.counted).keyed[number] = tallies.setdefault(
                group(place), {}
            )
            return made

        return find

    def scope(self) -> Plain:
        """The keys of an event as one."""
        match self.keys:
            case ():
                return lambda _given, _registers: ()
            case (key,):
                pass
            case several:
                return lambda given, registers: joint([key(given, registers) for key in several])

        def find(given: Given, registers: Registers) -> Hashable:
            value = key(given, registers)
            return value if type(value) is str else key_of(value)

        return find

    def added(self) -> Short:
        """Counts and sums."""
        if not self.keys and self.fits is None and self.whole is not None:
            return self._single(self.whole)
        stepper, number, fits, whole, text = self.stepper, self.number, self.fits, self.whole, self.text
        find, scope, measure, limit, loose = (
            self.found(),
            self.scope(),
            self.measure(),
            stepper.limit,
            stepper.loose,
        )
        inner: dict[Hashable, Tally] | None = None
        counts, at, tally, amount = False, None, None, 1

        def check(event: Event, given: Given, place: Place) -> bool:
            nonlocal counts, inner, at, tally, amount
            registers = place.past.registers
            counts = fits is None or fits(event, given, registers)
            if not counts:
                return True
            inner = None if whole is None else (place.totals if whole else place.counted).keyed.get(number)
            if inner is None:
                inner = find(place)
            at = given.get(text) if text is not None else None
            if type(at) is not str:
                at = scope(given, registers)
            tally = inner.get(at)
            if measure is not None:
                amount = measure(given, registers)
            if loose or type(amount) not in _NUMBERS:
                return False
            if tally is None:
                return bool(amount <= limit)
            return tally.most + amount <= limit and not tally.blind

        def take(_place: Place) -> None:
            if counts and inner is not None:
                counted = tally
                if counted is None:
                    counted = inner[at] = Tally()
                counted.least += amount
                counted.most += amount

        return Short(check, take, bool(self.keys) or measure is not None or fits is not None)

    def _single(self, whole: bool) -> Short:
        """One tally for a place, for good."""
        stepper, number, find, measure = self.stepper, self.number, self.found(), self.measure()
        limit, loose = stepper.limit, stepper.loose
        amount: Any = 1
        tally = NONE

        def check(_event: Event, given: Given, place: Place) -> bool:
            nonlocal amount, tally
            singles = (place.totals if whole else place.counted).single
            known = singles.get(number)
            if known is None:
                known = singles[number] = find(place).setdefault((), Tally())
            tally = known
            if measure is not None:
                amount = measure(given, place.past.registers)
                if type(amount) not in _NUMBERS:
                    return False
            return known.most + amount <= limit and not (known.blind or loose)

        def take(_place: Place) -> None:
            tally.least += amount
            tally.most += amount

        return Short(check, take, measure is not None)

    def measure(self) -> Plain | None:
        """What is added up; None where events are counted."""
        name, value = self.amount, self.value
        if name is None or value is None:
            return value

        def run(given: Given, registers: Registers) -> Any:
            amount = given.get(name)
            return amount if type(amount) is int else value(given, registers)

        return run

    def distinct(self) -> Short | None:
        """Distinct values."""
        stepper, value, fits, scope = self.stepper, self.value, self.fits, self.scope()
        find, bound, loose = self.found(), stepper.compiled.bound, stepper.loose
        if value is None:
            return None
        known: _Known = None

        def check(event: Event, given: Given, place: Place) -> bool:
            nonlocal known
            known = None
            registers = place.past.registers
            if fits is not None and not fits(event, given, registers):
                return True
            inner = find(place)
            at = scope(given, registers)
            tally, key = inner.get(at, NONE), key_of(value(given, registers))
            known = (inner, at, tally, key)
            return not (loose or tally.blind) and tally.distinct + (key not in (tally.keys or ())) <= bound

        def take(_place: Place) -> None:
            if known is not None:
                inner, at, tally, key = known
                if tally is None or tally is NONE:
                    tally = inner[at] = Tally()
                tally.change(Item(None, key, 1, True), 1)

        return Short(check, take, True)


def short_streak(stepper: StreakStepper, about: About) -> Short | None:
    """Of a limit on how many come in a row; None where its stepper has to look at such events."""
    compiled, ending = stepper.compiled, stepper.ending
    fits = matching(compiled.judged, stepper.judged, compiled.when, about)
    turning = about.kind in _TURNS and any(s.kind == "turn" for s in compiled.scopes)
    if not isinstance(fits, bool) or turning:
        return None
    group: Grouping = grouping(shared(compiled.scopes))
    if fits:
        return None if stepper.keys or ending.notes(about.kind, about.name) else _longer(stepper, group)
    ends = ending.settled(about.kind, about.name)
    if ends is None:
        return None
    if ends is False:
        return NOTHING

    def take(place: Place) -> None:
        stepper.end(group(place), ends)

    return Short(None, take)


def _longer(stepper: StreakStepper, group: Grouping) -> Short:
    streaks, bound = stepper.streaks, stepper.compiled.bound
    begun: Any = ((), 0, 0)

    def check(_event: Event, _given: Given, place: Place) -> bool:
        return bool((streaks.get(group(place)) or begun)[2] < bound)

    def take(place: Place) -> None:
        at = group(place)
        key, least, most = streaks.get(at) or begun
        streaks[at] = (key, least + 1, most + 1)

    return Short(check, take)
