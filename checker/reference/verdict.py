"""What a rule says of recorded events."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from wfcheck.checker.reference.evaluate import Truth
from wfcheck.checker.reference.values import Unknown


@attrs.frozen
class Verdict3:
    """`broken`: indices of the events at which the rule is broken for sure, ascending, each once. `unknown`: indices at which
    it may be, with the reason; index None concerns the whole."""

    broken: tuple[int, ...] = ()
    unknown: tuple[tuple[int | None, str], ...] = ()

    @property
    def holds(self) -> bool:
        """Nothing is broken and nothing open."""
        return not self.broken and not self.unknown


def undecided(reason: str) -> Verdict3:
    """Nothing can be said."""
    return Verdict3((), ((None, reason),))


def collect(findings: Iterable[tuple[int, Truth]]) -> Verdict3:
    """The verdict of `(index, broken there)` pairs."""
    broken: set[int] = set()
    unknown: dict[int | None, str] = {}
    for index, truth in findings:
        if truth is True:
            broken.add(index)
        elif isinstance(truth, Unknown):
            unknown.setdefault(index, truth.reason)
    return Verdict3(tuple(sorted(broken)), tuple((i, r) for i, r in unknown.items() if i not in broken))
