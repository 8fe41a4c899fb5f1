"""Mode Over admits every call of every run: the same place, the same arguments, and every tag that the run saw."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from symbolic.random_programs import calls, sample

from wfcheck.checker.reference.codec import decode
from wfcheck.checker.reference.values import plain
from wfcheck.checker.symbolic import loops as symbolic_loops
from wfcheck.checker.symbolic import regions as symbolic_regions
from wfcheck.checker.symbolic.constants import lift
from wfcheck.checker.symbolic.execution import Execution, execute
from wfcheck.checker.symbolic.state import Walk
from wfcheck.checker.symbolic.taint import CLEAN
from wfcheck.checker.symbolic.value import equal
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core
from wfcheck.solver import build as b
from wfcheck.solver.backend import solve
from wfcheck.solver.term import Term
from wfcheck.solver.verdict import Sat


def _admits(program: core.Program, execution: Execution, tags: list[str], event: Event) -> bool:
    line = event.source.line if event.source else 0
    found = [
        _same(program, at, tags, event)
        for at in execution.events
        if at.kind == "call" and at.certain and at.tool == event.tool and at.span.line == line
    ]
    return isinstance(solve(b.or_(*found), execution.assumptions), Sat)


def _same(program: core.Program, at: object, tags: list[str], event: Event) -> Term:
    tool = program.tools[event.tool or ""]
    parts = [at.guard]  # type: ignore[attr-defined]
    for parameter in tool.parameters:
        value = plain(decode(event.arguments[parameter.name], parameter.type))
        parts.append(equal(at.arguments[parameter.name], lift(value, parameter.type)))  # type: ignore[attr-defined]
    for name, labels in (event.argument_labels or {}).items():
        taints = at.taints[name]  # type: ignore[attr-defined]
        parts += [taints[tags.index(label)] for label in labels if label in tags]
    return b.and_(*parts)


def _uncovered(seeds: range, runs: int = 2) -> Iterator[str]:
    for seed in seeds:
        program, workflow, labelling = sample(seed)
        tags = list(program.tags)
        queries = tuple(labelling.table.mask((tag,)) for tag in tags)
        execution = execute(program, workflow, labelling, queries)
        for event in calls(program, workflow, iter(range(seed * 10, seed * 10 + runs))):
            if not _admits(program, execution, tags, event):
                yield f"seed {seed}: {event.tool} at line {event.source.line if event.source else 0}"


def test_every_call_of_every_run_is_admitted() -> None:
    assert list(_uncovered(range(40))) == []


def _no_mask(*_: object) -> dict[Term, int]:
    return CLEAN  # type: ignore[return-value]


MUTANTS = {
    "the control label is dropped": (Walk, "pc", property(_no_mask)),
    "the arm not taken does not count": (symbolic_regions, "under", _no_mask),
    "a loop keeps its variables": (symbolic_loops, "bound_types", lambda _program, _block: {}),
    "a failed attempt is forgotten": (symbolic_regions, "_attempts", lambda _walk, _statement: []),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_wrong_execution_is_noticed(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, replacement = MUTANTS[mutant]
    monkeypatch.setattr(owner, name, replacement)
    assert next(_uncovered(range(120)), None) is not None
