"""What is remembered of each run, and of its session, where rules meet."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeAlias

import attrs

from wfcheck.checker.replay.bits import Bits
from wfcheck.checker.replay.past import Past, RunPast
from wfcheck.checker.replay.reader import Counts
from wfcheck.checker.replay.tallies import Tally

Scope = tuple[str, str]


@attrs.define(eq=False)
class Totals:
    """What limits of one run or session count, by the number of the rule: by keys, and where there are none."""

    keyed: dict[int, dict[Hashable, Tally]] = attrs.field(factory=dict)
    single: dict[int, Tally] = attrs.field(factory=dict)


Kept: TypeAlias = tuple[Past, Bits, Totals]
"""What is remembered of a session."""


@attrs.define(eq=False)
class Place:
    """What is remembered of one run, and of its session. `scope`, `whole_scope`: how order rules name them; `run_group`,
    `session_group`: how limits do. `counted`, `totals`: what limits of the run, and of the session, count."""

    past: Past
    run: RunPast
    bits: Bits
    whole: Bits
    counts: Counts
    session: Counts
    scope: Scope
    whole_scope: Scope
    run_group: Hashable
    session_group: Hashable
    totals: Totals
    counted: Totals = attrs.field(factory=lambda: Totals())

    @staticmethod
    def of(session: str, run: str, kept: Kept, counts: Counts, session_counts: Counts) -> Place:
        """Of a run that begins; `kept` is its session's."""
        past, whole, totals = kept
        return Place(
            past, past.of_run(run), Bits(), whole, counts, session_counts, (session, run), (session, ""),
            (("run", session, run),), (("session", session),), totals,
        )  # fmt: skip
