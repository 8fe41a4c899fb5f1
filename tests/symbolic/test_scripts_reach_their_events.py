"""A model of mode Unroll is a script: the interpreter makes the very call, and sees no tag that the model lacks."""

from __future__ import annotations

from collections import Counter

from symbolic.random_programs import sample

from wfcheck.checker.reference.codec import decode as decode_json
from wfcheck.checker.reference.interpreter import run
from wfcheck.checker.reference.oracle import ScriptedOracle
from wfcheck.checker.reference.values import plain
from wfcheck.checker.symbolic.constants import decode
from wfcheck.checker.symbolic.execution import Execution, SymbolicEvent, Unroll, execute, script
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core
from wfcheck.solver.backend import solve
from wfcheck.solver.evaluate import Model, evaluate
from wfcheck.solver.verdict import Sat, Unknown


def _outcome(execution: Execution, at: SymbolicEvent, tags: list[str]) -> str:
    answer = solve(at.guard, execution.assumptions)
    if not isinstance(answer, Sat):
        return "unknown" if isinstance(answer, Unknown) else "unreachable"
    done = run(execution.program, execution.workflow, ScriptedOracle(script(execution, answer.model)))
    tool = execution.program.tools[at.tool or ""]
    wanted = {p.name: decode(at.arguments[p.name], p.type, answer.model) for p in tool.parameters}
    made = [e for e in done.events if _is_at(e, at) and _given(e, tool) == wanted]
    if not made:
        return "missed" if execution.exact else "abstracted"
    return "reached" if any(_labelled(e, at, tags, answer.model) for e in made) else "labels too small"


def _is_at(event: Event, at: SymbolicEvent) -> bool:
    line = event.source.line if event.source else 0
    return event.kind == "call" and event.tool == at.tool and line == at.span.line


def _given(event: Event, tool: core.Tool) -> dict[str, core.Value]:
    return {p.name: plain(decode_json(event.arguments.get(p.name), p.type)) for p in tool.parameters}  # type: ignore[misc]


def _labelled(event: Event, at: SymbolicEvent, tags: list[str], model: Model) -> bool:
    return all(
        evaluate(at.taints[name][tags.index(label)], model, guess=True)
        for name, labels in (event.argument_labels or {}).items()
        for label in labels
        if label in tags
    )


def test_every_reachable_call_is_reached() -> None:
    found: Counter[str] = Counter()
    for seed in range(40):
        program, workflow, labelling = sample(seed)
        tags = list(program.tags)
        queries = tuple(labelling.table.mask((tag,)) for tag in tags)
        execution = execute(program, workflow, labelling, queries, mode=Unroll())
        for at in execution.events:
            if at.kind == "call":
                outcome = _outcome(execution, at, tags)
                assert outcome not in ("missed", "labels too small"), (seed, at.site, outcome)
                found[outcome] += 1
    assert found["unknown"] == 0
    assert found["reached"] > 5 * found["abstracted"]
