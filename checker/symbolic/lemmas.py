"""Invariants of loops: which of those that are written hold wherever a round may start.

All are assumed at the heads of their loops and asked of entry and body; one that is not proved is dropped, until those left prove
each other (Flanagan and Leino, *Houdini*, FME 2001). That is sound by induction on the length of a run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

import attrs

from wfcheck.checker.encoding.encode import condition
from wfcheck.checker.encoding.encoded import Notes
from wfcheck.checker.labels.analysis import Labelling
from wfcheck.checker.symbolic.execution import Execution, execute
from wfcheck.checker.symbolic.records import LEMMA, Duty
from wfcheck.checker.symbolic.state import Over
from wfcheck.dsl import core
from wfcheck.dsl.core import NodeId
from wfcheck.dsl.walk import statements
from wfcheck.solver import build as b
from wfcheck.solver import verdict as solver
from wfcheck.solver.term import Term

Name = tuple[NodeId, str]
Solve: TypeAlias = Callable[[Term, Sequence[tuple[str, Term]], solver.Limits | None], solver.Answer]


@attrs.frozen
class Lemmas:
    """`proved`: invariants by loop and name. `rests`: by loop, what the proofs of its invariants rest on."""

    proved: frozenset[Name] = frozenset()
    rests: Mapping[NodeId, tuple[str, ...]] = attrs.field(factory=dict)

    def rest_on(self, names: Iterable[str]) -> tuple[str, ...]:
        """Names of assumptions, with what lemmas rest on in the place of lemmas."""
        found: dict[str, None] = {}
        for name in names:
            lemma = name.startswith(LEMMA)
            found |= dict.fromkeys(self.rests.get(name.removeprefix(LEMMA), ()) if lemma else (name,))
        return tuple(sorted(found))


def broken(duty: Duty, notes: Notes) -> Term:
    """True iff the contract is not true where it has to be."""
    return b.and_(duty.guard, b.not_(condition(duty.contract.condition, duty.names, notes).certain))


def find(
    program: core.Program, workflow: core.Workflow, labelling: Labelling, seconds: float, solve: Solve
) -> Lemmas:
    """The invariants of the workflow that prove each other, within the time."""
    names = frozenset(
        (s.id, c.name) for s in statements(workflow.body) if isinstance(s, core.While) for c in s.invariants
    )
    deadline = time.monotonic() + seconds
    while names and time.monotonic() < deadline:
        execution = execute(program, workflow, labelling, mode=Over(), lemmas=names)
        cores = _kept(execution, names, deadline, solve)
        if len(cores) == len(names):
            return Lemmas(names, _rests(cores))
        names = frozenset(cores)
    return Lemmas()


def _kept(
    execution: Execution, names: frozenset[Name], deadline: float, solve: Solve
) -> dict[Name, tuple[str, ...]]:
    """The invariants that hold at entry and are preserved, with what that rests on."""
    notes = Notes(execution.program, prefix="lemma.")
    found: dict[Name, tuple[str, ...]] = {}
    for name in sorted(names):
        duties = [d for d in execution.records.duties if (d.node, d.contract.name) == name]
        limits = solver.Limits(seconds=max(0.1, deadline - time.monotonic()))
        answer = solve(b.or_(*(broken(d, notes) for d in duties)), execution.assumptions, limits)
        if isinstance(answer, solver.Unsat):
            found[name] = answer.core
    return found


def _rests(cores: Mapping[Name, tuple[str, ...]]) -> dict[NodeId, tuple[str, ...]]:
    """Lemmas that rest on lemmas rest on what those rest on."""
    by_loop: dict[NodeId, set[str]] = {}
    for (loop, _), core_names in cores.items():
        by_loop.setdefault(loop, set()).update(core_names)
    loops = {
        loop: {n.removeprefix(LEMMA) for n in used if n.startswith(LEMMA)} for loop, used in by_loop.items()
    }
    plain = {loop: {n for n in used if not n.startswith(LEMMA)} for loop, used in by_loop.items()}
    for _ in by_loop:
        for loop, others in loops.items():
            plain[loop] |= {name for other in others for name in plain.get(other, ())}
    return {loop: tuple(sorted(used)) for loop, used in plain.items()}
