"""A reference automaton: which acts passing runs did after which, and how many of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import attrs

from wfcheck.checker.mining.symbols import Abstraction, Symbol, Word

START = 0


@attrs.frozen
class Transition:
    """One way on. `runs`: how many passing runs went it, `times`: how often in all."""

    source: int
    symbol: Symbol
    target: int
    runs: int
    times: int


@attrs.frozen
class State:
    """`runs`: how many passing runs came here, `ends`: how many of them ended here."""

    runs: int
    ends: int


@attrs.frozen
class Counted:
    """What the automaton was made of. `accepted`: passing runs that it accepts (all, unless rare ways were left out). Of the failing
    runs, `inseparable` ones did what some passing run did, act by act; `failing_accepted` includes them."""

    passing: int
    accepted: int
    failing: int = 0
    failing_accepted: int = 0
    inseparable: int = 0


@attrs.frozen(slots=False)
class Automaton:
    """Deterministic; state 0 is the start; a run is accepted if it ends where a passing run ended. Transitions are in the order of
    their source, the most used first."""

    abstraction: Abstraction
    tail: int
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]
    counted: Counted

    @cached_property
    def ways(self) -> tuple[dict[Symbol, Transition], ...]:
        """The transitions by their source and symbol."""
        found: tuple[dict[Symbol, Transition], ...] = tuple({} for _ in self.states)
        for transition in self.transitions:
            found[transition.source][transition.symbol] = transition
        return found

    def follow(self, symbols: Iterable[Symbol]) -> tuple[int, int]:
        """How many symbols the automaton follows, and the state where it then is."""
        state, count = START, 0
        for symbol in symbols:
            way = self.ways[state].get(symbol)
            if way is None:
                break
            state, count = way.target, count + 1
        return count, state

    def accepts(self, symbols: Sequence[Symbol]) -> bool:
        """Whether a run that did this could be one of the passing runs, as far as the automaton knows."""
        count, state = self.follow(symbols)
        return count == len(symbols) and self.states[state].ends > 0


@attrs.define
class _Use:
    """Who went where."""

    visits: list[set[int]]
    ends: list[int]
    runs: dict[tuple[int, Symbol], set[int]] = attrs.field(factory=dict)
    times: dict[tuple[int, Symbol], int] = attrs.field(factory=dict)


def measured(
    ways: Sequence[dict[Symbol, int]],
    words: Sequence[Word],
    abstraction: Abstraction,
    tail: int,
    failing: Sequence[Word] = (),
) -> Automaton:
    """The automaton of these ways, with the supports that the words give it. Words that leave the ways lend no support."""
    use = _Use([set() for _ in ways], [0] * len(ways))
    accepted = sum(_walk(ways, word.symbols, number, use) for number, word in enumerate(words))
    used = [(len(use.runs[key]), use.times[key], key) for key in use.runs]
    transitions = tuple(
        Transition(state, symbol, ways[state][symbol], runs, times)
        for runs, times, (state, symbol) in sorted(used, key=lambda u: (u[2][0], -u[0], -u[1], u[2][1]))
    )
    states = tuple(State(len(v), e) for v, e in zip(use.visits, use.ends, strict=True))
    made = Automaton(abstraction, tail, states, transitions, Counted(len(words), accepted))
    known = {word.symbols for word in words}
    counted = Counted(
        len(words), accepted, len(failing), sum(made.accepts(word.symbols) for word in failing),
        sum(word.symbols in known for word in failing),
    )  # fmt: skip
    return attrs.evolve(made, counted=counted)


def _walk(ways: Sequence[dict[Symbol, int]], symbols: Sequence[Symbol], number: int, use: _Use) -> bool:
    steps, state = [], START
    for symbol in symbols:
        if symbol not in ways[state]:
            return False
        steps.append((state, symbol))
        state = ways[state][symbol]
    for key in steps:
        use.visits[key[0]].add(number)
        use.runs.setdefault(key, set()).add(number)
        use.times[key] = use.times.get(key, 0) + 1
    use.visits[state].add(number)
    use.ends[state] += 1
    return True
