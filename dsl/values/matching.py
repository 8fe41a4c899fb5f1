"""Matching of regular expressions and globs in linear time."""

from __future__ import annotations

from functools import lru_cache

from wfcheck.dsl.values.regular import (
    Chars,
    Choice,
    Regular,
    RegularError,
    Repeat,
    Sequence,
    parse_glob,
    parse_regular,
)

MAX_STATES = 20_000


class Matcher:
    """A Thompson automaton, run as a set of states; determinised as it goes, so that long texts stay cheap."""

    def __init__(self, tree: Regular) -> None:
        self._edges: list[list[tuple[Chars | None, int]]] = []
        start, self._final = self._build(tree)
        self._start = self._closure({start})
        self._steps: dict[tuple[frozenset[int], str], frozenset[int]] = {}

    def matches(self, text: str) -> bool:
        """Whether the whole text is in the language."""
        states = self._start
        for char in text:
            if not states:
                return False
            states = self._step(states, char)
        return self._final in states

    def _step(self, states: frozenset[int], char: str) -> frozenset[int]:
        known = self._steps.get((states, char))
        if known is not None:
            return known
        reached = {
            to for state in states for chars, to in self._edges[state] if chars is not None and char in chars
        }
        result = self._closure(reached)
        if len(self._steps) < 10_000:
            self._steps[states, char] = result
        return result

    def _closure(self, states: set[int]) -> frozenset[int]:
        stack = list(states)
        while stack:
            for chars, to in self._edges[stack.pop()]:
                if chars is None and to not in states:
                    states.add(to)
                    stack.append(to)
        return frozenset(states)

    def _state(self) -> int:
        if len(self._edges) >= MAX_STATES:
            raise RegularError("the regular expression is too large", 0, "use smaller repetitions")
        self._edges.append([])
        return len(self._edges) - 1

    def _build(self, tree: Regular) -> tuple[int, int]:
        match tree:
            case Chars():
                start, end = self._state(), self._state()
                self._edges[start].append((tree, end))
                return start, end
            case Sequence(parts=parts):
                return self._chain([self._build(part) for part in parts])
            case Choice(options=options):
                start, end = self._state(), self._state()
                for first, last in [self._build(option) for option in options]:
                    self._edges[start].append((None, first))
                    self._edges[last].append((None, end))
                return start, end
            case Repeat():
                return self._repeat(tree)

    def _chain(self, pieces: list[tuple[int, int]]) -> tuple[int, int]:
        start = end = self._state()
        for first, last in pieces:
            self._edges[end].append((None, first))
            end = last
        return start, end

    def _repeat(self, tree: Repeat) -> tuple[int, int]:
        start, end = self._chain([self._build(tree.body) for _ in range(tree.minimum)])
        if tree.maximum is None:
            first, last = self._build(tree.body)
            self._edges[end].append((None, first))
            self._edges[last].append((None, first))
            stop = self._state()
            self._edges[end].append((None, stop))
            self._edges[last].append((None, stop))
            return start, stop
        stop = self._state()
        for _ in range(tree.maximum - tree.minimum):
            self._edges[end].append((None, stop))
            first, last = self._build(tree.body)
            self._edges[end].append((None, first))
            end = last
        self._edges[end].append((None, stop))
        return start, stop


@lru_cache(maxsize=256)
def regular_matcher(pattern: str) -> Matcher:
    """The automaton of a regular expression; raises RegularError."""
    return Matcher(parse_regular(pattern))


@lru_cache(maxsize=256)
def glob_matcher(pattern: str) -> Matcher:
    """The automaton of a glob."""
    return Matcher(parse_glob(pattern))
