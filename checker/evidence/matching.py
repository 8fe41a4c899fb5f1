"""Which call of the trace is which call of the log."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Literal, TypeAlias

import attrs

from wfcheck.checker.evidence.records import Log
from wfcheck.checker.evidence.values import same
from wfcheck.checker.traces.event import Event, Json
from wfcheck.checker.traces.times import nanoseconds

Outcome: TypeAlias = Literal["result", "fail", "deny", "open"]
_COUNTER = re.compile(r"call-\d+~*|.{0,5}|.*~\d*", re.DOTALL)


@attrs.frozen
class Call:
    """A call with its numbers among the events: where it starts, and where it ended (None: not recorded)."""

    start: int
    event: Event = attrs.field(repr=False, eq=False)
    outcome: Outcome
    back: int | None = None
    answer: Event | None = attrs.field(default=None, repr=False, eq=False)

    @property
    def tool(self) -> str:
        """Its tool."""
        return self.event.tool or ""

    @property
    def executed(self) -> dict[str, Json]:
        """The arguments that it ran with, as far as its record knows."""
        return self.event.arguments


@attrs.frozen
class Matched:
    """The calls in pairs, and those that only one record has; in their orders. `identified` and `likely`: the starts of those
    that are paired by identifier, and by likeness alone. Likeness is a guess, and so is which of several equal calls is which if one
    record has more of a tool."""

    pairs: tuple[tuple[Call, Call], ...]
    claimed: tuple[Call, ...]
    logged: tuple[Call, ...]
    identified: frozenset[int] = frozenset()
    likely: frozenset[int] = frozenset()

    @property
    def guessed(self) -> tuple[tuple[Call, Call], ...]:
        """The pairs that could be other pairs as well."""
        several = {call.tool for call in (*self.claimed, *self.logged)}
        unsure = [p for p in self.pairs if p[0].start not in self.identified]
        return tuple(p for p in unsure if p[0].tool in several or p[0].start in self.likely)


def calls_of(events: Sequence[Event], tools: frozenset[str]) -> list[Call]:
    """The calls and denials of some tools, in the order of their starts."""
    answers: dict[str, tuple[int, Event]] = {}
    for index, event in enumerate(events):
        if event.kind in ("result", "fail", "deny") and event.call is not None:
            answers.setdefault(event.call, (index, event))
    started = {e.call for e in events if e.kind == "call" and e.call is not None}
    return [
        _call(index, event, answers)
        for index, event in enumerate(events)
        if event.tool in tools
        and (event.kind == "call" or (event.kind == "deny" and event.call not in started))
    ]


def _call(index: int, event: Event, answers: dict[str, tuple[int, Event]]) -> Call:
    if event.kind == "deny":
        return Call(index, event, "deny", index, event)
    back, answer = answers.get(event.call or "", (None, None))
    if answer is None:
        return Call(index, event, "open")
    outcome: Outcome = "deny" if answer.kind == "deny" else "fail" if answer.kind == "fail" else "result"
    return Call(index, event, outcome, back, answer)


def match(claimed: Sequence[Call], logged: Sequence[Call], log: Log) -> Matched:
    """By identifier, unless those are mere counters; then by equal arguments, in order; then, of one tool, the most alike first."""
    pairs = _by_identifier(claimed, logged)
    identified = frozenset(call.start for call, _ in pairs)
    for alike in (_by_arguments, _of_a_tool):
        mine, theirs = _left(claimed, [a for a, _ in pairs]), _left(logged, [b for _, b in pairs])
        found = alike(mine, theirs, log)
        pairs += found
    likely = frozenset(call.start for call, _ in found)
    return Matched(
        tuple(sorted(pairs, key=lambda p: p[0].start)),
        tuple(_left(claimed, [a for a, _ in pairs])),
        tuple(_left(logged, [b for _, b in pairs])),
        identified,
        likely,
    )


def _left(calls: Sequence[Call], taken: Sequence[Call]) -> list[Call]:
    starts = {call.start for call in taken}
    return [call for call in calls if call.start not in starts]


def _by_identifier(claimed: Sequence[Call], logged: Sequence[Call]) -> list[tuple[Call, Call]]:
    known = {(c.tool, c.event.call): c for c in logged if _means_something(c.event.call)}
    return [(c, known[c.tool, c.event.call]) for c in claimed if (c.tool, c.event.call) in known]


def _means_something(identifier: str | None) -> bool:
    return identifier is not None and _COUNTER.fullmatch(identifier) is None


def _by_arguments(claimed: Sequence[Call], logged: Sequence[Call], log: Log) -> list[tuple[Call, Call]]:
    """Calls that were done go before those that only were tried."""
    pairs: list[tuple[Call, Call]] = []
    left: dict[str, list[Call]] = {}
    for other in logged:
        left.setdefault(other.tool, []).append(other)
    for call in sorted(claimed, key=lambda c: (c.outcome in ("deny", "open"), c.start)):
        found = _equal(call, left, log)
        if found is not None:
            left[call.tool].remove(found)
            pairs.append((call, found))
    return pairs


def _equal(call: Call, left: Mapping[str, list[Call]], log: Log) -> Call | None:
    """The first that is equal, one that ended alike if there is one; by the clock the closest, if both records have one."""
    alike = [o for o in left.get(call.tool, ()) if (o.outcome == "fail") == (call.outcome == "fail")]
    others = [o for o in left.get(call.tool, ()) if (o.outcome == "fail") != (call.outcome == "fail")]
    moment = nanoseconds(call.event.time)
    if moment is not None:
        alike.sort(key=lambda o: abs((nanoseconds(o.event.time) or 0) - moment))
    return next((o for o in chain(alike, others) if not differing(call, o, log)), None)


def _of_a_tool(claimed: Sequence[Call], logged: Sequence[Call], log: Log) -> list[tuple[Call, Call]]:
    """What is left of each tool, the fewest differences first. Denied calls do not take part: another call is no proof of them."""
    able = [c for c in claimed if c.outcome != "deny"]
    ranked = sorted(
        ((len(differing(a, b, log)), i, j) for i, a in enumerate(able) for j, b in enumerate(logged) if a.tool == b.tool),
    )  # fmt: skip
    mine: set[int] = set()
    theirs: set[int] = set()
    pairs = []
    for _, i, j in ranked:
        if i not in mine and j not in theirs:
            mine.add(i)
            theirs.add(j)
            pairs.append((able[i], logged[j]))
    return pairs


def differing(claimed: Call, logged: Call, log: Log) -> list[str]:
    """The names of the arguments in which the two differ, as far as the log records them."""
    return list(_differing(claimed, logged, log))


def _differing(claimed: Call, logged: Call, log: Log) -> Iterator[str]:
    ours, theirs = claimed.executed, logged.executed
    recorded = log.recorded.get(claimed.tool, frozenset())
    for name in dict.fromkeys([*ours, *theirs]):
        if name in recorded and not same(ours.get(name), theirs.get(name)):
            yield name
