"""The state at the end against the writes of the trace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import attrs

from wfcheck.checker.evidence.matching import Call, calls_of
from wfcheck.checker.evidence.records import Disagreement, Snapshot, Write
from wfcheck.checker.evidence.values import same
from wfcheck.checker.traces.event import Json
from wfcheck.checker.traces.trace import Trace

_NOTHING: Final = object()


@attrs.frozen
class _Left:
    """What a call should have left at a place; `value` is `_NOTHING` where it removed it."""

    call: Call
    value: Json


def disagreements_of(trace: Trace, snapshot: Snapshot) -> Iterator[Disagreement]:
    """What the end has otherwise than the last write left it, and what changed although no write of the trace explains it. A write that
    failed, was denied or has no recorded end is taken to have changed nothing, or what it should: either is no disagreement."""
    last, unsure = _writes(trace, snapshot)
    for place, left in last.items():
        found = _at(snapshot.state, place)
        if place not in unsure and not _agree(left.value, found):
            yield _told(trace, snapshot, "state", place, left.call, left.value, found)
    if snapshot.before is not None:
        for place in _changed(snapshot):
            if not any(place[: len(known)] == known for known in (*last, *unsure)):
                old, new = _at(snapshot.before, place), _at(snapshot.state, place)
                yield _told(trace, snapshot, "changed", place, None, old, new)


def _writes(trace: Trace, snapshot: Snapshot) -> tuple[dict[tuple[str, ...], _Left], set[tuple[str, ...]]]:
    """The last write to each place, and the places that a call without a known result may have written after it."""
    last: dict[tuple[str, ...], _Left] = {}
    unsure: set[tuple[str, ...]] = set()
    tools = frozenset(write.tool for write in snapshot.writes)
    for call in calls_of(trace.events, tools):
        for write in snapshot.writes:
            place = _place(write, call) if write.tool == call.tool else None
            if place is None or call.outcome in ("deny", "fail"):
                continue
            if call.outcome == "open":
                unsure.add(place)
                continue
            unsure.discard(place)
            last[place] = _Left(call, _NOTHING if write.removes else _filled(write.value, call))
    return last, unsure


def _place(write: Write, call: Call) -> tuple[str, ...] | None:
    """The place in the state; None if an argument that it needs is not there."""
    found = [_filled(part, call) for part in write.at]
    return None if any(part in (None, _NOTHING) for part in found) else tuple(str(part) for part in found)


def _filled(value: Json, call: Call) -> Json:
    match value:
        case "$result":
            return None if call.answer is None else call.answer.result
        case str() if value.startswith("$"):
            return call.executed.get(value[1:])
        case list():
            return [_filled(item, call) for item in value]
        case dict():
            return {key: _filled(item, call) for key, item in value.items()}
        case _:
            return value


def _at(state: Json, place: Sequence[str]) -> Json:
    """What stands at a place; `_NOTHING` if nothing does. Members of lists are found by number."""
    for part in place:
        if isinstance(state, Mapping) and part in state:
            state = state[part]
        elif (
            isinstance(state, list)
            and part.isascii()
            and part.isdigit()
            and len(part) < 10
            and int(part) < len(state)
        ):
            state = state[int(part)]
        else:
            return _NOTHING
    return state


def _agree(expected: Json, found: Json) -> bool:
    if expected is _NOTHING or found is _NOTHING:
        return expected is found
    return same(expected, found)


def _changed(snapshot: Snapshot) -> Iterator[tuple[str, ...]]:
    """The places that are otherwise than before, as deep as both have objects."""
    pending: list[tuple[tuple[str, ...], Json, Json]] = [((), snapshot.before, snapshot.state)]
    while pending:
        place, old, new = pending.pop()
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            keys = sorted({*map(str, old), *map(str, new)}, reverse=True)
            pending += [((*place, key), _at(old, (key,)), _at(new, (key,))) for key in keys]
        elif not _agree(old, new):
            yield place


def _told(
    trace: Trace,
    snapshot: Snapshot,
    kind: str,
    place: Sequence[str],
    call: Call | None,
    claimed: Json,
    found: Json,
) -> Disagreement:
    shown = [None if value is _NOTHING else value for value in (claimed, found)]
    return Disagreement(
        trace.name,
        kind,  # type: ignore[arg-type]
        call.tool if call is not None else "/".join(place),
        snapshot.file,
        None if call is None else call.start,
        None if call is None else call.event.source,
        name="/".join(place),
        claimed=shown[0],
        found=shown[1],
    )
