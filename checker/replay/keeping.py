"""What is kept of what the rules find in one trace: the breaches that are listed, and the first reason why nothing is settled."""

from __future__ import annotations

from bisect import insort

import attrs

from wfcheck.checker.replay.finding import Finding

BREAKS = 1_000
"""So many breaches of one rule in one trace are listed, the first ones; all are counted."""
NOTED = 100_000
"""So many departures, and so many broken assumptions, of one trace are listed."""


@attrs.define
class Kept:
    """Of one rule. `broken`: in the order of the events. `gap`: the first finding that the record does not settle it."""

    broken: list[Finding] = attrs.field(factory=list)
    count: int = 0
    gap: Finding | None = None

    def add(self, finding: Finding) -> bool:
        """Take in a finding; whether it is listed."""
        if finding.verdict == "insufficient":
            self.gap = self.gap or finding
            return False
        self.count += 1
        if len(self.broken) >= BREAKS:
            if finding.index >= self.broken[-1].index:
                return False
            self.broken.pop()
        insort(self.broken, finding, key=lambda f: f.index)
        return True
