"""From passing runs to an automaton: a prefix tree, whose states are merged where the runs went on alike (k-tails, in the order and
with the undoing of RPNI), unless a failing run would then be accepted.

Biermann and Feldman, *On the synthesis of finite-state machines from samples of their behavior*, 1972; Oncina and Garcia, *Inferring
regular languages in polynomial update time*, 1992; Lang, Pearlmutter and Price (the red-blue frame), 1998."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import attrs

from wfcheck.checker.mining.automaton import START, Automaton, measured
from wfcheck.checker.mining.symbols import Abstraction, Symbol, Word

TAIL: Final = 1
_END: Final = -1
_MOST_TAILS = 4000


def learn(
    passing: Sequence[Word],
    failing: Sequence[Word] = (),
    abstraction: Abstraction | None = None,
    *,
    tail: int = TAIL,
    support: int = 1,
) -> Automaton:
    """The automaton of the passing runs. Every one of them is accepted (with `support` 1), and no failing run is, unless a passing one
    did the same. States are merged where what runs did in their next `tail` acts is nothing new; 0 merges all that failing runs
    allow. Ways that fewer than `support` runs went are left out. The same runs in the same order give the same automaton."""
    chosen = abstraction or Abstraction()
    alphabet = sorted({s for word in (*passing, *failing) for s in word.symbols})
    number = {symbol: index for index, symbol in enumerate(alphabet)}
    tree = _Tree.of([[number[s] for s in word.symbols] for word in passing])
    known = {word.symbols for word in passing}
    refused = {tuple(number[s] for s in w.symbols) for w in failing if w.symbols not in known}
    states = _Merging(tree, tail, sorted(refused)).run()
    place = {state: index for index, state in enumerate(states)}
    ways = [{alphabet[s]: place[t] for s, t in tree.ways[state].items()} for state in states]
    made = measured(ways, passing, chosen, tail, failing)
    return made if support <= 1 else _pruned(made, passing, failing, support)


@attrs.define
class _Tree:
    """States by number, 0 the start: where each symbol leads, whether runs end here, and the one state before (in a tree)."""

    ways: list[dict[int, int]] = attrs.field(factory=lambda: [{}])
    ends: list[bool] = attrs.field(factory=lambda: [False])
    before: list[tuple[int, int]] = attrs.field(factory=lambda: [(-1, -1)])

    @classmethod
    def of(cls, words: Iterable[Sequence[int]]) -> _Tree:
        """The prefix tree of the words."""
        tree = cls()
        for word in words:
            state = START
            for symbol in word:
                state = tree.child(state, symbol)
            tree.ends[state] = True
        return tree

    def child(self, state: int, symbol: int) -> int:
        """The state that the symbol leads to; a new one if there is none."""
        if symbol not in self.ways[state]:
            self.ways[state][symbol] = len(self.ways)
            self.ways.append({})
            self.ends.append(False)
            self.before.append((state, symbol))
        return self.ways[state][symbol]

    def accepts(self, word: Sequence[int]) -> bool:
        """Whether a run may end after the word."""
        state: int | None = START
        for symbol in word:
            state = self.ways[state].get(symbol) if state is not None else None
        return state is not None and self.ends[state]

    def tails(self, state: int, length: int) -> frozenset[tuple[int, ...]]:
        """What may follow: words of that length, and shorter ones that end a run."""
        found: set[tuple[int, ...]] = set()
        pending: list[tuple[int, tuple[int, ...]]] = [(state, ())]
        while pending and len(found) < _MOST_TAILS:
            at, word = pending.pop()
            if len(word) == length:
                found.add(word)
                continue
            if self.ends[at]:
                found.add((*word, _END))
            pending += [(target, (*word, symbol)) for symbol, target in self.ways[at].items()]
        return frozenset(found)


@attrs.define
class _Merging:
    """Red states are settled; blue ones lead out of them and are still trees."""

    tree: _Tree
    tail: int
    refused: Sequence[tuple[int, ...]]
    red: list[int] = attrs.field(factory=lambda: [START])
    undo: list[Callable[[], None]] = attrs.field(factory=list)
    tails: dict[int, frozenset[tuple[int, ...]]] = attrs.field(factory=dict)

    def run(self) -> list[int]:
        """The states that are left, in the order in which they were settled."""
        while (blue := self._blue()) is not None:
            if not any(self._merge(red, blue) for red in self._candidates(blue)):
                self.red.append(blue)
        return self.red

    def _blue(self) -> int | None:
        """The next state that a settled one leads to, in the order of states and symbols."""
        settled = set(self.red)
        targets = (self.tree.ways[s][symbol] for s in self.red for symbol in sorted(self.tree.ways[s]))
        return next((target for target in targets if target not in settled), None)

    def _candidates(self, blue: int) -> list[int]:
        """The red states after which everything that follows the blue one was seen, closest first."""
        new = self.tree.tails(blue, self.tail)
        found = [(len(tails), red) for red in self.red if _covers(tails := self._tails(red), new)]
        return [red for _, red in sorted(found, key=lambda f: f[0])]

    def _tails(self, red: int) -> frozenset[tuple[int, ...]]:
        if red not in self.tails:
            self.tails[red] = self.tree.tails(red, self.tail)
        return self.tails[red]

    def _merge(self, red: int, blue: int) -> bool:
        """Fold the tree at `blue` into `red`; if a failing run would be accepted then, take it back."""
        self.undo.clear()
        state, symbol = self.tree.before[blue]
        self._lead(state, symbol, red)
        pending = [(red, blue)]
        while pending:
            one, other = pending.pop()
            self._end(one, self.tree.ends[other])
            for symbol, target in self.tree.ways[other].items():
                if symbol in self.tree.ways[one]:
                    pending.append((self.tree.ways[one][symbol], target))
                else:
                    self._lead(one, symbol, target)
                    self._hang(target, one, symbol)
        if any(self.tree.accepts(word) for word in self.refused):
            for change in reversed(self.undo):
                change()
            return False
        self.tails.clear()
        return True

    def _lead(self, state: int, symbol: int, target: int) -> None:
        ways, old = self.tree.ways[state], self.tree.ways[state].get(symbol)
        ways[symbol] = target
        self.undo.append(lambda: _restore(ways, symbol, old))

    def _end(self, state: int, ends: bool) -> None:
        if ends and not self.tree.ends[state]:
            self.tree.ends[state] = True
            self.undo.append(lambda: self.tree.ends.__setitem__(state, False))

    def _hang(self, state: int, parent: int, symbol: int) -> None:
        old = self.tree.before[state]
        self.tree.before[state] = (parent, symbol)
        self.undo.append(lambda: self.tree.before.__setitem__(state, old))


def _covers(known: frozenset[tuple[int, ...]], new: frozenset[tuple[int, ...]]) -> bool:
    """Whether nothing in `new` is new. That nothing follows at all is like nothing else."""
    return known == new if new == {(_END,)} else new <= known


def _restore(ways: dict[int, int], symbol: int, old: int | None) -> None:
    if old is None:
        del ways[symbol]
    else:
        ways[symbol] = old


def _pruned(made: Automaton, passing: Sequence[Word], failing: Sequence[Word], support: int) -> Automaton:
    """Without the ways that few runs went, and the runs that went them; until every way that is left has its support."""
    while any(t.runs < support for t in made.transitions):
        kept: list[dict[Symbol, int]] = [{} for _ in made.states]
        for t in made.transitions:
            if t.runs >= support:
                kept[t.source][t.symbol] = t.target
        made = _reached(measured(kept, passing, made.abstraction, made.tail, failing), passing, failing)
    return made


def _reached(made: Automaton, passing: Sequence[Word], failing: Sequence[Word]) -> Automaton:
    """The automaton without the states that no run reaches any more."""
    places = [START, *(s for s, state in enumerate(made.states) if state.runs and s != START)]
    number = {state: index for index, state in enumerate(places)}
    ways = [{w.symbol: number[w.target] for w in made.ways[s].values()} for s in places]
    return measured(ways, passing, made.abstraction, made.tail, failing)
