"""The cheapest account of what a run did after it left the automaton: what is extra, missing or done otherwise.

Adriansyah, van Dongen and van der Aalst, *Conformance checking using cost-based fitness analysis*, 2011."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

import attrs

from wfcheck.checker.mining.automaton import Automaton
from wfcheck.checker.mining.symbols import Act, Symbol

MoveKind: TypeAlias = Literal["same", "extra", "missing", "otherwise"]
MOST = 200_000
_COST = {"same": 0, "extra": 1, "missing": 1, "otherwise": 1}


@attrs.frozen
class Move:
    """One step of the account: an act that the automaton has too (`same`), that it does not have there (`extra`), that it has with
    another outcome or other arguments (`otherwise`), or what it has and the run left out (`missing`)."""

    kind: MoveKind
    act: Act | None = None
    expected: Symbol | None = None


@attrs.frozen
class _Step:
    """A place that the search reached, and how."""

    position: int
    state: int
    move: Move | None = None
    before: _Step | None = None


def align(automaton: Automaton, state: int, acts: Sequence[Act]) -> tuple[Move, ...] | None:
    """The cheapest moves from `state` over the acts to an end; each departure costs 1.

    None where the search would look at more than 200,000 places, or no run ends after `state`."""
    heap: list[tuple[int, int, int, _Step]] = [(0, 0, 0, _Step(0, state))]
    done: set[tuple[int, int]] = set()
    count = 0
    while heap and len(done) < MOST:
        cost, _, _, step = heapq.heappop(heap)
        if (step.position, step.state) in done:
            continue
        done.add((step.position, step.state))
        if step.position == len(acts) and automaton.states[step.state].ends:
            return tuple(_told(step))
        for after in _next(automaton, step, acts):
            count += 1
            assert after.move is not None
            heapq.heappush(heap, (cost + _COST[after.move.kind], -after.position, count, after))
    return None


def _next(automaton: Automaton, step: _Step, acts: Sequence[Act]) -> Iterator[_Step]:
    ways = automaton.ways[step.state]
    if step.position < len(acts):
        act = acts[step.position]
        way = ways.get(act.symbol)
        if way is not None:
            yield _Step(step.position + 1, way.target, Move("same", act, act.symbol), step)
        for way in ways.values():
            if way.symbol != act.symbol and way.symbol.act == act.symbol.act:
                yield _Step(step.position + 1, way.target, Move("otherwise", act, way.symbol), step)
        yield _Step(step.position + 1, step.state, Move("extra", act), step)
    for way in ways.values():
        yield _Step(step.position, way.target, Move("missing", None, way.symbol), step)


def _told(step: _Step) -> list[Move]:
    moves = []
    at: _Step | None = step
    while at is not None and at.move is not None:
        moves.append(at.move)
        at = at.before
    return moves[::-1]


def shortest(automaton: Automaton, state: int) -> int | None:
    """The fewest acts from a state to an end; None where no run ends after it."""
    moves = align(automaton, state, ())
    return None if moves is None else len(moves)
