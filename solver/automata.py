"""Regular atoms, decided on automata: which combinations of memberships are possible, and which texts witness them.

Each language becomes a Thompson automaton; the deterministic product of all of them is explored once, breadth first and only
where it can be reached. A combination (one Boolean per language) is possible iff some reached state has it."""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import TypeAlias, assert_never

import attrs

from wfcheck.solver.language import LAST, Chars, Concat, Language, Repeat, Union

MAX_NFA = 60_000
MAX_PRODUCT = 20_000
MAX_WORDS = 48
Signature: TypeAlias = tuple[bool, ...]
_PLAIN = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_.@/: "
_Labels: TypeAlias = tuple[tuple[int, int], ...]


class TooLargeError(Exception):
    """The automata would outgrow their bounds."""


class Nfa:
    """A Thompson automaton: `edges[s]` are (ranges, target), with ranges None for the empty word."""

    def __init__(self, language: Language) -> None:
        self.edges: list[list[tuple[_Labels | None, int]]] = []
        self.start, self.final = self._build(language)
        self.initial = self.closure(frozenset({self.start}))

    def _state(self) -> int:
        if len(self.edges) >= MAX_NFA:
            raise TooLargeError("the regular expression is too large")
        self.edges.append([])
        return len(self.edges) - 1

    def _build(self, tree: Language) -> tuple[int, int]:
        match tree:
            case Chars(ranges=ranges):
                start, end = self._state(), self._state()
                self.edges[start].append((ranges, end))
                return start, end
            case Concat(parts=parts):
                return self._chain(parts)
            case Union(options=options):
                start, end = self._state(), self._state()
                for option in options:
                    first, last = self._build(option)
                    self.edges[start].append((None, first))
                    self.edges[last].append((None, end))
                return start, end
            case Repeat():
                return self._repeat(tree)
            case _:
                assert_never(tree)

    def _chain(self, parts: tuple[Language, ...]) -> tuple[int, int]:
        start = end = self._state()
        for part in parts:
            first, last = self._build(part)
            self.edges[end].append((None, first))
            end = last
        return start, end

    def _repeat(self, tree: Repeat) -> tuple[int, int]:
        start, end = self._chain((tree.body,) * tree.minimum)
        stop = self._state()
        self.edges[end].append((None, stop))
        if tree.maximum is None:
            first, last = self._build(tree.body)
            self.edges[stop].append((None, first))
            self.edges[last].append((None, stop))
            return start, stop
        for _ in range(tree.maximum - tree.minimum):
            first, last = self._build(tree.body)
            self.edges[end].append((None, first))
            self.edges[last].append((None, stop))
            end = last
        return start, stop

    def closure(self, states: frozenset[int]) -> frozenset[int]:
        """The states reached by empty words."""
        found, stack = set(states), list(states)
        while stack:
            for ranges, to in self.edges[stack.pop()]:
                if ranges is None and to not in found:
                    found.add(to)
                    stack.append(to)
        return frozenset(found)

    def step(self, states: frozenset[int], char: int) -> frozenset[int]:
        """The states after one character."""
        return self.closure(
            frozenset(
                to
                for state in states
                for ranges, to in self.edges[state]
                if ranges is not None and _within(ranges, char)
            )
        )


def _within(ranges: _Labels, char: int) -> bool:
    place = bisect_right(ranges, (char, LAST + 1)) - 1
    return place >= 0 and ranges[place][0] <= char <= ranges[place][1]


@lru_cache(maxsize=256)
def nfa(language: Language) -> Nfa:
    """The automaton of a language; raises TooLargeError."""
    return Nfa(language)


def accepts(language: Language, text: str) -> bool:
    """Whether the whole text is in the language."""
    machine = nfa(language)
    states = machine.initial
    for char in text:
        states = machine.step(states, ord(char))
        if not states:
            return False
    return machine.final in states


# ---------------------------------------------------------------- the product


@attrs.frozen
class CharClass:
    """Characters that no automaton tells apart: a few plain ones to make words of, and how many there are."""

    sample: str
    size: int


@attrs.frozen(slots=False)
class Product:
    """The explored product: `moves[s]` are (class, target); `signatures[s]` says which languages accept in s; 0 is the start."""

    classes: tuple[CharClass, ...]
    moves: tuple[tuple[tuple[int, int], ...], ...]
    signatures: tuple[Signature, ...]

    @property
    def possible(self) -> tuple[Signature, ...]:
        """The combinations that some text has, in a fixed order."""
        return tuple(sorted(set(self.signatures)))

    def distances(self, wanted: Signature) -> dict[int, int]:
        """How many characters complete a text with this combination, from each state where some do."""
        back: dict[int, list[int]] = {}
        for state, moves in enumerate(self.moves):
            for _, to in moves:
                back.setdefault(to, []).append(state)
        layer = [s for s, signature in enumerate(self.signatures) if signature == wanted]
        found = dict.fromkeys(layer, 0)
        for state in layer:
            for before in back.get(state, ()):
                if before not in found:
                    found[before] = found[state] + 1
                    layer.append(before)
        return found

    def finite(self, wanted: Signature) -> tuple[str, ...] | None:
        """All texts with this combination if they are at most MAX_WORDS, else None."""
        words: list[str] = []
        layer: list[tuple[int, str]] = [(0, "")]
        live = self.distances(wanted)
        steps = 0
        while layer:
            words += [word for state, word in layer if self.signatures[state] == wanted]
            steps += 1
            if len(words) > MAX_WORDS or len(layer) > 4 * MAX_WORDS or steps > len(live) + 1:
                return None
            grown = self._extend(layer, live)
            if grown is None:
                return None
            layer = grown
        return tuple(words)

    def _extend(self, layer: list[tuple[int, str]], live: Mapping[int, int]) -> list[tuple[int, str]] | None:
        grown: list[tuple[int, str]] = []
        for state, word in layer:
            for index, to in self.moves[state]:
                if to not in live:
                    continue
                klass = self.classes[index]
                if klass.size != len(klass.sample):
                    return None
                grown += [(to, word + char) for char in klass.sample]
        return grown

    def words(self, wanted: Signature, budget: int = 20_000) -> Iterator[str]:
        """Texts with this combination, shortest and plainest first, within a budget of steps."""
        left = self.distances(wanted)
        heap = [(left[0], 0, "", 0)] if 0 in left else []
        while heap and budget > 0:
            budget -= 1
            _, cost, word, state = heapq.heappop(heap)
            if self.signatures[state] == wanted:
                yield word
            for index, to in self.moves[state]:
                if to not in left:
                    continue
                sample = self.classes[index].sample[:36]
                for place, char in enumerate(sample, not sample[0].isalnum()):
                    heapq.heappush(heap, (len(word) + 1 + left[to], cost + place, word + char, to))


@lru_cache(maxsize=64)
def product(languages: tuple[Language, ...]) -> Product:
    """The deterministic product of the languages; raises TooLargeError."""
    machines = [nfa(language) for language in languages]
    classes = _classes(machines)
    start = tuple(m.initial for m in machines)
    numbers = {start: 0}
    order, moves = [start], []
    for state in order:
        row = []
        for index, klass in enumerate(classes):
            char = ord(klass.sample[0])
            to = tuple(m.step(s, char) for m, s in zip(machines, state, strict=True))
            if to not in numbers:
                if len(numbers) >= MAX_PRODUCT:
                    raise TooLargeError("the regular expressions are too large together")
                numbers[to] = len(order)
                order.append(to)
            row.append((index, numbers[to]))
        moves.append(tuple(row))
    signatures = tuple(tuple(m.final in s for m, s in zip(machines, state, strict=True)) for state in order)
    return Product(classes, tuple(moves), signatures)


def _classes(machines: list[Nfa]) -> tuple[CharClass, ...]:
    labels = sorted({r for m in machines for row in m.edges for r, _ in row if r is not None})
    cuts = sorted({0, LAST + 1} | {c for label in labels for low, high in label for c in (low, high + 1)})
    groups: dict[tuple[bool, ...], list[tuple[int, int]]] = {}
    for low, high in pairwise(cuts):
        key = tuple(_within(label, low) for label in labels)
        groups.setdefault(key, []).append((low, high - 1))
    return tuple(_char_class(ranges) for ranges in groups.values())


def _char_class(ranges: list[tuple[int, int]]) -> CharClass:
    size = sum(high - low + 1 for low, high in ranges)
    within = tuple(ranges)
    plain = "".join(c for c in _PLAIN if _within(within, ord(c)))
    if size <= MAX_WORDS:
        others = (chr(c) for low, high in ranges for c in range(low, high + 1))
        return CharClass(plain + "".join(c for c in others if c not in plain), size)
    return CharClass(plain or "".join(chr(c) for c in range(ranges[0][0], ranges[0][0] + 1)), size)


# ---------------------------------------------------------------- questions


def satisfiable(inside: tuple[Language, ...], outside: tuple[Language, ...] = ()) -> str | None:
    """The shortest plain text in all of the first and none of the second, or None; raises TooLargeError."""
    machine = product((*inside, *outside))
    wanted = (True,) * len(inside) + (False,) * len(outside)
    if wanted not in machine.possible:
        return None
    return next(machine.words(wanted))


def subset(small: Language, large: Language) -> str | None:
    """None if every text of the first is in the second, else a text that is not; raises TooLargeError."""
    return satisfiable((small,), (large,))


def overlap(first: Language, second: Language) -> str | None:
    """A text in both, or None; raises TooLargeError."""
    return satisfiable((first, second))
