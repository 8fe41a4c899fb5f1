"""Signs of trouble in a run of which no policy is known. Each is a heuristic over the calls of one run, no verdict.

* repeated: one call, with the same arguments, three times in a row;
* drifting: one tool five times in a row, never with the same arguments, each time a little different from the last;
* oscillating: two different calls by turns, A B A B;
* failing: three failures in a row, with no result between them;
* exhausted: the run says at its end that a budget of turns, steps, tokens, cost or time was used up;
* unverified: the run ends although its last call failed or has no recorded answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

import attrs
import msgspec

from wfcheck.checker.traces.event import Event, Json
from wfcheck.checker.traces.trace import Trace

SignalKind: TypeAlias = Literal["repeated", "drifting", "oscillating", "failing", "exhausted", "unverified"]
REPEATS, DRIFTS, FAILURES = 3, 5, 3
_ENCODER = msgspec.json.Encoder(enc_hook=str, decimal_format="number", order="deterministic")
_TEXT = 2000
_ALL = "\0all"
_BUDGET = re.compile(
    r"max(?:imum|_|-| )[a-z _-]{0,30}(?:turn|step|iteration|token|call)|exit_(?:cost|context|total|api)|budget|out of tokens"
    r"|context (?:length|window)|time ?limit|timed? ?out|(?:turn|step|iteration|token|call|cost) limit",
    re.IGNORECASE,
)


@attrs.frozen
class Signal:
    """One sign: `first` and `last` are the numbers of the events between which it shows, `count` how many of them it counts."""

    kind: SignalKind
    first: int
    last: int
    count: int
    subject: str


@attrs.frozen
class _Call:
    index: int
    tool: str
    key: tuple[str, str]
    arguments: Mapping[str, Json]


def signals_of(trace: Trace) -> tuple[Signal, ...]:
    """The signs in a trace, in the order in which they begin. The runs and the agents of a trace are looked at apart."""
    threads: dict[tuple[str | None, str | None, str | None], list[tuple[int, Event]]] = {}
    for index, event in enumerate(trace.events):
        for key in _threads(event):
            threads.setdefault(key, []).append((index, event))
    found: list[Signal] = []
    for (_, _, agent), events in threads.items():
        calls = [
            _Call(i, e.tool or "", (e.tool or "", _printed(e)), e.arguments)
            for i, e in events
            if e.kind == "call"
        ]
        found += (
            [*_in_a_row(calls), *_oscillating(calls)]
            if agent != _ALL
            else [*_failing(events), *_ending(events)]
        )
    return tuple(sorted(found, key=lambda s: (s.first, s.kind)))


def _threads(event: Event) -> Iterator[tuple[str | None, str | None, str | None]]:
    """Calls are looked at agent by agent, everything together run by run."""
    if event.kind == "call":
        yield event.session, event.run, event.agent
    yield event.session, event.run, _ALL


def _printed(event: Event) -> str:
    return _ENCODER.encode(event.arguments).decode()


def _in_a_row(calls: Sequence[_Call]) -> Iterator[Signal]:
    """Calls of one tool in a row: alike, or never alike."""
    start = 0
    for end in range(1, len(calls) + 1):
        if end == len(calls) or calls[end].tool != calls[start].tool:
            yield from _of_one_tool(calls[start:end])
            start = end


def _of_one_tool(calls: Sequence[_Call]) -> Iterator[Signal]:
    start = 0
    for end in range(1, len(calls) + 1):
        if end == len(calls) or calls[end].key != calls[start].key:
            if end - start >= REPEATS:
                yield _signal("repeated", calls[start:end])
            start = end
    yield from _drifting(calls)


def _drifting(calls: Sequence[_Call]) -> Iterator[Signal]:
    start, seen = 0, set[tuple[str, str]]()
    for end in range(len(calls) + 1):
        varied = (
            end < len(calls)
            and calls[end].key not in seen
            and (end == start or _varied(calls[end - 1], calls[end]))
        )
        if not varied:
            if end - start >= DRIFTS:
                yield _signal("drifting", calls[start:end])
            start, seen = end, set()
        if end < len(calls):
            seen.add(calls[end].key)


def _varied(one: _Call, other: _Call) -> bool:
    """Whether the second call is the first with something changed: some arguments kept, or a text half kept."""
    if one.arguments.keys() != other.arguments.keys():
        return bool(one.arguments.keys() & other.arguments.keys())
    changed = [k for k in one.arguments if one.arguments[k] != other.arguments[k]]
    return len(changed) < len(one.arguments) or any(
        _close(one.arguments[k], other.arguments[k]) for k in changed
    )


def _close(one: Json, other: Json) -> bool:
    if not isinstance(one, str) or not isinstance(other, str):
        return False
    one, other = one[:_TEXT], other[:_TEXT]
    kept = _shared(one, other) + _shared(one[::-1], other[::-1])
    return 2 * kept >= max(len(one), len(other))


def _shared(one: str, other: str) -> int:
    """How many characters two texts have in common at the start."""
    pairs = zip(one, other, strict=False)
    return next((number for number, (x, y) in enumerate(pairs) if x != y), min(len(one), len(other)))


def _signal(kind: SignalKind, calls: Sequence[_Call]) -> Signal:
    return Signal(kind, calls[0].index, calls[-1].index, len(calls), calls[0].tool)


def _oscillating(calls: Sequence[_Call]) -> Iterator[Signal]:
    """The longest stretches in which each call is that before the last, and not the last."""
    start = 0
    for end in range(2, len(calls) + 1):
        goes_on = end < len(calls) and calls[end].key == calls[end - 2].key != calls[end - 1].key
        if not goes_on:
            if end - start >= 4:
                yield Signal(
                    "oscillating", calls[start].index, calls[end - 1].index, end - start,
                    f"{calls[start].tool}, {calls[start + 1].tool}",
                )  # fmt: skip
            start = end - 1


def _failing(events: Sequence[tuple[int, Event]]) -> Iterator[Signal]:
    streak: list[tuple[int, Event]] = []
    for index, event in [*((i, e) for i, e in events if e.kind in ("fail", "result")), (-1, None)]:
        if event is not None and event.kind == "fail":
            streak.append((index, event))
            continue
        if len(streak) >= FAILURES:
            yield Signal("failing", streak[0][0], streak[-1][0], len(streak), streak[-1][1].tool or "")
        streak = []


def _ending(events: Sequence[tuple[int, Event]]) -> Iterator[Signal]:
    index, last = events[-1]
    if last.kind not in ("say", "end"):
        return
    told = " ".join(t[:_TEXT] for t in (last.decision, last.error) if t)
    budget = _BUDGET.search(told)
    if budget is not None:
        yield Signal("exhausted", index, index, 1, budget.group()[:60])
    call = next(((i, e) for i, e in reversed(events) if e.kind == "call"), None)
    if call is None:
        return
    answers = [
        e.kind for i, e in events if i > call[0] and e.kind in ("result", "fail") and e.call == call[1].call
    ]
    if answers[:1] != ["result"]:
        yield Signal("unverified", call[0], index, 1, call[1].tool or "")
