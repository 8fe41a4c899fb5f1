"""What a run decided, without how it thought: calls, denied calls, questions, answers, ends; and what it saw."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import msgspec

from wfcheck.checker.traces.event import Event, Json

_DECIDING = frozenset({"call", "deny", "ask", "say", "release", "remember", "end"})
_SEEN = frozenset({"input", "result", "fail", "recall", "approve"})
_ENCODER = msgspec.json.Encoder(enc_hook=str, decimal_format="number", order="deterministic")


@attrs.frozen
class Decision:
    """One decision: the event, its number in the trace, `act` (what kind of step) and `with_what` (its arguments, printed)."""

    index: int
    event: Event = attrs.field(eq=False, repr=False)
    act: tuple[str, str]
    with_what: str


@attrs.frozen
class Observation:
    """Something that the run was told: `of` names the tool, store or user, `what` prints it."""

    index: int
    event: Event = attrs.field(eq=False, repr=False)
    of: tuple[str, str]
    what: str


def decisions_of(events: Sequence[Event]) -> list[Decision]:
    """The decisions in order. What is said counts, not in which words: models never say a thing twice alike."""
    return [
        Decision(i, e, (e.kind, e.tool or e.step or e.store or ""), _printed(e.arguments) if e.kind != "say" else "")
        for i, e in enumerate(events)
        if e.kind in _DECIDING
    ]  # fmt: skip


def observations_of(events: Sequence[Event], end: int) -> list[Observation]:
    """What was seen before event number `end`, in order."""
    return [
        Observation(i, e, (e.kind, e.tool or e.store or e.actor or ""), _printed([e.result, e.error, e.text]))
        for i, e in enumerate(events[:end])
        if e.kind in _SEEN
    ]


def _printed(value: Json) -> str:
    return _ENCODER.encode(value).decode()
