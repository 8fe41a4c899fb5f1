"""Two runs side by side: the first decision in which they part, and what became of it.

* same: all decisions agree, with their arguments;
* silent: the same steps in the same order, but with other arguments: the shape of the run does not show it;
* detour: the steps part and meet again, to agree in all that follows, a call at least;
* structural: the steps part for good, or one run ends where the other goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import attrs

from wfcheck.checker.tracediff.decisions import Decision, Observation, decisions_of, observations_of
from wfcheck.checker.traces.trace import Trace

DifferenceKind: TypeAlias = Literal["same", "silent", "detour", "structural"]


@attrs.frozen
class Side:
    """One run: its first decision that differs (None: it ended before), the decision at which the runs agree again, and the
    first thing it was told before that the other run was told otherwise."""

    trace: Trace = attrs.field(repr=False)
    decisions: int
    diverging: Decision | None = None
    rejoining: Decision | None = None
    told: Observation | None = None


@attrs.frozen
class Difference:
    """How two runs differ. `agreed`: how many decisions they have in common at the start."""

    kind: DifferenceKind
    agreed: int
    a: Side
    b: Side


def compare(a: Trace, b: Trace) -> Difference:
    """Compare the decisions of two runs. Linear in their lengths."""
    ours, theirs = decisions_of(a.events), decisions_of(b.events)
    agreed = _agreed(ours, theirs)
    if agreed == len(ours) == len(theirs):
        return Difference("same", agreed, Side(a, len(ours)), Side(b, len(theirs)))
    if [d.act for d in ours] == [d.act for d in theirs]:
        return _difference("silent", agreed, (a, ours), (b, theirs), 0)
    common = _common_end(ours[agreed:], theirs[agreed:])
    met = any(d.act[0] == "call" for d in ours[len(ours) - common :])
    return _difference(
        "detour" if met else "structural", agreed, (a, ours), (b, theirs), common if met else 0
    )


def _agreed(ours: Sequence[Decision], theirs: Sequence[Decision]) -> int:
    pairs = enumerate(zip(ours, theirs, strict=False))
    return next((i for i, (x, y) in pairs if not _alike(x, y)), min(len(ours), len(theirs)))


def _alike(one: Decision, other: Decision) -> bool:
    return one.act == other.act and one.with_what == other.with_what


def _common_end(ours: Sequence[Decision], theirs: Sequence[Decision]) -> int:
    count = 0
    while count < min(len(ours), len(theirs)) and _alike(ours[-1 - count], theirs[-1 - count]):
        count += 1
    return count


def _difference(
    kind: DifferenceKind,
    agreed: int,
    a: tuple[Trace, list[Decision]],
    b: tuple[Trace, list[Decision]],
    common: int,
) -> Difference:
    told = _told_otherwise(_seen(a, agreed), _seen(b, agreed))
    sides = [
        Side(
            trace, len(found), found[agreed] if agreed < len(found) else None,
            found[len(found) - common] if common else None, told[number],
        )
        for number, (trace, found) in enumerate((a, b))
    ]  # fmt: skip
    return Difference(kind, agreed, *sides)


def _seen(run: tuple[Trace, list[Decision]], agreed: int) -> list[Observation]:
    trace, found = run
    return observations_of(trace.events, found[agreed].index if agreed < len(found) else len(trace.events))


def _told_otherwise(
    ours: Sequence[Observation], theirs: Sequence[Observation]
) -> tuple[Observation | None, Observation | None]:
    """The first pair of things seen that differ, one after another; (None, None) if nothing seen explains the difference."""
    for one, other in zip(ours, theirs, strict=False):
        if (one.of, one.what) != (other.of, other.what):
            return one, other
    return None, None
