"""States and transitions in words."""

from __future__ import annotations

import attrs

BROKEN = "broken"


@attrs.frozen
class State:
    """`start`: where a run begins."""

    name: str
    meaning: str
    start: bool = False


@attrs.frozen
class Transition:
    """`on`: which events, in words. What no transition mentions leaves the state as it is."""

    source: str
    on: str
    target: str


@attrs.frozen
class Automaton:
    """`copies`: for what a copy of its own is kept, if for anything. `notes`: what states cannot say. Without states, the notes
    say why there are none."""

    form: str
    states: tuple[State, ...] = ()
    transitions: tuple[Transition, ...] = ()
    copies: str | None = None
    notes: tuple[str, ...] = ()


BROKEN_STATE = State(BROKEN, "the rule is broken at that event; the monitor goes on from where it was")
UNKNOWN = (
    "a condition that is unknown holds no judged event back and makes no evidence: such a run is undecided"
)
