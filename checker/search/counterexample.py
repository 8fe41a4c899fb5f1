"""The search for a concrete run that breaks a rule. Whatever is found was run on the reference interpreter."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, count
from typing import TypeAlias

import attrs

from wfcheck.checker import sharing
from wfcheck.checker.reference.interpreter import NotARunError, Sessions, run_sessions
from wfcheck.checker.reference.minimal import NoValueError
from wfcheck.checker.result import Witness
from wfcheck.checker.search import sessions
from wfcheck.checker.search.candidates import Pool, pool
from wfcheck.checker.search.exploration import Explorer, Key, Script
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core
from wfcheck.dsl.walk import statements

RUNS = 250
WORK = 20_000
"""How many runs, and how much judging (it is quadratic in the events of a run), one search may spend: counted, so that it ends the
same way every time."""
FUEL = 300
CHILDREN = 60
SWEEPS = 20

Judge: TypeAlias = Callable[[Sessions], int | None]
"""The index of the event that breaks the rule in the last run, if any."""


@attrs.frozen(slots=False)
class Search:
    """What one search is about. `entries`: workflows run one after another over shared stores; the last is judged.
    `failing`: failures matter, even where nothing handles them."""

    program: core.Program
    entries: tuple[core.Workflow, ...]
    judge: Judge
    pool: Pool
    ends: tuple[core.FlowEnd, ...]
    explicit: bool
    failing: bool = False

    def attempt(self, script: Script) -> tuple[Sessions | None, dict[Key, list[object]]]:
        """One run on the script (None: it is no run of the model), and what else could have been answered."""
        oracles = [self._oracle(script, number) for number in range(len(self.entries))]
        try:
            done = run_sessions(
                self.program,
                list(zip(self.entries, oracles, strict=True)),
                sessions=sessions.names(self.entries),
                explicit=self.explicit,
                ends=self.ends,
                fuel=self.fuel,
            )
        except (NotARunError, NoValueError):
            return None, {}
        asked: dict[Key, list[object]] = {}
        for oracle in oracles:
            asked |= oracle.asked
        return done, asked

    @property
    def fuel(self) -> int:
        """Enough to come to the end of every workflow, and for a few rounds of its loops."""
        return FUEL + 2 * sum(len(list(statements(w.body))) for w in self.entries)

    def _oracle(self, script: Script, number: int) -> Explorer:
        fails = self.failing or any(isinstance(s, core.Retry) for s in statements(self.entries[number].body))
        return Explorer(script, self.pool, self.program, number, fails)


def find(search: Search, starts: Iterable[Script], deadline: float) -> tuple[Script, Witness] | None:
    """The first breaking run: scripts with few answers of their own first, children of runs that showed something new.

    Deterministic but for the deadline (`time.monotonic`)."""
    order = count()
    queue: list[tuple[int, int, Script]] = [(0, next(order), s) for s in ({}, *starts)]
    heapq.heapify(queue)
    seen: set[tuple[object, ...]] = set()
    tried = work = 0
    while queue and tried < RUNS and work < WORK and time.monotonic() < deadline:
        cost, _, script = heapq.heappop(queue)
        tried += 1
        done, asked = search.attempt(script)
        if done is None:
            continue
        work += len(done.events) + len(done.events) ** 2 // 10
        if (witness := confirmed(search, done)) is not None:
            return script, witness
        if (shape := _shape(done)) not in seen:
            seen.add(shape)
            for child in children(script, asked, search.entries):
                heapq.heappush(queue, (cost + 1, next(order), child))
    return None


def confirmed(search: Search, done: Sessions) -> Witness | None:
    """The run as a witness, if it breaks the rule without having left the model before."""
    index = search.judge(done)
    if index is None:
        return None
    left = [b.index for r in done.runs for b in r.breaches if b.rule == "assumption"]
    if any(broken <= index for broken in left):
        return None
    return Witness(done.events, index)


def children(
    script: Script, asked: dict[Key, list[object]], entries: Sequence[core.Workflow]
) -> Iterator[Script]:
    """The script with one more answer of its own, each; last those that stay with it for a while."""
    answers = [(key, answer) for key, alternatives in asked.items() for answer in alternatives][:CHILDREN]
    yield from ({**script, key: answer} for key, answer in answers)
    for key, answer in answers[:SWEEPS]:
        longer = sessions.swept(script, key, answer, entries)
        if longer is not None:
            yield longer


def _shape(done: Sessions) -> tuple[object, ...]:
    return tuple(_trait(event) for event in done.events)


def _trait(event: Event) -> tuple[object, ...]:
    line = event.source.line if event.source is not None else 0
    labels = event.argument_labels or {}
    return (
        event.kind,
        event.tool,
        line,
        event.decision,
        tuple(sorted((n, tuple(v)) for n, v in labels.items())),
    )


def search_runs(
    program: core.Program,
    workflow: core.Workflow,
    rule: core.Rule | None,
    judge: Judge,
    *,
    ends: tuple[core.FlowEnd, ...] = (),
    explicit: bool = False,
    seconds: float = 5.0,
    starts: Iterable[Script] = (),
) -> Witness | None:
    """A breaking run of the workflow: alone first, then after one earlier run of each workflow that shares a store with it."""
    answers = pool(program, rule)
    failing = rule is not None and _about_failures(rule)
    alone = Search(program, (workflow,), judge, answers, ends, explicit, failing)
    for script in starts:
        done, _ = alone.attempt(script)
        if done is not None and (witness := confirmed(alone, done)) is not None:
            return witness
    counts = rule is not None and isinstance(rule.body, core.Limit | core.Always)
    again = sessions.persistent(alone.entries, program) if counts else ()
    found = find(alone, again, time.monotonic() + seconds)
    if found is not None:
        return found[1]
    for earlier in chain(_in_session(program, workflow, rule), _earlier(program, workflow)):
        after = Search(program, (*earlier, workflow), judge, answers, ends, explicit, failing)
        again = () if rule is None else sessions.persistent(after.entries, program)
        found = find(after, again, time.monotonic() + seconds)
        if found is not None:
            return found[1]
    return None


def _in_session(
    program: core.Program, workflow: core.Workflow, rule: core.Rule | None
) -> Iterator[tuple[core.Workflow, ...]]:
    if rule is not None and sessions.looks_back(rule, program):
        yield from sessions.earlier(program, workflow, rule)


def _about_failures(rule: core.Rule) -> bool:
    return any(
        choice.kind == "fail" for pattern in sessions.patterns(rule.body) for choice in pattern.choices
    )


def _earlier(program: core.Program, workflow: core.Workflow) -> Iterator[tuple[core.Workflow, ...]]:
    """Workflows (itself among them) whose writes this one reads, one at a time; then all that reach it, farthest first."""
    read = sharing.reads(program, workflow)
    for other in program.workflows.values():
        if read & sharing.writes(program, other):
            yield (other,)
    chain = sharing.reaching(program, workflow)[1:]
    if len(chain) > 1:
        yield tuple(reversed(chain))
