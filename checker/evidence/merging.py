"""The traces that a trace and its logs allow together: with what the log alone shows, and with what it says of the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs
import msgspec

from wfcheck.checker.evidence.matching import Call, Matched, differing
from wfcheck.checker.evidence.records import Log
from wfcheck.checker.evidence.values import comparable, same
from wfcheck.checker.traces.event import Event
from wfcheck.checker.traces.times import nanoseconds
from wfcheck.checker.traces.trace import Trace

_SECOND = 10**9
_ORDER = "another record has calls of this run in another order"
_PLACE = "where the run made the call of `{tool}` that another record shows is not known"
_WHICH = "which call of `{tool}` is which in another record is not known"
_CLAIM = "another record does not have the call of `{tool}`"


def readings_of(trace: Trace, matched: Sequence[tuple[Log, Matched]]) -> tuple[Trace, ...]:
    """The trace as the logs have it: the calls that only they show stand as early as they can, and as late. What was claimed and is in
    no log failed in the first reading, and was never made in the second; arguments, failures and results are those of the log. Where
    the place of a call stays open, which call is which is a guess, or the orders differ, the trace says so among its losses: of it
    nothing holds for sure."""
    early = _Merging(trace, matched, late=False).trace()
    late = _Merging(trace, matched, late=True).trace()
    return (early,) if early.events == late.events else (early, late)


@attrs.define
class _Merging:
    """`edits`: the event instead of one, or None for none at all; `added`: the events before the one of that number."""

    original: Trace
    matched: Sequence[tuple[Log, Matched]]
    late: bool
    edits: dict[int, Event | None] = attrs.field(factory=dict)
    added: dict[int, list[Event]] = attrs.field(factory=dict)
    losses: list[str] = attrs.field(factory=list)
    count: int = 0

    def trace(self) -> Trace:
        """The merged trace, its events numbered anew."""
        for log, matched in self.matched:
            self._one(log, matched)
        events = [msgspec.structs.replace(event, seq=number) for number, event in enumerate(self._events())]
        losses = (*self.original.losses, *dict.fromkeys(self.losses))
        return attrs.evolve(self.original, events=tuple(events), losses=losses)

    def _events(self) -> Iterator[Event]:
        for index, event in enumerate(self.original.events):
            yield from self.added.get(index, ())
            edited = self.edits.get(index, event)
            if edited is not None:
                yield edited
        yield from self.added.get(len(self.original.events), ())

    def _one(self, log: Log, matched: Matched) -> None:
        for claimed, logged in matched.pairs:
            if claimed.outcome != "deny":
                self._as_logged(log, claimed, logged)
        for call in matched.claimed:
            if call.outcome == "result" and call.tool in log.covers:
                self._not_done(call)
        if _disordered(matched.pairs):
            self.losses.append(_ORDER)
        denied = [b for a, b in matched.pairs if a.outcome == "deny" and b.outcome in ("result", "open")]
        hidden = [call for call in matched.logged if call.outcome != "deny"]
        clocks, sure = _agree(matched), matched.pairs
        if not clocks and matched.guessed:
            self.losses += [_WHICH.format(tool=claimed.tool[:60]) for claimed, _ in matched.guessed]
            sure = tuple(pair for pair in matched.pairs if pair not in matched.guessed)
        for call in sorted((*hidden, *denied), key=lambda c: c.start):
            self._insert(sure, call, clocks)

    def _as_logged(self, log: Log, claimed: Call, logged: Call) -> None:
        names = differing(claimed, logged, log)
        if names:
            executed = dict(claimed.executed)
            for name in names:
                if name in logged.executed:
                    executed[name] = logged.executed[name]
                else:
                    executed.pop(name, None)
            old = claimed.event
            requested = old.args_requested if old.args_requested is not None else old.args_executed
            self.edits[claimed.start] = msgspec.structs.replace(
                old, args_requested=requested, args_executed=executed
            )
        if claimed.back is not None and claimed.answer is not None and logged.answer is not None:
            self.edits[claimed.back] = _answered(claimed.answer, logged.answer)

    def _not_done(self, call: Call) -> None:
        """A call that failed on its way, or was never made: the late reading takes it out."""
        assert call.back is not None
        assert call.answer is not None
        told = call.answer.result
        if self.late:
            self.edits[call.start] = self.edits[call.back] = None
            return
        self.edits[call.back] = msgspec.structs.replace(
            call.answer, kind="fail", result=None, error=_CLAIM.format(tool=call.tool[:60]),
            text=told if isinstance(told, str) else call.answer.text,
        )  # fmt: skip

    def _insert(self, pairs: Sequence[tuple[Call, Call]], call: Call, clocks: bool) -> None:
        first, last = self._between(pairs, call)
        exact = self._timed(first, last, call) if clocks else None
        if exact is None and any(
            e.kind not in ("llm", "step", "say") for e in self.original.events[first:last]
        ):
            self.losses.append(_PLACE.format(tool=call.tool[:60]))
        place = exact if exact is not None else last if self.late else first
        self.added.setdefault(place, []).extend(self._inserted(place, call))

    def _between(self, pairs: Sequence[tuple[Call, Call]], call: Call) -> tuple[int, int]:
        """The first and the last event before which the call may stand: after what the log has before it, before what it has after."""
        events = self.original.events
        before = [c.back if c.back is not None else c.start for c, other in pairs if other.start < call.start]
        after = [c.start for c, other in pairs if other.start > call.start]
        ended = next((i for i, e in enumerate(events) if e.kind == "end"), len(events))
        first = max(before, default=-1) + 1
        last = min([a for a in after if a >= first], default=max(ended, first))
        return first, last

    def _timed(self, first: int, last: int, call: Call) -> int | None:
        moment = nanoseconds(call.event.time)
        times = [nanoseconds(event.time) for event in self.original.events[first:last]]
        if moment is None or None in times:
            return None
        return first + sum(time is not None and time <= moment for time in times)

    def _inserted(self, place: int, call: Call) -> Iterator[Event]:
        """The call and its end as events of the run in which they fall."""
        events = self.original.events
        beside = events[min(place, len(events) - 1)] if events else call.event
        acts = [e for e in events[: place + 1] if e.kind == "call"] or [e for e in events if e.kind == "call"]
        self.count += 1
        name = f"evidence-{self.count}-{call.event.call or ''}"[:200]
        actor = acts[-1].actor if acts else call.event.actor
        agent = acts[-1].agent if acts else call.event.agent
        for event in (call.event, call.answer):
            if event is not None:
                yield msgspec.structs.replace(
                    event, trace=beside.trace, session=beside.session, run=beside.run, id=None, parent=None,
                    call=name, actor=actor, agent=agent,
                )  # fmt: skip


def _answered(claimed: Event, logged: Event) -> Event:
    """The end of a call as the log has it, where the two differ."""
    if claimed.kind == logged.kind == "result":
        differs = logged.result is not None and comparable(claimed.result, logged.result)
        if differs and not same(claimed.result, logged.result):
            return msgspec.structs.replace(claimed, result=logged.result)
        return claimed
    if claimed.kind == logged.kind or logged.kind == "deny":
        return claimed
    return msgspec.structs.replace(claimed, kind=logged.kind, result=logged.result, error=logged.error)


def _agree(matched: Matched) -> bool:
    """Whether the clocks of the two records agree: each call that both have, and there is one at least, was logged between its start
    and its end in the trace, but for a second; and no other call of its tool was, where it could be another's."""
    logged = [*(other for _, other in matched.pairs), *matched.logged]
    for claimed, other in matched.pairs:
        rivals = (
            [o for o in logged if o.tool == claimed.tool] if (claimed, other) in matched.guessed else [other]
        )
        if [o for o in rivals if _within(claimed, o)] != [other]:
            return False
    return bool(matched.pairs)


def _within(claimed: Call, logged: Call) -> bool:
    """Whether the call was logged while the trace made it. What has no clock was not, for sure."""
    start, moment = nanoseconds(claimed.event.time), nanoseconds(logged.event.time)
    end = start if claimed.answer is None else nanoseconds(claimed.answer.time)
    if start is None or moment is None or end is None:
        return False
    return start - _SECOND <= moment <= end + _SECOND


def _disordered(pairs: Sequence[tuple[Call, Call]]) -> bool:
    starts = [logged.start for _, logged in pairs]
    return starts != sorted(starts)
