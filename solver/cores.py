"""Sets of assumptions that suffice for a proof (cores): enumeration, single points of failure, defence depth.

Cores and the sets of failures that end a proof are each other's minimal hitting sets (Reiter, A theory of diagnosis from first
principles, 1987). So enumeration asks what no known core survives: it finds the next core, or that none is left (Liffiton et al., Fast,
flexible MUS enumeration, 2016)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Literal, TypeAlias

import attrs

Names: TypeAlias = frozenset[str]
Answer: TypeAlias = Names | Literal["insufficient", "undecided"]
Oracle: TypeAlias = Callable[[Names], Answer]
"""Given names: those of them that a proof used, or that they do not suffice, or that this is not known."""

_MOST_SETS = 2_000
_MOST_STEPS = 200_000


@attrs.frozen
class Depth:
    """The fewest assumptions that must fail together to end every known proof; None: no failure does. `exact` is False where
    the search was cut off; `at_least` is then a lower bound. `together`: such a set (empty if none, or if not exact)."""

    at_least: int | None
    exact: bool
    together: tuple[str, ...]


@attrs.frozen
class Cores:
    """`found`: minimal cores, smallest first. `complete`: there is no other. `minimised`: no member of `found` is known to be
    superfluous. `depth` counts every core, found or not: exact only if the set `depth.together` was seen to end all proofs."""

    found: tuple[tuple[str, ...], ...]
    complete: bool
    minimised: bool
    depth: Depth

    @property
    def single_points(self) -> tuple[str, ...]:
        """The assumptions that are in every core found; there may be fewer if the enumeration is not complete."""
        return single_points(self.found)


def single_points(cores: Iterable[Collection[str]]) -> tuple[str, ...]:
    """The names that are in every core, sorted; none if there is no core."""
    sets = [frozenset(core) for core in cores]
    return tuple(sorted(frozenset.intersection(*sets))) if sets else ()


def smallest(cores: Iterable[Collection[str]]) -> tuple[Names, ...]:
    """The cores that contain no other core, smallest first, then in alphabetical order."""
    kept: list[Names] = []
    for core in sorted({frozenset(c) for c in cores}, key=order):
        if not any(other <= core for other in kept):
            kept.append(core)
    return tuple(kept)


def order(names: Collection[str]) -> tuple[int, list[str]]:
    """Sorts sets of names: by size, then alphabetically."""
    return len(names), sorted(names)


def depth(cores: Iterable[Collection[str]], steps: int = _MOST_STEPS) -> Depth:
    """The size of a smallest set that meets every core. No core at all: nothing was proved, so nothing has to fail (0)."""
    sets = smallest(cores)
    if sets and not sets[0]:
        return Depth(None, True, ())
    budget = [steps]
    size = _disjoint(sets)
    while budget[0] > 0:
        found = _hit(sets, size, budget)
        if found is not None:
            return Depth(size, True, tuple(sorted(found)))
        if budget[0] > 0:
            size += 1
    return Depth(size, False, ())


def _disjoint(sets: Iterable[Names]) -> int:
    """How many of them, picked greedily, have no name in common: so many names are needed at least."""
    used: set[str] = set()
    count = 0
    for core in sets:
        if used.isdisjoint(core):
            used |= core
            count += 1
    return count


def _hit(sets: tuple[Names, ...], size: int, budget: list[int]) -> Names | None:
    """At most `size` names that meet all of the sets; None if there are none, or if the budget ran out (it is then 0)."""
    stack: list[tuple[Names, tuple[Names, ...]]] = [(frozenset(), sets)]
    while stack and budget[0] > 0:
        budget[0] -= 1
        chosen, left = stack.pop()
        if not left:
            return chosen
        if len(chosen) + _disjoint(left) <= size:
            for name in sorted(left[0], reverse=True):
                stack.append((chosen | {name}, tuple(core for core in left if name not in core)))
    return None


def enumerate_cores(names: Iterable[str], oracle: Oracle, *, most: int = 16, questions: int = 200) -> Cores:
    """The minimal sets of names that suffice, found with at most so many questions; what is not found is said.

    The oracle is taken to be monotone: more names suffice where fewer did. It may cut the budget short by answering `undecided`."""
    search = _Search(frozenset(names), oracle, questions)
    whole = search.asked(search.names)
    if isinstance(whole, str):
        return Cores((), whole == "insufficient", True, Depth(0, whole == "insufficient", ()))
    search.add(whole)
    while len(search.cores) < most and search.step():
        pass
    return search.result()


class _Search:
    """`cutting`: the minimal sets that meet every core found, while they are few. `ending`: those seen to end every proof."""

    def __init__(self, names: Names, oracle: Oracle, questions: int) -> None:
        self.names, self.oracle, self.left = names, oracle, questions
        self.cores: list[Names] = []
        self.cutting: list[Names] = [frozenset()]
        self.ending: set[Names] = set()
        self.complete = self.minimised = True

    def asked(self, names: Names) -> Names | Literal["insufficient", "undecided"]:
        if self.left <= 0:
            return "undecided"
        self.left -= 1
        answer = self.oracle(names)
        return answer & names if isinstance(answer, frozenset) else answer

    def add(self, core: Names) -> None:
        core = self.shrunk(core)
        self.cores.append(core)
        met = [cut for cut in self.cutting if cut & core]
        grown = (cut | {name} for cut in self.cutting if not cut & core for name in core)
        self.cutting = met + [cut for cut in set(grown) if not any(other <= cut for other in met)]
        self.cutting.sort(key=order)
        if len(self.cutting) > _MOST_SETS:
            self.cutting, self.complete = self.cutting[:_MOST_SETS], False

    def shrunk(self, core: Names) -> Names:
        for name in sorted(core):
            answer = self.asked(core - {name}) if name in core else "insufficient"
            if isinstance(answer, frozenset):
                core = answer
            elif answer == "undecided":
                self.minimised = False
        return core

    def step(self) -> bool:
        """Whether another core was found."""
        for cut in self.cutting:
            if cut in self.ending:
                continue
            answer = self.asked(self.names - cut)
            if isinstance(answer, frozenset):
                self.add(answer)
                return True
            if answer == "undecided":
                self.complete = False
                return False
            self.ending.add(cut)
        return False

    def result(self) -> Cores:
        found = smallest(self.cores)
        known = depth(found)
        exact = known.at_least is None or (known.exact and self.ends(known))
        together = self.first_ending(known) if exact else ()
        done = self.complete and all(cut in self.ending for cut in self.cutting)
        return Cores(
            tuple(tuple(sorted(core)) for core in found),
            done or known.at_least is None,
            self.minimised,
            Depth(known.at_least, exact, together),
        )

    def ends(self, known: Depth) -> bool:
        return any(len(cut) == known.at_least for cut in self.ending)

    def first_ending(self, known: Depth) -> tuple[str, ...]:
        ends = [cut for cut in self.ending if len(cut) == known.at_least]
        return tuple(sorted(sorted(ends, key=order)[0])) if ends else ()
