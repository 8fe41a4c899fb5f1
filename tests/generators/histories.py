"""What happens in sessions of random runs, with a clock: one run or several, one after another or interleaved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TypeAlias

import attrs
from msgspec.structs import replace
from product.brute import Small

from wfcheck.checker.reference.interpreter import run_sessions
from wfcheck.checker.reference.machine import NotARunError
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core

Told: TypeAlias = list[tuple[str, Event]]
"""Events in their order, each with the workflow that ran."""

START = datetime(2024, 1, 1, tzinfo=UTC)
FUEL = 80


@attrs.frozen
class Clocked(Small):
    """`gap`: seconds between two events."""

    gap: float = 1.0

    def moment(self, index: int) -> datetime:
        """The clock."""
        return START + index * timedelta(seconds=self.gap)


def histories(program: core.Program, scope: Sequence[str], seeds: range) -> Iterator[Told]:
    """A history of each seed for which the oracle stays in the model."""
    for seed in seeds:
        try:
            yield history(program, scope, Random(seed), seed)
        except NotARunError:
            continue


def history(program: core.Program, scope: Sequence[str], random: Random, seed: int) -> Told:
    """One to three runs, mostly of one session. Runs that recall something are not interleaved: it would be there too early."""
    chosen = _chosen(program, scope, random)
    failures, gap = random.choice([0.0, 0.2, 0.5]), random.choice([0.2, 1.0, 5.0])
    entries = [(program.workflows[w], Clocked(seed * 7 + i, failures, gap)) for i, w in enumerate(chosen)]
    sessions = [f"s{i}" if random.random() < 0.2 else "s" for i in range(len(entries))]
    done = run_sessions(program, entries, sessions=sessions, fuel=FUEL)
    told = [[(name, event) for event in run.events] for name, run in zip(chosen, done.runs, strict=True)]
    apart = any(event.kind == "recall" for event in done.events) or random.random() < 0.5
    return _told([item for run in told for item in run] if apart else _mixed(random, told))


def _chosen(program: core.Program, scope: Sequence[str], random: Random) -> list[str]:
    chosen: list[str] = []
    for _ in range(random.choice([1, 1, 2, 3])):
        name = random.choice(list(scope))
        if name not in chosen or not program.workflows[name].once_per_session:
            chosen.append(name)
    return chosen


def _mixed(random: Random, runs: list[Told]) -> Told:
    left = [list(run) for run in runs if run]
    found: Told = []
    while left:
        found.append(random.choice(left).pop(0))
        left = [run for run in left if run]
    return found


def _told(events: Told) -> Told:
    """Numbered in their order; time goes by."""
    times = sorted(event.time or "" for _, event in events)
    pairs = zip(events, times, strict=True)
    return [(name, replace(event, seq=place, time=at)) for place, ((name, event), at) in enumerate(pairs)]
