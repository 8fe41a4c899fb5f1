"""Z3 and cvc5 on the conditions of invariants: do they ever disagree?

    python bench/two_solvers.py [--systems 100] [--seed 1]

The conditions are those of random systems under the invariants that were found for them, and under these invariants made wrong (a
conjunct dropped, negated or strengthened). Exits with 1 if the solvers contradict each other."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from generators.random_systems import Maker
from generators.transition_systems import SAFE

from wfcheck.solver import build as b
from wfcheck.solver import second
from wfcheck.solver.backend import solve
from wfcheck.solver.invariants.prove import Proof, prove
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import App, Term
from wfcheck.solver.transition import Condition, Invariant, System, conditions
from wfcheck.solver.verdict import Sat, Unsat


def invariants(system: System, dice: Random) -> Iterator[Invariant]:
    """The one that was found, if any, and wrong ones."""
    found = prove(system, seconds=10.0)
    base = dict(found.invariant) if isinstance(found, Proof) else {}
    yield base
    for place in (p for p, variables in system.variables.items() if variables):
        for _ in range(4):
            clause = b.or_(_atom(system, place, dice), _atom(system, place, dice))
            yield {**base, place: b.and_(_changed(base.get(place, b.TRUE), dice), clause)}


def _atom(system: System, place: str, dice: Random) -> Term:
    """A literal, or a comparison of numbers."""
    chosen = dice.choice([*system.variables[place], *system.rigid])
    if chosen.sort is Sort.BOOL:
        return dice.choice([chosen, b.not_(chosen)])
    same = [s for s in (*system.variables[place], *system.rigid) if s.sort is chosen.sort]
    if chosen.sort is Sort.INT:
        return b.le(chosen, dice.choice([*same, b.integer(dice.randint(-2, 5))]))
    return b.eq(chosen, dice.choice(same))


def _changed(formula: Term, dice: Random) -> Term:
    parts = list(formula.args) if isinstance(formula, App) and formula.op == "and" else [formula]
    place = dice.randrange(len(parts))
    parts[place] = dice.choice([b.TRUE, b.not_(parts[place]), parts[place]])
    return b.and_(*parts)


def asked(systems: int, seed: int) -> Iterator[Condition]:
    """The conditions, none twice."""
    dice, seen = Random(seed), set[tuple[Term, tuple[tuple[str, Term], ...]]]()
    random = [Maker(seed * 10_000 + i, counters=i % 3 > 0).system() for i in range(systems)]
    for system in (*SAFE.values(), *random):
        for invariant in invariants(system, dice):
            for condition in conditions(system, invariant):
                key = (condition.formula, condition.assumptions)
                if condition.formula is not b.FALSE and key not in seen:
                    seen.add(key)
                    yield condition


def compared(systems: int, seed: int) -> Counter[str]:
    """How often each pair of answers was given."""
    found: Counter[str] = Counter()
    for condition in asked(systems, seed):
        answer = solve(condition.formula, condition.assumptions)
        first = "sat" if isinstance(answer, Sat) else "unsat" if isinstance(answer, Unsat) else "unknown"
        found[f"{first} {second.check(condition.formula, condition.assumptions).status}"] += 1
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the counts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--systems", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    found = compared(chosen.systems, chosen.seed)
    print("| Z3 | cvc5 | conditions |\n|---|---|---:|")
    for pair, count in sorted(found.items()):
        print(f"| {pair.replace(' ', ' | ')} | {count} |")
    return int(found["sat unsat"] + found["unsat sat"] > 0)


if __name__ == "__main__":
    sys.exit(main())
