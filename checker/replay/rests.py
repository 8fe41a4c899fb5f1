"""What the proof of a rule rests on, as far as a replay needs to know it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

import attrs

from wfcheck.solver import cores as sets

ALWAYS = frozenset({"complete-mediation"})


@attrs.frozen
class Rests:
    """`proved`: the rule is proved of every workflow in its scope. `core`: the assumptions of the listed proof, `cores`: those of each
    proof that was found, without complete mediation, which is in all of them."""

    proved: bool
    core: frozenset[str] = frozenset()
    cores: tuple[frozenset[str], ...] = ()

    def names(self) -> frozenset[str]:
        """Everything that the listed proof takes for granted."""
        return self.core | ALWAYS

    def layers(self, broken: Iterable[str]) -> int:
        """How many more assumptions must fail before no proof is left, after those that broke."""
        gone = frozenset(broken)
        if gone & ALWAYS:
            return 0
        left = [core for core in self.cores or (self.core,) if not core & gone]
        if not left:
            return 0
        return sets.depth(left).at_least or len(left)


Proofs: TypeAlias = Callable[[str], Rests | None]
"""What is known of the proof of the rule of that name; None: nothing."""


def unproved(rule: str) -> Rests | None:
    """Nothing is known of any rule."""
    del rule
    return None
