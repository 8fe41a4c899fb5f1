"""How a run differs from what passing runs do: where it leaves them, what was expected, whether it comes back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import attrs

from wfcheck.checker.mining.alignment import Move, align, shortest
from wfcheck.checker.mining.automaton import START, Automaton, Transition
from wfcheck.checker.mining.symbols import Act, Word
from wfcheck.checker.traces.event import Json

DivergenceKind: TypeAlias = Literal["same", "silent", "detour", "structural"]
Sign: TypeAlias = Literal["unverified-finish", "blind-retry", "regression", "disorder"]


@attrs.frozen
class Divergence:
    """One run against the automaton. `agreed`: how many acts it has in common at the start; `left`: the act with which it leaves (None:
    it ends too early, or never leaves); `expected`: the ways on from there, the most used first, and `ends` how many runs ended there.
    `moves` account for the rest (None: too long to say). `score`: 0 to 1, departures by all that could depart."""

    word: Word
    kind: DivergenceKind
    agreed: int
    left: Act | None = None
    expected: tuple[Transition, ...] = ()
    ends: int = 0
    moves: tuple[Move, ...] | None = ()
    rejoined: Act | None = None
    score: float = 0.0
    signs: tuple[Sign, ...] = ()

    @property
    def diverges(self) -> bool:
        """Whether the automaton does not accept the run."""
        return self.kind != "same"


def diverge(automaton: Automaton, word: Word) -> Divergence:
    """The divergence of one run."""
    agreed, state = automaton.follow(word.symbols)
    ends = automaton.states[state].ends
    if agreed == len(word.acts) and ends:
        return Divergence(word, "same", agreed)
    rest = word.acts[agreed:]
    moves = align(automaton, state, rest)
    expected = tuple(automaton.ways[state].values())
    left = rest[0] if rest else None
    if moves is None:
        return Divergence(word, "structural", agreed, left, expected, ends, None, score=1.0)
    kind, rejoined = _kind(moves)
    return Divergence(
        word, kind, agreed, left, expected, ends, moves, rejoined, _score(automaton, word, moves),
        _signs(word, moves),
    )  # fmt: skip


def _kind(moves: Sequence[Move]) -> tuple[DivergenceKind, Act | None]:
    """As in the comparison of two runs: the same acts with other arguments or outcomes, a way round, or another way for good."""
    if all(move.kind in ("same", "otherwise") for move in moves):
        return "silent", None
    last = max(index for index, move in enumerate(moves) if move.kind != "same")
    rejoined = next((move.act for move in moves[last + 1 :]), None)
    return ("detour", rejoined) if rejoined is not None else ("structural", None)


def _score(automaton: Automaton, word: Word, moves: Sequence[Move]) -> float:
    least = shortest(automaton, START) or 0
    most = max(len(word.acts) + least, len(moves), 1)
    return round(sum(move.kind != "same" for move in moves) / most, 3)


def _signs(word: Word, moves: Sequence[Move]) -> tuple[Sign, ...]:
    """What the departures look like. Each is a hint, no verdict."""
    extra = [move.act for move in moves if move.kind == "extra" and move.act is not None]
    missing = {move.expected for move in moves if move.kind == "missing"}
    found: list[Sign] = []
    if _unverified(moves):
        found.append("unverified-finish")
    if any(_blind(word, act) for act in extra):
        found.append("blind-retry")
    if any(_again(word, act) for act in extra):
        found.append("regression")
    if any(act.symbol in missing for act in extra):
        found.append("disorder")
    return tuple(found)


def _unverified(moves: Sequence[Move]) -> bool:
    """Something is missing at the end, or right before the last act that the automaton has there."""
    ending = list(moves)
    if ending and ending[-1].kind == "same":
        ending.pop()
    return bool(ending) and ending[-1].kind == "missing"


def _blind(word: Word, act: Act) -> bool:
    """The call before is of the same tool, and failed or had the same arguments."""
    place = word.acts.index(act)
    before = word.acts[place - 1] if place else None
    if before is None or before.symbol.act != act.symbol.act or act.symbol.kind != "call":
        return False
    return before.symbol.outcome == "failed" or _given(before) == _given(act)


def _again(word: Word, act: Act) -> bool:
    """The same call was made before, and something else since then."""
    place = word.acts.index(act)
    if act.symbol.kind != "call" or not place:
        return False
    earlier = [
        a for a in word.acts[: place - 1] if a.symbol.act == act.symbol.act and _given(a) == _given(act)
    ]
    return bool(earlier) and word.acts[place - 1].symbol.act != act.symbol.act


def _given(act: Act) -> Json:
    return act.event.arguments
